// SPDX-License-Identifier: Apache-2.0
//
// Privilege levels: what each may do, and the ways between them (Intel SDM volume 3, chapters 5, 6
// and 7; volume 1, 19.5).
#include <catch2/catch.hpp>

#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using sb::test::Guest;
using sb::test::isolated;
using Bytes = std::vector<uint8_t>;

namespace {

constexpr uint32_t tss = 0x5000, inner_top = 0x70000, outer_top = 0x60000, writes = 0x6000;

/// GDT: 1, 2 flat at level 0; 3, 4 flat code and data at 3; 5 a TSS; 6 conforming code of level 0;
/// 7 a call gate for everyone, two parameters, to 1; 8 a call gate of level 0; 9 a call gate to 6;
/// 10 code of level 1; 11 data of level 1; 12 the LDT; 13 a TSS that is free; 14 a 16-bit call
/// gate; 15 a call gate that is not present; 16 a call gate to data; 17 conforming code of level 3.
void prepare(Guest& g) {
    g.descriptor(3, 0, 0xfffff, 0xfb, 0xc);
    g.descriptor(4, 0, 0xfffff, 0xf3, 0xc);
    g.descriptor(5, tss, 0x67 + 0x40, 0x8b, 0);
    g.descriptor(6, 0, 0xfffff, 0x9f, 0xc);
    auto call_gate = [&](unsigned n, uint16_t selector, uint32_t offset, unsigned count,
                         uint8_t a) {
        g.at(Guest::gdt + 8 * n)
            .dword((offset & 0xffff) | uint32_t{selector} << 16)
            .dword((offset & 0xffff0000) | uint32_t{a} << 8 | count);
    };
    call_gate(7, 0x08, 0x2000, 2, 0xec);
    call_gate(8, 0x08, 0x2000, 0, 0x8c);
    call_gate(9, 0x30, 0x2000, 0, 0xec);
    g.descriptor(10, 0, 0xfffff, 0xbb, 0xc);
    g.descriptor(11, 0, 0xfffff, 0xb3, 0xc);
    g.descriptor(12, 0x5800, 0xff, 0x82, 0);
    g.descriptor(13, 0x5400, 0x67, 0xe9, 0);
    call_gate(14, 0x08, 0x2000, 1, 0xe4);
    call_gate(15, 0x08, 0x2000, 0, 0x6c);
    call_gate(16, 0x10, 0x2000, 0, 0xec);
    g.descriptor(17, 0, 0xfffff, 0xff, 0xc);
    g.at(tss + 4).dword(inner_top).word(0x10).word(0).dword(0x50000).word(0x59);
    g.at(tss + 0x66).word(0x68);
    // The permission map: ports 0x10 to 0x17 but 0x12 are allowed.
    for (unsigned n = 0; n < 0x3f; ++n) g.memory[tss + 0x68 + n] = 0xff;
    g.memory[tss + 0x68 + 2] = 0x04;
    cpu::State& s = g.cpu.state();
    s.tr.selector = 0x28;
    s.tr.base = tss;
    s.tr.limit = 0x67 + 0x40;
    s.tr.access = 0x8b;
}

void go_to_level(Guest& g, unsigned level) {
    cpu::State& s = g.cpu.state();
    s.cpl = static_cast<uint8_t>(level);
    const uint16_t code = level == 3 ? 0x1b : level == 1 ? 0x51 : 0x08;
    const uint16_t data = level == 3 ? 0x23 : level == 1 ? 0x59 : 0x10;
    for (unsigned n = 0; n < 6; ++n) {
        s.segments[n].selector = n == cs ? code : data;
        s.segments[n].access = static_cast<uint8_t>((s.segments[n].access & 0x9f) | level << 5);
    }
    s.regs[esp] = outer_top;
}

struct Case {
    const char* name;
    Bytes code;
    unsigned level;
    int vector;  // -1: none, -2: got to the call gate's target
    uint32_t error = 0;
    uint32_t iopl = 0;
    const char* model = "pentium";
};

Bytes load(int segment_reg, uint16_t selector) {  // mov eax, selector; mov sreg, ax
    return {0xb8,
            static_cast<uint8_t>(selector),
            static_cast<uint8_t>(selector >> 8),
            0,
            0,
            0x8e,
            static_cast<uint8_t>(0xc0 | segment_reg << 3)};
}
Bytes far(uint8_t opcode, uint16_t selector) {
    return {
        opcode, 0, 0x20, 0, 0, static_cast<uint8_t>(selector), static_cast<uint8_t>(selector >> 8)};
}

const Case cases[] = {
    {"hlt", {0xf4}, 3, 13},
    {"hlt at 1", {0xf4}, 1, 13},
    {"lgdt", {0x0f, 0x01, 0x15, 0, 0x30, 0, 0}, 3, 13},
    {"lidt", {0x0f, 0x01, 0x1d, 0, 0x30, 0, 0}, 3, 13},
    {"lldt", {0x0f, 0x00, 0xd0}, 3, 13},
    {"ltr", {0x0f, 0x00, 0xd8}, 3, 13},
    {"lmsw", {0x0f, 0x01, 0xf0}, 3, 13},
    {"clts", {0x0f, 0x06}, 3, 13},
    {"invd", {0x0f, 0x08}, 3, 13},
    {"wbinvd", {0x0f, 0x09}, 3, 13},
    {"invlpg", {0x0f, 0x01, 0x3e}, 3, 13},
    {"mov cr0", {0x0f, 0x22, 0xc0}, 3, 13},
    {"mov from cr0", {0x0f, 0x20, 0xc0}, 3, 13},
    {"mov cr3", {0x0f, 0x22, 0xd8}, 3, 13},
    {"mov from cr3", {0x0f, 0x20, 0xd8}, 3, 13},
    {"mov dr7", {0x0f, 0x23, 0xf8}, 3, 13},
    {"mov from dr0", {0x0f, 0x21, 0xc0}, 3, 13},
    {"sgdt is allowed", {0x0f, 0x01, 0x05, 0, 0x30, 0, 0}, 3, -1},
    {"sidt is allowed", {0x0f, 0x01, 0x0d, 0, 0x30, 0, 0}, 3, -1},
    {"sldt is allowed", {0x0f, 0x00, 0xc0}, 3, -1},
    {"str is allowed", {0x0f, 0x00, 0xc8}, 3, -1},
    {"smsw is allowed", {0x0f, 0x01, 0xe0}, 3, -1},
    {"rdtsc is allowed", {0x0f, 0x31}, 3, -1},
    {"cpuid is allowed", {0x0f, 0xa2}, 3, -1},
    {"sysenter", {0x0f, 0x34}, 3, 6},
    {"cli above IOPL", {0xfa}, 3, 13},
    {"sti above IOPL", {0xfb}, 3, 13},
    {"cli at IOPL", {0xfa}, 3, -1, 0, 3},
    {"sti at IOPL", {0xfb}, 3, -1, 0, 3},
    {"cli at 1 with IOPL 1", {0xfa}, 1, -1, 0, 1},
    {"cli at 1 with IOPL 0", {0xfa}, 1, 13, 0, 0},
    {"pushf popf", {0x9c, 0x9d}, 3, -1},
    {"in that the map allows", {0xe4, 0x10}, 3, -1},
    {"in that it does not", {0xe4, 0x12}, 3, 13},
    {"a word over a bit that is set", {0x66, 0xe5, 0x11}, 3, 13},
    {"a doubleword over it", {0xe5, 0x10}, 3, 13},
    {"a doubleword beside it", {0xe5, 0x14}, 3, -1},
    {"a word over the end of a byte", {0x66, 0xe5, 0x17}, 3, 13},
    {"out that the map allows", {0xe6, 0x11}, 3, -1},
    {"out that it does not", {0xe6, 0x20}, 3, 13},
    {"a port beyond the map", {0x66, 0xba, 0xf8, 0x03, 0xec}, 3, 13},
    {"in at IOPL", {0xe4, 0x12}, 3, -1, 0, 3},
    {"ins", {0x66, 0xba, 0x12, 0, 0x6c}, 3, 13},
    {"outs allowed", {0x66, 0xba, 0x10, 0, 0x6e}, 3, -1},
    {"int of a ring 0 gate", {0xcd, 0x31}, 3, 13, 0x31 * 8 + 2},
    {"int of a ring 3 gate", {0xcd, 0x30}, 3, 0x30},
    {"int3 of a ring 3 gate", {0xcc}, 3, 3},
    {"into of a ring 0 gate", {0xb0, 0x7f, 0xfe, 0xc0, 0xce}, 3, 13, 4 * 8 + 2},
    {"int1 of a ring 0 gate", {0xf1}, 3, 1},
    {"ring 0 data in DS", load(3, 0x10), 3, 13, 0x10},
    {"ring 0 data with RPL 3", load(3, 0x13), 3, 13, 0x10},
    {"ring 3 data with RPL 0", load(3, 0x20), 3, -1},
    {"ring 3 code in DS", load(3, 0x1b), 3, -1},
    {"conforming code in DS", load(3, 0x33), 3, -1},
    {"ring 1 data in DS at 1", load(3, 0x58), 1, -1},
    {"ring 1 data with RPL 3 at 1", load(3, 0x5b), 1, 13, 0x58},
    {"ring 3 data in SS with RPL 0", load(2, 0x20), 3, 13, 0x20},
    {"ring 0 data in SS", load(2, 0x10), 3, 13, 0x10},
    {"ring 3 data in SS at 1", load(2, 0x23), 1, 13, 0x20},
    {"null in SS at 3", load(2, 3), 3, 13, 0},
    {"jump to ring 0 code", far(0xea, 0x08), 3, 13, 0x08},
    {"call of ring 0 code", far(0x9a, 0x08), 3, 13, 0x08},
    {"call of outer code", far(0x9a, 0x1b), 1, 13, 0x18},
    {"jump to conforming code", far(0xea, 0x30), 3, -2},
    {"call of conforming code", far(0x9a, 0x33), 3, -2},
    {"conforming code of an outer level", far(0xea, 0x88), 1, 13, 0x88},
    {"call gate to ring 0", far(0x9a, 0x38), 3, -2},
    {"call gate from ring 1", far(0x9a, 0x38), 1, -2},
    {"call gate from ring 0", far(0x9a, 0x38), 0, -2},
    {"call gate of ring 0", far(0x9a, 0x40), 3, 13, 0x40},
    {"call gate with a weak RPL", far(0x9a, 0x43), 0, 13, 0x40},
    {"call gate to conforming code", far(0x9a, 0x48), 3, -2},
    {"16-bit call gate", far(0x9a, 0x70), 3, -2},
    {"call gate that is not present", far(0x9a, 0x78), 3, 11, 0x78},
    {"call gate to data", far(0x9a, 0x80), 3, 13, 0x10},
    {"jump through a gate to ring 0", far(0xea, 0x38), 3, 13, 0x08},
    {"jump through a gate at ring 0", far(0xea, 0x38), 0, -2},
    {"jump through a gate to conforming", far(0xea, 0x48), 3, -2},
    {"call of the LDT", far(0x9a, 0x60), 3, 13, 0x60},
    {"call of a busy task", far(0x9a, 0x28), 0, 13, 0x28},
    {"retf to an inner level", {0x6a, 0x08, 0x68, 0, 0x20, 0, 0, 0xcb}, 3, 13, 0x08},
    {"iret to an inner level", {0x9c, 0x6a, 0x08, 0x68, 0, 0x20, 0, 0, 0xcf}, 3, 13, 0x08},
};

struct Result {
    int vector = -1;
    uint32_t error = 0, cpl = 9, ss = 0, esp = 0, pushed_cs = 0, pushed_esp = 0, pushed_ss = 0;
    bool sums = false, ended = false;
};

Result run(const Case& c) {
    Guest g{c.model};
    prepare(g);
    for (unsigned v = 0; v < 0x40; ++v) {
        const bool open = v == 3 || v == 0x30;
        g.gate(v, 0x8000 + 16 * v, open ? 0xee : 0x8e);
        g.at(0x8000 + 16 * v).hlt();
    }
    g.at(0x2000).bytes({0xeb, 0xfe});
    go_to_level(g, c.level);
    g.cpu.state().other_flags |= c.iopl << 12;
    g.cpu.state().regs[esi] = g.cpu.state().regs[edi] = 0x30000;
    auto code = g.at(0x1000).bytes(c.code);
    // The end of the code: HLT is not for everyone.
    code.bytes({0xeb, 0xfe});
    const uint32_t end = code.here - 2;
    const Outcome& outcome = g.run(0x1000, Time::us(40));
    const cpu::State& s = g.cpu.state();
    Result r;
    r.ended = outcome.kind == Outcome::Kind::halted || s.eip == end;
    if (s.eip == 0x2000) r.vector = -2;
    if (s.eip >= 0x8000) {
        r.vector = static_cast<int>(s.eip - 0x8000) / 16;
        const bool has_error = r.vector == 8 || (r.vector >= 10 && r.vector <= 14);
        if (has_error) r.error = g.dword(s.regs[esp]);
    }
    r.cpl = s.cpl;
    r.ss = s.segments[ss].selector;
    r.esp = s.regs[esp];
    r.sums = g.cpu.attribution().total().total() == g.cpu.cycles();
    return r;
}

}  // namespace

TEST_CASE("each privilege level may do what it may") {
    for (const Case& c : cases) {
        INFO(c.name);
        const Result r = isolated([&] { return run(c); });
        CHECK(r.vector == c.vector);
        if (c.vector >= 0) {
            CHECK(r.error == c.error);
            CHECK(r.cpl == 0);
            CHECK(r.ss == 0x10);
        }
        CHECK(r.sums);
    }
}

TEST_CASE("an interrupt to an inner level switches stacks and IRET comes back") {
    for (const char* cache : {"perfect", "none"}) {
        struct Seen {
            uint32_t words[5], cpl, esp, ds, flags;
            uint64_t entry, exit;
        };
        const Seen r = isolated([&] {
            Guest g{"486", {{"cache", cache}}};
            prepare(g);
            g.gate(0x30, 0x9000, 0xee);
            // Copies its frame, and loads a ring 0 segment that must be gone afterwards.
            auto h = g.at(0x9000);
            for (int n = 0; n < 5; ++n)
                h.bytes({0x8b, 0x44, 0x24, 4 * n, 0xa3}).dword(writes + 4 * uint32_t(n));
            h.bytes({0x66, 0xb8, 0x10, 0, 0x8e, 0xd8, 0xcf});
            go_to_level(g, 3);
            g.cpu.state().other_flags |= flag::if_;
            g.at(0x1000).bytes({0xcd, 0x30, 0xeb, 0xfe});
            g.run(0x1000, Time::us(20));
            const cpu::State& s = g.cpu.state();
            Seen seen{};
            for (unsigned n = 0; n < 5; ++n) seen.words[n] = g.dword(writes + 4 * n);
            seen.cpl = s.cpl;
            seen.esp = s.regs[esp];
            seen.ds = s.segments[ds].selector;
            seen.flags = s.eflags();
            seen.entry = g.spent(Cause::interrupt_entry);
            seen.exit = g.spent(Cause::interrupt_exit);
            return seen;
        });
        CHECK(r.words[0] == 0x1002);
        CHECK(r.words[1] == 0x1b);
        CHECK(r.words[2] == (flag::always | flag::if_));
        CHECK(r.words[3] == outer_top);
        CHECK(r.words[4] == 0x23);
        CHECK(r.cpl == 3);
        CHECK(r.esp == outer_top);
        CHECK(r.ds == 0);
        CHECK((r.flags & flag::if_));
        if (std::string{cache} == "perfect") {
            CHECK(r.entry == 71);
            CHECK(r.exit == 36);
        }
    }
}

TEST_CASE("a call gate copies parameters and RET releases both stacks") {
    struct Seen {
        uint32_t words[6], cpl, esp, inner;
    };
    const Seen r = isolated([] {
        Guest g{"486"};
        prepare(g);
        auto h = g.at(0x2000);
        h.bytes({0x89, 0x25}).dword(writes + 0x40);
        for (int n = 0; n < 6; ++n)
            h.bytes({0x36, 0x8b, 0x44, 0x24, 4 * n, 0x36, 0xa3}).dword(writes + 4 * uint32_t(n));
        h.bytes({0xca, 8, 0});  // retf 8
        go_to_level(g, 3);
        g.at(0x1000).bytes({0x6a, 0x11, 0x6a, 0x22}).bytes(far(0x9a, 0x38)).bytes({0xeb, 0xfe});
        g.run(0x1000, Time::us(20));
        Seen seen{};
        for (unsigned n = 0; n < 6; ++n) seen.words[n] = g.dword(writes + 4 * n);
        seen.cpl = g.cpu.state().cpl;
        seen.esp = g.reg(esp);
        seen.inner = g.dword(writes + 0x40);
        return seen;
    });
    CHECK(r.words[0] == 0x100b);
    CHECK(r.words[1] == 0x1b);
    CHECK(r.words[2] == 0x22);
    CHECK(r.words[3] == 0x11);
    CHECK(r.words[4] == outer_top - 8);
    CHECK(r.words[5] == 0x23);
    CHECK(r.inner == inner_top - 24);
    CHECK(r.cpl == 3);
    CHECK(r.esp == outer_top);
}

TEST_CASE("a bad inner stack is an invalid TSS") {
    struct Bad {
        const char* name;
        uint16_t ss;
        uint32_t tss_limit;
        int vector;
        uint32_t error;
    };
    const Bad list[] = {
        {"null", 0, 0xa7, 10, 0},
        {"of another level", 0x23, 0xa7, 10, 0x20},
        {"code", 0x08, 0xa7, 10, 0x08},
        {"outside of the table", 0x1000, 0xa7, 10, 0x1000},
        {"not present", 0x90, 0xa7, 12, 0x90},
        {"too small a TSS", 0x10, 8, 10, 0x28},
    };
    for (const Bad& b : list) {
        INFO(b.name);
        const auto r = isolated([&] {
            Guest g{"486"};
            prepare(g);
            g.descriptor(18, 0, 0xfffff, 0x13, 0xc);
            g.at(tss + 8).word(b.ss);
            g.cpu.state().tr.limit = b.tss_limit;
            // Their handlers run in a conforming segment, on the outer stack.
            g.gate(10, 0x9000, 0x8e, 0x30);
            g.gate(12, 0x9010, 0x8e, 0x30);
            g.at(0x9000).bytes({0xeb, 0xfe});
            g.at(0x9010).bytes({0xeb, 0xfe});
            g.gate(0x30, 0x2000, 0xee);
            go_to_level(g, 3);
            g.at(0x1000).bytes({0xcd, 0x30});
            g.run(0x1000, Time::us(20));
            return std::array<uint32_t, 3>{g.cpu.state().eip, g.dword(g.reg(esp)),
                                           g.cpu.state().cpl};
        });
        CHECK(r[0] == (b.vector == 10 ? 0x9000u : 0x9010u));
        CHECK(r[1] == b.error);
        CHECK(r[2] == 3);
    }
}
