// SPDX-License-Identifier: Apache-2.0
//
// The x87's instructions on its state: the register stack and its faults, which exceptions keep a
// result from being used, condition codes. Memory operands come and go as bytes; reaching memory,
// and what a pending exception does, is the processor's part (execute/x87.cpp).
//
// Source: Intel SDM volume 1, 8.1 to 8.5, and the instructions in volume 2.
#pragma once

#include "cpu/fpu/instruction.h"
#include "cpu/fpu/state.h"

namespace sb::cpu::fpu {

/// An instruction without a memory operand; `i` is its ST(i).
void execute(State& f, const Instruction& what, unsigned i);
/// One that reads its memory operand.
void execute_load(State& f, const Instruction& what, const Memory& m);
/// One that writes it: false where an unmasked exception keeps it from being written.
bool execute_store(State& f, const Instruction& what, Memory& m);
/// FCOMI and its kin: true where `conditions` (C3, C2, C0 as ZF, PF, CF) are to be taken.
bool execute_compare(State& f, const Instruction& what, unsigned i, uint16_t& conditions);
/// FCMOVcc.
void execute_move(State& f, unsigned i, bool condition);

}  // namespace sb::cpu::fpu
