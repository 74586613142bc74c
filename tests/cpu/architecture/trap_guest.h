// SPDX-License-Identifier: Apache-2.0
//
// A guest in which every exception ends the run and says what it was: vector, error code, where.
// Code runs at level 0 or 3, with paging or without; handlers run at level 0 on a stack of their
// own.
#pragma once

#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

namespace sb::test {

constexpr int no_fault = -1;

struct Trapped {
    int vector = no_fault;
    uint32_t error = 0;  // where the vector has one
    uint32_t eip = 0;    // that was pushed
    uint32_t cr2 = 0, eax = 0;
    bool shutdown = false;
};

class TrapGuest : public Guest {
  public:
    static constexpr uint32_t code = 0x1000, handlers = 0x9000, task_state = 0x5000;
    static constexpr uint32_t kernel_stack = 0x7000, user_stack = 0x7c00, directory = 0x200000,
                              table = 0x201000;
    // GDT: 1 and 2 flat at level 0, 3 and 4 flat at level 3, 5 the TSS; a test's own from 8 on.
    static constexpr uint16_t code3 = 0x1b, data3 = 0x23;

    explicit TrapGuest(const std::string& model = "486", unsigned level = 0) : Guest{model} {
        descriptor(3, 0, 0xfffff, 0xfb, 0xc);
        descriptor(4, 0, 0xfffff, 0xf3, 0xc);
        descriptor(5, task_state, 0x2fff, 0x8b, 0);
        at(task_state + 4).dword(kernel_stack).dword(0x10);
        at(task_state + 0x66).word(0x3000);  // the I/O map is beyond the limit
        for (unsigned v = 0; v < 64; ++v) {
            gate(v, handlers + 16 * v);
            at(handlers + 16 * v).hlt();
        }
        cpu::State& s = cpu.state();
        s.tr.selector = 0x28;
        s.tr.base = task_state;
        s.tr.limit = 0x2fff;
        s.tr.access = 0x8b;
        s.regs[cpu::esp] = kernel_stack;
        if (level == 3) {
            s.cpl = 3;
            s.regs[cpu::esp] = user_stack;
            for (unsigned n = 0; n < 6; ++n) {
                s.segments[n].selector = n == cpu::cs ? code3 : data3;
                s.segments[n].access |= 0x60;
            }
        }
    }
    /// All of memory mapped to itself for everybody.
    void page() {
        at(directory).dword(table | 7);
        for (uint32_t n = 0; n < 1024; ++n) at(table + 4 * n).dword(n << 12 | 7);
        cpu.state().cr3 = directory;
        cpu.state().cr0 |= cpu::cr0::pg;
    }
    static uint32_t entry_of(uint32_t linear) { return table + (linear >> 12) * 4; }

    Trapped go(const std::vector<uint8_t>& bytes) {
        at(code).bytes(bytes).hlt();
        const Outcome& outcome = run(code);
        Trapped t;
        const cpu::State& s = cpu.state();
        t.shutdown = outcome.kind == Outcome::Kind::shutdown;
        t.cr2 = s.cr2;
        t.eax = s.regs[cpu::eax];
        if (s.eip - handlers >= 64 * 16) return t;
        t.vector = static_cast<int>((s.eip - handlers) / 16);
        const bool has_error =
            t.vector == 8 || (t.vector >= 10 && t.vector <= 14) || t.vector == 17;
        const uint32_t frame = s.segments[cpu::ss].base + s.regs[cpu::esp];
        if (has_error) t.error = dword(frame);
        t.eip = dword(frame + (has_error ? 4 : 0));
        return t;
    }
};

}  // namespace sb::test
