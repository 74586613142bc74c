// SPDX-License-Identifier: Apache-2.0
//
// What handlers are made of. Four kinds, by how they go on: `next` for what touches registers
// only; `next_checked` after a memory access, which may have taken time, changed code or woken
// something; `within` for what spends clocks that depend on data; and `alone` for what needs the
// exact time, or ends the block in a way of its own.
#pragma once

#include <Zydis/Zydis.h>

#include "cpu/chain.h"
#include "cpu/executor.h"

namespace sb::cpu {

[[gnu::always_inline]] inline void next(Core& c, const Operation* op) { op[1].run(c, op + 1); }

[[gnu::always_inline]] inline void next_checked(Core& c, const Operation* op) {
    if (c.attention) [[unlikely]]
        return c.retire(op);
    op[1].run(c, op + 1);
}

/// Runs `Body` at its exact time and ends the block. Body sets next_eip where it is not the next
/// instruction, and may fault as long as it has changed nothing.
template <void (*Body)(Core&, const Operation*)>
void alone(Core& c, const Operation* op) {
    c.commit(op);
    c.next_eip = c.s.eip + op->length;
    Body(c, op);
    c.complete(op);
}

/// Runs `Body`, which may fault, and spend clocks beyond the operation's own, within its block.
template <void (*Body)(Core&, const Operation*)>
void within(Core& c, const Operation* op) {
    c.commit(op);
    Body(c, op);
    c.watch_limit();
    next_checked(c, op);
}

constexpr bool form_has_memory(Form f) {
    return f == Form::m || f == Form::rm || f == Form::mr || f == Form::mi || f == Form::rmi ||
           f == Form::mri;
}

/// Calls f with a value of the unsigned type that is `size` bytes long.
template <typename F>
Binding for_size(unsigned size, F&& f) {
    switch (size) {
        case 1:
            return f(uint8_t{});
        case 2:
            return f(uint16_t{});
        case 4:
            return f(uint32_t{});
        default:
            return {};
    }
}

}  // namespace sb::cpu
