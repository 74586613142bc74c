// SPDX-License-Identifier: Apache-2.0
//
// Real mode: reset, the vector table, segments without descriptors, the way to protected mode and
// back, A20; virtual-8086 mode and its ways out (Intel SDM volume 3, 9.1, 9.9 and chapter 20).
#include <catch2/catch.hpp>

#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using namespace sb::literals;
using sb::test::Guest;
using sb::test::isolated;
using Bytes = std::vector<uint8_t>;

namespace {

/// Real mode with every segment at 0 and the table of vectors at 0.
void real(Guest& g) {
    g.cpu.reset();
    cpu::State& s = g.cpu.state();
    s.idtr = {0, 0x3ff};
    s.segments[cs].selector = 0;
    s.segments[cs].base = 0;
    s.regs[esp] = 0x8000;
}
void vector(Guest& g, unsigned n, uint16_t segment, uint16_t offset) {
    g.at(4 * n).word(offset).word(segment);
}

}  // namespace

TEST_CASE("the state after reset") {
    Guest g{"pentium"};
    g.cpu.reset();
    const cpu::State& s = g.cpu.state();
    CHECK(s.eip == 0xfff0);
    CHECK(s.segments[cs].selector == 0xf000);
    CHECK(s.segments[cs].base == 0xffff0000);
    CHECK(s.segments[cs].limit == 0xffff);
    CHECK(s.cr0 == 0x60000010);
    CHECK(s.eflags() == 2);
    CHECK(s.regs[edx] == 0x052c);
    CHECK(s.dr[6] == 0xffff0ff0);
    CHECK(s.dr[7] == 0x400);
    CHECK(s.idtr.limit == 0xffff);
}

namespace {

struct Case {
    const char* name;
    Bytes code;
    uint32_t ax;
    int vector = -1;  // of the fault
};

/// At 0:1000 with DS 0. Handlers of faults halt.
const Case cases[] = {
    {"mov ds and read", {0xb8, 0x00, 0x20, 0x8e, 0xd8, 0xa1, 0x10, 0x00}, 0xbeef},
    {"write through CS", {0x2e, 0xc7, 0x06, 0, 0x30, 0x34, 0x12, 0xa1, 0, 0x30}, 0x1234},
    {"far jump", {0xea, 0x00, 0x00, 0x00, 0x02}, 0x7777},
    {"far call and return", {0x9a, 0x10, 0x00, 0x00, 0x02}, 0x8888},
    {"int and iret", {0xcd, 0x40}, 0x4040},
    {"int3", {0xcc}, 0x4040},
    {"pop ds", {0x68, 0x00, 0x20, 0x1f, 0xa1, 0x10, 0x00}, 0xbeef},
    {"lds", {0xc5, 0x1e, 0x20, 0x30, 0xa1, 0x10, 0x00}, 0xbeef},
    {"push and pop wrap at 64K", {0xbc, 0, 0, 0x6a, 0x55, 0x58}, 0x55},
    {"a word at the limit", {0xa1, 0xff, 0xff}, 0, 13},
    {"a doubleword beyond it", {0x67, 0x66, 0xa1, 0, 0, 1, 0}, 0, 13},
    {"a stack word at the limit", {0xbd, 0xff, 0xff, 0x8b, 0x46, 0x00}, 0, 12},
    {"32-bit operand", {0x66, 0xb8, 0x78, 0x56, 0x34, 0x12, 0x66, 0xc1, 0xe8, 0x10}, 0x1234},
    {"32-bit address",
     {0x66, 0xbb, 0x0c, 0, 0, 0, 0xb8, 0, 0x20, 0x8e, 0xd8, 0x67, 0x8b, 0x43, 0x04},
     0xbeef},
    {"division by zero", {0x31, 0xdb, 0xf7, 0xf3}, 0, 0},
    {"bound", {0x31, 0xc0, 0x62, 0x06, 0x30, 0x30}, 0, 5},
    {"ud", {0x0f, 0x0b}, 0, 6},
    {"arpl", {0x63, 0xc0}, 0, 6},
    {"lldt", {0x0f, 0x00, 0xd0}, 0, 6},
    {"str", {0x0f, 0x00, 0xc8}, 0, 6},
    {"lar", {0x0f, 0x02, 0xc0}, 0, 6},
    {"lock nop", {0xf0, 0x90}, 0, 6},
    {"cli sti popf", {0xfa, 0xfb, 0xfa, 0x9c, 0x9d, 0xb8, 1, 0}, 1},
    {"in above any map", {0xb8, 1, 0, 0xe4, 0x10, 0xb8, 2, 0}, 2},
    {"smsw", {0x0f, 0x01, 0xe0}, 0x0010},
    {"lgdt and protected mode and back",
     {0x0f, 0x01, 0x16, 0x40, 0x30,              // lgdt [0x3040]
      0x0f, 0x20, 0xc0, 0x40, 0x0f, 0x22, 0xc0,  // mov eax, cr0; inc ax; mov cr0, eax
      0xb9, 0x10, 0x00, 0x8e, 0xd9,              // mov cx, 0x10; mov ds, cx
      0x48, 0x0f, 0x22, 0xc0,                    // dec ax; mov cr0, eax
      0x31, 0xc9, 0x8e, 0xd9,                    // xor cx, cx; mov ds, cx
      0x67, 0xa1, 0x00, 0x00, 0x12, 0x00},       // mov ax, [0x120000]: unreal
     0xabcd},
};

struct Result {
    uint32_t ax, vector;
    bool sums;
};

Result run(const Case& c, bool lockstep) {
    Guest g{"pentium"};
    g.board.sim.set_lockstep(lockstep);
    real(g);
    for (unsigned n = 0; n < 32; ++n) {
        vector(g, n, 0, static_cast<uint16_t>(0x4000 + 16 * n));
        g.at(0x4000 + 16 * n).hlt();
    }
    for (unsigned n : {3u, 0x40u}) vector(g, n, 0x500, 0x10);
    g.at(0x5010).bytes({0xb8, 0x40, 0x40, 0xcf});
    g.at(0x2000).bytes({0xb8, 0x77, 0x77, 0xf4});
    g.at(0x2010).bytes({0xb8, 0x88, 0x88, 0xcb});
    g.at(0x20010).word(0xbeef);
    g.at(0x3020).word(0).word(0x2000);
    g.at(0x3030).word(5).word(6);
    g.at(0x3040).word(0xff).dword(Guest::gdt);
    g.at(0x120000).word(0xabcd);
    g.at(0x1000).bytes(c.code).hlt();
    g.run(0x1000, Time::us(200));
    const uint32_t at = g.cpu.state().eip;
    return {g.reg(eax) & 0xffff, at > 0x4000 && at < 0x4200 ? (at - 0x4000) / 16 : ~0u,
            g.cpu.attribution().total().total() == g.cpu.cycles()};
}

}  // namespace

TEST_CASE("real mode code does what it does") {
    for (const Case& c : cases)
        for (bool lockstep : {false, true}) {
            INFO(c.name << lockstep);
            const Result r = isolated([&] { return run(c, lockstep); });
            CHECK(r.vector == static_cast<uint32_t>(c.vector));
            if (c.vector < 0) CHECK(r.ax == c.ax);
            CHECK(r.sums);
        }
}

TEST_CASE("real mode INT and IRET and ports take the published clocks") {
    const auto r = isolated([] {
        Guest g{"486"};
        real(g);
        vector(g, 0x40, 0, 0x2000);
        g.at(0x2000).bytes({0xcf});
        g.at(0x1000).bytes({0xcd, 0x40, 0xe4, 0x10, 0xe6, 0x10, 0xef}).hlt();
        g.cpu.state().regs[edx] = 0x10;
        g.run(0x1000);
        return std::array<uint64_t, 3>{g.spent(Cause::interrupt_entry),
                                       g.spent(Cause::interrupt_exit), g.spent(Cause::executing)};
    });
    CHECK(r[0] == 30);
    CHECK(r[1] == 15);
    CHECK(r[2] == 14 + 16 + 16 + 4);
}

namespace {

struct Lines : Component {
    explicit Lines(Guest& g)
        : Component{g.board.sim, "lines"}, a20{*this, "a20"}, reset{*this, "reset"} {
        a20.connect(g.board.board.line("a20"));
        reset.connect(g.board.board.line("reset"));
        g.board.board.line("a20").connect(g.cpu, Cpu::a20);
        g.board.board.line("reset").connect(g.cpu, Cpu::reset_line);
        g.ports.on_write = [this](uint32_t v) {
            a20.set(v & 2);
            reset.set(v & 1);
        };
    }
    bus::Pin a20, reset;
};

}  // namespace

TEST_CASE("A20 masks an address bit and can be opened and shut") {
    for (bool paged : {false, true}) {
        const auto r = isolated([&] {
            Guest g{"486"};
            Lines lines{g};
            g.at(0x100500).dword(2);
            g.at(0x500).dword(1);
            if (paged) {
                for (uint32_t n = 0; n < 1024; ++n) g.at(0x201000 + 4 * n).dword(n << 12 | 3);
                g.at(0x200000).dword(0x201003);
                g.cpu.state().cr3 = 0x200000;
                g.cpu.state().cr0 |= cr0::pg;
            }
            auto c = g.at(0x1000);
            auto a20 = [&](int v) { c.bytes({0xb0, v, 0xe6, 0x10}); };
            a20(2);
            c.bytes({0x8b, 0x1d}).dword(0x100500);  // ebx = 2
            a20(0);
            c.bytes({0x8b, 0x0d}).dword(0x100500);  // ecx = 1
            a20(2);
            c.bytes({0x8b, 0x15}).dword(0x100500).hlt();  // edx = 2
            g.run(0x1000);
            return std::array<uint32_t, 3>{g.reg(ebx), g.reg(ecx), g.reg(edx)};
        });
        CHECK(r == std::array<uint32_t, 3>{2, 1, 2});
    }
}

TEST_CASE("the reset line starts the processor anew and also out of HLT") {
    const auto r = isolated([] {
        Guest g{"486"};
        Lines lines{g};
        g.at(0x1000).bytes({0xb0, 0x01, 0xe6, 0x10, 0x43, 0x43}).hlt();
        // Nothing is at the reset vector: all ones are no instruction.
        vector(g, 6, 0, 0x4000);
        g.at(0x4000).hlt();
        g.run(0x1000, Time::us(2));
        const cpu::State& s = g.cpu.state();
        return std::array<uint32_t, 3>{g.reg(ebx), s.eip, s.cr0 & cr0::pe};
    });
    CHECK(r == std::array<uint32_t, 3>{0, 0x4001, 0});
}

namespace {

struct V86 {
    const char* name;
    Bytes code;
    unsigned iopl;
    int vector;  // -1: none, runs on
    uint32_t error = 0;
};

const V86 v86_cases[] = {
    {"mov ds and read", {0xb8, 0, 0x20, 0x8e, 0xd8, 0xa1, 0x10, 0}, 0, -1},
    {"far jump", {0xea, 0x05, 0x00, 0x00, 0x01}, 0, -1},  // to the next instruction
    {"cli", {0xfa}, 0, 13},
    {"sti", {0xfb}, 2, 13},
    {"pushf", {0x9c}, 0, 13},
    {"popf", {0x9d}, 0, 13},
    {"iret", {0xcf}, 0, 13},
    {"int n", {0xcd, 0x30}, 0, 13},
    {"int n at IOPL 3", {0xcd, 0x30}, 3, 0x30},
    {"int3", {0xcc}, 0, 3},
    {"cli at IOPL 3", {0xfa}, 3, -1},
    {"pushf popf at IOPL 3", {0x9c, 0x9d}, 3, -1},
    {"in that the map allows", {0xe4, 0x10}, 0, -1},
    {"in that it does not", {0xe4, 0x12}, 0, 13},
    {"in that it does not at IOPL 3", {0xe4, 0x12}, 3, 13},
    {"hlt", {0xf4}, 3, 13},
    {"mov cr0", {0x0f, 0x20, 0xc0}, 3, 13},
    {"lgdt", {0x0f, 0x01, 0x16, 0, 0x30}, 3, 13},
    {"lldt", {0x0f, 0x00, 0xd0}, 3, 6},
    {"verr", {0x0f, 0x00, 0xe0}, 3, 6},
    {"arpl", {0x63, 0xc0}, 3, 6},
    {"beyond 64K", {0x67, 0x66, 0xa1, 0, 0, 1, 0}, 0, 13},
    {"division by zero", {0x31, 0xdb, 0xf7, 0xf3}, 0, 0},
};

}  // namespace

TEST_CASE("virtual-8086 mode: what is sensitive to IOPL and the way to ring 0 and back") {
    for (const V86& c : v86_cases) {
        INFO(c.name);
        struct Seen {
            uint32_t eip, error, frame[9], cpl, ds, flags;
            bool sums;
        };
        const Seen r = isolated([&] {
            Guest g{"486"};
            constexpr uint32_t tss = 0x5000;
            g.descriptor(5, tss, 0xa7, 0x8b, 0);
            g.at(tss + 4).dword(0x70000).word(0x10);
            g.at(tss + 0x66).word(0x68);
            for (unsigned n = 0; n < 0x3f; ++n) g.memory[tss + 0x68 + n] = 0xff;
            g.memory[tss + 0x6a] = 0x04;
            cpu::State& s = g.cpu.state();
            s.tr.selector = 0x28;
            s.tr.base = tss;
            s.tr.limit = 0xa7;
            s.tr.access = 0x8b;
            for (unsigned v = 0; v < 0x40; ++v) {
                g.gate(v, 0x8000 + 16 * v, 0xee);
                g.at(0x8000 + 16 * v).hlt();
            }
            // Ring 0 code that goes there by IRET.
            auto push = [](test::Code& k, uint32_t v) { k.bytes({0x68}).dword(v); };
            auto k = g.at(0x9000);
            for (uint32_t v : {0x11u, 0x22u, 0x33u, 0x44u, 0x300u, 0xf00u}) push(k, v);
            push(k, flag::vm | flag::always | c.iopl << 12);
            push(k, 0x100);
            push(k, 0);
            k.bytes({0xcf});
            g.at(0x1000).bytes(c.code).bytes({0xeb, 0xfe});
            g.run(0x9000, Time::us(20));
            Seen seen{};
            seen.eip = s.eip;
            const bool has_error = s.eip >= 0x8000 + 16 * 10 && s.eip < 0x8000 + 16 * 15;
            if (has_error) seen.error = g.dword(s.regs[esp]);
            for (unsigned n = 0; n < 9; ++n)
                seen.frame[n] = g.dword(s.regs[esp] + (has_error ? 4 : 0) + 4 * n);
            seen.cpl = s.cpl;
            seen.ds = s.segments[ds].selector;
            seen.flags = s.eflags();
            seen.sums = g.cpu.attribution().total().total() == g.cpu.cycles();
            return seen;
        });
        CHECK(r.sums);
        if (c.vector < 0) {
            CHECK(r.eip == c.code.size());
            CHECK(r.cpl == 3);
            CHECK((r.flags & flag::vm));
            continue;
        }
        CHECK(r.eip == 0x8001u + 16 * static_cast<unsigned>(c.vector));
        CHECK(r.error == c.error);
        CHECK(r.cpl == 0);
        CHECK(r.ds == 0);
        CHECK((r.flags & flag::vm) == 0);
        CHECK(r.frame[1] == 0x100);
        CHECK((r.frame[2] & flag::vm));
        CHECK(r.frame[4] == 0x300);
        CHECK(r.frame[5] == 0x44);
        CHECK(r.frame[6] == 0x33);
        CHECK(r.frame[7] == 0x22);
        CHECK(r.frame[8] == 0x11);
    }
}
