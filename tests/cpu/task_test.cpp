// SPDX-License-Identifier: Apache-2.0
//
// Task switches: by far transfers, gates, interrupts and IRET; what is saved and marked (Intel SDM
// volume 3, chapter 7).
#include <catch2/catch.hpp>

#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using sb::test::Guest;
using sb::test::isolated;
using Bytes = std::vector<uint8_t>;

namespace {

constexpr uint32_t first = 0x5000, second = 0x5400, old_style = 0x5800;

/// GDT: 5 the running task, 6 another one, 7 a 286 task, 8 a task gate to 6, 9 a small TSS.
void prepare(Guest& g) {
    g.descriptor(5, first, 0x67, 0x8b, 0);
    g.descriptor(6, second, 0x67, 0x89, 0);
    g.descriptor(7, old_style, 0x2b, 0x81, 0);
    g.at(Guest::gdt + 64).dword(0x30u << 16).dword(0x8500);
    g.descriptor(9, second, 0x66, 0x89, 0);
    cpu::State& s = g.cpu.state();
    s.tr.selector = 0x28;
    s.tr.base = first;
    s.tr.limit = 0x67;
    s.tr.access = 0x8b;
    g.at(second + 0x20).dword(0x2000).dword(flag::always | flag::cf);
    for (uint32_t r = 0; r < 8; ++r)
        g.at(second + 0x28 + 4 * r).dword(r == esp ? 0x60000 : 0x100 + r);
    for (uint32_t n = 0; n < 6; ++n) g.at(second + 0x48 + 4 * n).dword(n == cs ? 8 : 0x10);
    g.at(old_style + 0x0e).word(0x2000).word(2);
    for (uint32_t r = 0; r < 8; ++r) g.at(old_style + 0x12 + 2 * r).word(0x200 + r);
    for (uint32_t n = 0; n < 4; ++n) g.at(old_style + 0x22 + 2 * n).word(n == cs ? 8 : 0x10);
    g.at(0x2000).hlt();
}

uint8_t rights(const Guest& g, unsigned n) { return g.memory[Guest::gdt + 8 * n + 5]; }

struct Seen {
    uint32_t eip, ecx, flags, tr, link, saved_eip, saved_ecx, saved_flags, cr0, esp;
    uint8_t old_rights, new_rights;
    uint64_t cycles, sum;
};

Seen run(const Bytes& code, const std::function<void(Guest&)>& more = {}) {
    return isolated([&] {
        Guest g{"486"};
        prepare(g);
        if (more) more(g);
        g.at(0x1000).bytes(code).hlt();
        g.cpu.state().regs[ecx] = 0x1234;
        g.run(0x1000);
        const cpu::State& s = g.cpu.state();
        return Seen{s.eip,
                    g.reg(ecx),
                    s.eflags(),
                    s.tr.selector,
                    g.dword(second) & 0xffff,
                    g.dword(first + 0x20),
                    g.dword(first + 0x2c),
                    g.dword(first + 0x24),
                    s.cr0,
                    g.reg(esp),
                    rights(g, 5),
                    rights(g, 6),
                    g.cpu.cycles(),
                    g.cpu.attribution().total().total()};
    });
}

Bytes far(uint8_t opcode, uint8_t selector) { return {opcode, 0, 0, 0, 0, selector, 0}; }

}  // namespace

TEST_CASE("a jump to a task saves the old one and frees it") {
    for (uint8_t selector : {0x30, 0x40}) {
        const Seen r = run(far(0xea, selector));
        CHECK(r.eip == 0x2001);
        CHECK(r.ecx == 0x101);
        CHECK(r.flags == (flag::always | flag::cf));
        CHECK(r.tr == 0x30);
        CHECK(r.saved_eip == 0x1007);
        CHECK(r.saved_ecx == 0x1234);
        CHECK(r.old_rights == 0x89);
        CHECK(r.new_rights == 0x8b);
        CHECK((r.cr0 & cr0::ts));
        CHECK(r.sum == r.cycles);
        CHECK(r.cycles == 19 + 199 + 4);
    }
}

TEST_CASE("a call nests and IRET comes back") {
    const Seen there = run(far(0x9a, 0x30));
    CHECK(there.link == 0x28);
    CHECK((there.flags & flag::nt));
    CHECK(there.old_rights == 0x8b);
    CHECK(there.new_rights == 0x8b);
    const Seen back = run(far(0x9a, 0x30), [](Guest& g) { g.at(0x2000).bytes({0xcf}).hlt(); });
    CHECK(back.eip == 0x1008);
    CHECK(back.ecx == 0x1234);
    CHECK(back.tr == 0x28);
    CHECK((back.flags & flag::nt) == 0);
    CHECK(back.old_rights == 0x8b);
    CHECK(back.new_rights == 0x89);
    // Called again it goes on behind its IRET, with its link written anew.
    Bytes twice = far(0x9a, 0x30);
    const Bytes again = far(0x9a, 0x40);
    twice.insert(twice.end(), again.begin(), again.end());
    const Seen second_time = run(twice, [](Guest& g) { g.at(0x2000).bytes({0xcf}).hlt(); });
    CHECK(second_time.eip == 0x2002);
}

TEST_CASE("an interrupt and a fault through a task gate") {
    const Seen asked = run({0xcd, 0x40}, [](Guest& g) { g.gate(0x40, 0, 0x85, 0x30); });
    CHECK(asked.eip == 0x2001);
    CHECK(asked.saved_eip == 0x1002);
    CHECK((asked.flags & flag::nt));
    const Seen fault = run({0xb8, 0x50, 0, 0, 0, 0x8e, 0xd8}, [](Guest& g) {
        g.gate(13, 0, 0x85, 0x30);
        g.descriptor(10, 0, 0, 0x82, 0);
        g.at(0x2000).bytes({0x59}).hlt();  // pop ecx: the error code
    });
    CHECK(fault.eip == 0x2002);
    CHECK(fault.ecx == 0x50);
    CHECK(fault.saved_eip == 0x1005);
    CHECK(fault.esp == 0x60000);
}

TEST_CASE("a 286 task has 16-bit registers") {
    const Seen r = run(far(0xea, 0x38));
    CHECK(r.eip == 0x2001);
    CHECK(r.ecx == 0xffff0201);
    CHECK(r.tr == 0x38);
    CHECK(r.old_rights == 0x89);
}

TEST_CASE("a switch that can not be made and one whose new task is bad") {
    struct Bad {
        const char* name;
        Bytes code;
        unsigned vector;
        uint32_t error;
        bool switched;
        std::function<void(Guest&)> more;
    };
    const Bad list[] = {
        {"busy", far(0x9a, 0x28), 13, 0x28, false, {}},
        {"too small", far(0xea, 0x48), 10, 0x48, false, {}},
        {"not present", far(0xea, 0x30), 11, 0x30, false,
         [](Guest& g) { g.descriptor(6, second, 0x67, 0x09, 0); }},
        {"null CS", far(0xea, 0x30), 10, 0, true, [](Guest& g) { g.at(second + 0x4c).dword(0); }},
        {"data in CS", far(0xea, 0x30), 10, 0x10, true,
         [](Guest& g) { g.at(second + 0x4c).dword(0x10); }},
        {"code in SS", far(0xea, 0x30), 10, 0x08, true,
         [](Guest& g) { g.at(second + 0x50).dword(0x08); }},
        {"a bad LDT", far(0xea, 0x30), 10, 0x10, true,
         [](Guest& g) { g.at(second + 0x60).dword(0x10); }},
        {"a bad DS", far(0xea, 0x30), 10, 0x28, true,
         [](Guest& g) { g.at(second + 0x54).dword(0x28); }},
        {"IRET to a task that is free",
         {0xcf},
         10,
         0x30,
         false,
         [](Guest& g) {
             g.cpu.state().other_flags |= flag::nt;
             g.at(first).dword(0x30);
         }},
    };
    for (const Bad& b : list) {
        INFO(b.name);
        const auto r = isolated([&] {
            Guest g{"486"};
            prepare(g);
            // The handler is a task too: whatever is wrong with the one that failed.
            g.descriptor(12, 0x5c00, 0x67, 0x89, 0);
            for (uint32_t at = 0; at < 0x68; at += 4) g.at(0x5c00 + at).dword(g.dword(second + at));
            g.at(0x5c20).dword(0x3000);
            g.gate(b.vector, 0, 0x85, 0x60);
            g.at(0x3000).bytes({0x59}).hlt();
            if (b.more) b.more(g);
            g.at(0x1000).bytes(b.code).hlt();
            g.run(0x1000);
            return std::array<uint32_t, 3>{g.cpu.state().eip, g.reg(ecx), g.dword(0x5c00) & 0xffff};
        });
        CHECK(r[0] == 0x3002);
        CHECK(r[1] == b.error);
        CHECK(r[2] == (b.switched ? 0x30u : 0x28u));
    }
}
