// SPDX-License-Identifier: Apache-2.0
//
// Task switches that fail: before the switch as the old task's fault, after it as the new one's,
// with the selector of what was wrong. Intel SDM volume 3, 7.3 and table 7-1; 6.15, interrupt 10.
#include <catch2/catch.hpp>

#include "tests/cpu/architecture/trap_guest.h"

using namespace sb;
using namespace sb::test;
using Bytes = std::vector<uint8_t>;

namespace {

constexpr uint32_t task = 0x5c00;

struct Change {
    const char* name;
    uint32_t at, value;  // of the new task state; ~0: none
    uint8_t access;      // of its descriptor
    uint32_t limit;
    int vector;
    uint32_t error;
    bool in_new;  // the fault is the new task's
};
constexpr uint32_t none = ~0u;

// GDT 8 the new task; 9 a segment that is not present; 10 code of level 3; 11 data that is
// read-only.
const Change changes[] = {
    {"nothing wrong", none, 0, 0x89, 0x67, no_fault, 0, true},
    {"a limit too small", none, 0, 0x89, 0x66, 10, 0x40, false},
    {"not present", none, 0, 0x09, 0x67, 11, 0x40, false},
    {"busy", none, 0, 0x8b, 0x67, 13, 0x40, false},
    {"an LDT that is beyond the GDT", 0x60, 0x100, 0x89, 0x67, 10, 0x100, true},
    {"an LDT that is code", 0x60, 0x08, 0x89, 0x67, 10, 0x08, true},
    {"an LDT in an LDT", 0x60, 0x44, 0x89, 0x67, 10, 0x44, true},
    {"no CS", 0x4c, 0, 0x89, 0x67, 10, 0, true},
    {"a CS that is data", 0x4c, 0x10, 0x89, 0x67, 10, 0x10, true},
    {"a CS beyond the GDT", 0x4c, 0x100, 0x89, 0x67, 10, 0x100, true},
    {"a CS that is not present", 0x4c, 0x60, 0x89, 0x67, 11, 0x60, true},
    {"a CS of another level than its RPL", 0x4c, 0x0b, 0x89, 0x67, 10, 0x08, true},
    {"no SS", 0x50, 0, 0x89, 0x67, 10, 0, true},
    {"an SS of another level", 0x50, 0x23, 0x89, 0x67, 10, 0x20, true},
    {"an SS that is code", 0x50, 0x08, 0x89, 0x67, 10, 0x08, true},
    {"an SS that is read-only", 0x50, 0x58, 0x89, 0x67, 10, 0x58, true},
    {"an SS that is not present", 0x50, 0x48, 0x89, 0x67, 12, 0x48, true},
    {"a DS beyond the GDT", 0x54, 0x100, 0x89, 0x67, 10, 0x100, true},
    {"a DS that is not present", 0x54, 0x48, 0x89, 0x67, 11, 0x48, true},
    {"a DS that is a TSS", 0x54, 0x28, 0x89, 0x67, 10, 0x28, true},
    {"an ES beyond the GDT", 0x48, 0x100, 0x89, 0x67, 10, 0x100, true},
    {"an FS that is not present", 0x58, 0x48, 0x89, 0x67, 11, 0x48, true},
    {"a GS in no LDT", 0x5c, 0x14, 0x89, 0x67, 10, 0x14, true},
    {"a null DS", 0x54, 0, 0x89, 0x67, no_fault, 0, true},
    {"the T bit", 0x64, 1, 0x89, 0x67, 1, 0, true},
};

/// How the switch is asked for.
struct Way {
    const char* name;
    Bytes code;
};
const Way ways[] = {
    {"JMP", {0xea, 0, 0, 0, 0, 0x40, 0}},
    {"CALL", {0x9a, 0, 0, 0, 0, 0x40, 0}},
};

Trapped make(const Change& row, const Bytes& code) {
    return isolated([&] {
        TrapGuest g;
        g.descriptor(8, task, row.limit, row.access, 0);
        g.descriptor(9, 0, 0xfffff, 0x13, 0xc);
        g.descriptor(10, 0, 0xfffff, 0xfb, 0xc);
        g.descriptor(11, 0, 0xfffff, 0x91, 0xc);
        g.descriptor(12, 0, 0xfffff, 0x1b, 0xc);
        g.at(task + 0x20).dword(0x2000).dword(2);
        g.at(task + 0x28 + 16).dword(0x6800);
        for (uint32_t n = 0; n < 6; ++n) g.at(task + 0x48 + 4 * n).dword(n == 1 ? 8 : 0x10);
        if (row.at != none) g.at(task + row.at).word(row.value);
        g.at(0x2000).hlt();
        // Handlers run in a task of their own: the new one may have no stack to push on.
        for (unsigned v : {1u, 10u, 11u, 12u, 13u}) {
            const unsigned n = 16 + v;
            const uint32_t at = 0xa000 + 0x80 * v;
            g.descriptor(n, at, 0x67, 0x89, 0);
            g.at(at + 0x20).dword(TrapGuest::handlers + 16 * v).dword(2);
            g.at(at + 0x28 + 16).dword(TrapGuest::kernel_stack + 0x80);
            for (uint32_t s = 0; s < 6; ++s) g.at(at + 0x48 + 4 * s).dword(s == 1 ? 8 : 0x10);
            g.gate(v, 0, 0x85, static_cast<uint16_t>(8 * n));
        }
        Trapped t = g.go(code);
        if (t.vector == no_fault) return t;
        // EIP in the state of the task that the fault interrupted, as the handler's link says.
        const uint32_t link = g.dword(0xa000 + 0x80 * static_cast<uint32_t>(t.vector)) & 0xffff;
        t.eip = g.dword((link == 0x40 ? task : TrapGuest::task_state) + 0x20);
        t.eax = link;
        return t;
    });
}

}  // namespace

TEST_CASE("a task switch that fails names what was wrong in the right task") {
    for (const Way& way : ways)
        for (const Change& row : changes) {
            INFO(way.name << ": " << row.name);
            const Trapped t = make(row, way.code);
            CHECK(t.vector == row.vector);
            if (row.vector == no_fault) continue;
            if (row.vector != 1) CHECK(t.error == row.error);
            CHECK(t.eax == (row.in_new ? 0x40 : 0x28));
            CHECK(t.eip == (row.in_new ? 0x2000 : 0x1000));
        }
}
