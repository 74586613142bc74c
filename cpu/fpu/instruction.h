// SPDX-License-Identifier: Apache-2.0
//
// The x87's instructions as a table over their eleven opcode bits: the low three of the first byte
// (D8 to DF) and the ModR/M byte. Source: Intel SDM volume 2, appendix A, tables; the
// undocumented duplicates are those that every part since the 387 has.
#pragma once

#include "cpu/fpu/arithmetic.h"
#include "cpu/timing.h"

namespace sb::cpu::fpu {

enum class Kind : uint8_t {
    none,  // not an instruction of the x87
    arithmetic,
    arithmetic_memory,
    compare,  // with ST(i), ordered or not
    compare_memory,
    compare_flags,  // FCOMI and its kin
    change_sign,
    absolute,
    examine,
    unary,
    binary,
    split,
    constant,
    load,  // from memory
    load_register,
    store,  // to memory
    store_register,
    exchange,
    move_if,  // FCMOVcc
    free,
    increment,
    decrement,
    nop,
    // Control instructions, of which no address is remembered, from here on; and those that do not
    // look for a pending exception from the second on.
    load_control,
    load_environment,
    restore,
    initialize,
    clear,
    store_control,
    store_status,
    store_status_ax,
    store_environment,
    save,
    ignored,  // FENI, FDISI, FSETPM: of the 8087 and the 287
};

struct Instruction {
    Kind kind = Kind::none;
    uint8_t op = 0;  // Arithmetic, Unary, Binary, Split, Constant; 1: unordered, or without a look
                     // at the tag
    Format format = Format::none;
    uint8_t pops = 0;
    bool to_other = false;  // the result goes to ST(i)
    Row row = Row::count_;

    bool control() const { return kind >= Kind::load_control; }
    bool waits() const { return kind < Kind::initialize; }
    /// Its clocks depend on the precision control, and are charged as it runs.
    bool divides() const {
        return (kind == Kind::arithmetic || kind == Kind::arithmetic_memory) &&
               op >= static_cast<uint8_t>(Arithmetic::div);
    }
};

/// `opcode` has eleven bits.
const Instruction& instruction(uint32_t opcode);

}  // namespace sb::cpu::fpu
