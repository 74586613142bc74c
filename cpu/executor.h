// SPDX-License-Identifier: Apache-2.0
//
// The interpreter of decoded operations: which handler does which operation. A handler does one
// instruction and goes on to the next of its block by a tail call; the last one of a block, and any
// that finds that something needs attention, returns to the run loop.
//
// Handlers come in groups, a file each in cpu/execute; a group offers one function that gives the
// handler of an operation, or none where the operation is not of its kind.
#pragma once

#include "cpu/operation.h"

namespace sb::cpu {

struct Binding {
    Handler run = nullptr;
    bool ends = false;  // the block: it may change EIP, the mode, or what is allowed
};

Binding bind_arithmetic(const Operation& op);
Binding bind_shift(const Operation& op);
Binding bind_multiply(const Operation& op);
Binding bind_move(const Operation& op);
Binding bind_stack(const Operation& op);
Binding bind_bits(const Operation& op);
Binding bind_flow(const Operation& op);
Binding bind_string(const Operation& op);
Binding bind_port(const Operation& op);
Binding bind_x87(const Operation& op);
Binding bind_system(const Operation& op);
Binding bind_identify(const Operation& op);

/// The handler of an operation; for what the processor lacks, one that says so and raises #UD.
Binding bind(const Operation& op);
/// Raises the exception whose vector is in `imm`: code that can not be decoded.
Handler raise_fault();
/// Leaves the block after the operation before it.
Handler end_of_block();

}  // namespace sb::cpu
