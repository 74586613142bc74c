// SPDX-License-Identifier: Apache-2.0
//
// Clocks against the published tables, one row a figure: the instruction runs a hundred times in a
// row, and takes that many times its clocks. Sources are in cpu/timing/*.toml.
#include <catch2/catch.hpp>

#include "sim/kernel/error.h"
#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using sb::test::Guest;
using sb::test::isolated;

namespace {

struct Figure {
    const char* name;
    std::vector<uint8_t> code;
    unsigned i486, pentium;
};

const Figure figures[] = {
    {"mov r,r", {0x89, 0xd8}, 1, 1},
    {"mov r,m", {0x8b, 0x1e}, 1, 1},
    {"mov m,r", {0x89, 0x1e}, 1, 1},
    {"lea", {0x8d, 0x5e, 0x04}, 1, 1},
    {"inc r", {0x43}, 1, 1},
    {"nop", {0x90}, 1, 1},
    {"add r,r", {0x01, 0xd8}, 1, 1},
    {"add r,m", {0x03, 0x1e}, 2, 2},
    {"add m,r", {0x01, 0x1e}, 3, 3},
    {"cmp r,m", {0x3b, 0x1e}, 2, 2},
    {"xchg r,m", {0x87, 0x1e}, 5, 3},
    {"mov sreg,r", {0x8e, 0xc0}, 3, 2},
    {"mul r32 by 0xffffffff", {0xf7, 0xe5}, 42, 10},
    {"mul r32 by 1", {0xf7, 0xe7}, 13, 10},
    {"div r32", {0xf7, 0xf5}, 40, 41},
    {"idiv r32", {0xf7, 0xff}, 43, 46},
    {"shl r,imm", {0xc1, 0xe3, 0x04}, 2, 1},
    {"jmp rel", {0xeb, 0x00}, 3, 1},
    {"jcc taken", {0x74, 0x00}, 3, 1},
    {"jcc not taken", {0x75, 0x00}, 1, 1},
    {"loop", {0xe2, 0x00}, 6, 5},
    {"call rel", {0xe8, 0, 0, 0, 0}, 3, 1},
    {"push r", {0x53}, 1, 1},
    {"push m", {0xff, 0x36}, 4, 2},
    {"pop r", {0x5b}, 4, 1},
    {"pop m", {0x8f, 0x06}, 6, 3},
    {"pusha", {0x60}, 11, 5},
    {"pushf", {0x9c}, 4, 9},
    {"popf", {0x9d}, 9, 6},
    {"movs", {0xa4}, 7, 4},
    {"stos", {0xaa}, 5, 3},
    {"lods", {0xac}, 5, 2},
    {"cli", {0xfa}, 5, 7},
    {"lgdt", {0x0f, 0x01, 0x15, 0x00, 0x40, 0, 0}, 11, 6},
    {"clts", {0x0f, 0x06}, 7, 10},
    {"mov CR0,r", {0x0f, 0x22, 0xc1}, 16, 16},
    {"mov r,CR", {0x0f, 0x20, 0xc3}, 4, 4},
    {"invlpg", {0x0f, 0x01, 0x3e}, 12, 25},
};

/// Cycles of `copies` times the code, then HLT, without HLT's own.
uint64_t cycles_of(const std::string& model, const std::vector<uint8_t>& code, unsigned copies,
                   sb::test::Settings settings = {}) {
    Guest g{model, settings};
    g.at(0x4000).word(0xff).dword(Guest::gdt);
    auto c = g.at(0x1000);
    for (unsigned n = 0; n < copies; ++n) c.bytes(code);
    c.hlt();
    cpu::State& s = g.cpu.state();
    s.regs[eax] = 0x10;
    s.regs[ecx] = cr0::pe | cr0::et;
    s.regs[ebp] = 0xffffffff;
    s.regs[edi] = 1;
    if (code[0] >= 0xa4 && code[0] <= 0xaf) s.regs[edi] = 0x22000;
    s.regs[esi] = 0x20000;
    s.flags.set(flag::zf);
    s.regs[edx] = 0;
    g.run(0x1000);
    if (g.cpu.attribution().total().total() != g.cpu.cycles()) return 0;
    return g.cpu.cycles() - g.cpu.model()[cpu::Row::interrupt_hlt];
}

}  // namespace

TEST_CASE("instructions take the published clocks") {
    for (const Figure& row : figures) {
        INFO(row.name);
        CHECK(isolated([&] { return cycles_of("486", row.code, 100); }) == 100 * row.i486);
        CHECK(isolated([&] { return cycles_of("pentium", row.code, 100); }) == 100 * row.pentium);
        // The idealised core takes one clock for each.
        CHECK(isolated([&] { return cycles_of("ideal", row.code, 100); }) == 100);
    }
}

TEST_CASE("a ROM of a model's clocks can be replaced and faults in it are named") {
    CHECK(load_model("486").name == "486");
    CHECK(load_model("pentium").has(Feature::cpuid));
    CHECK_THROWS_AS(load_model("786"), Error);
    CHECK_THROWS_AS(load_model("486", "/nonexistent.toml"), Error);
    CHECK_THROWS_WITH(parse_model("[model]\nname = 3\n", "mine.toml"),
                      Catch::Matchers::Contains("mine.toml:2"));
}

namespace {

struct Port {
    const char* name;
    std::vector<uint8_t> code;
    uint32_t count;  // ECX
    unsigned i486, pentium;
    unsigned accesses;
};

struct Measured {
    uint64_t executing, io_stall, total, sum;
};

Measured port_cycles(const std::string& model, const Port& p, Time port_time) {
    Guest g{model, {}, port_time};
    g.at(0x1000).bytes(p.code).hlt();
    g.cpu.state().regs[ecx] = p.count;
    g.cpu.state().regs[edx] = 0x10;
    g.cpu.state().regs[esi] = g.cpu.state().regs[edi] = 0x20000;
    g.run(0x1000);
    return {g.spent(Cause::executing) - 4, g.spent(Cause::io_stall), g.cpu.cycles(),
            g.cpu.attribution().total().total()};
}

}  // namespace

TEST_CASE("port instructions take the published clocks plus the bus time") {
    const Port ports[] = {
        {"in al,imm", {0xe4, 0x10}, 0, 8, 4, 1},
        {"in ax,dx", {0x66, 0xed}, 0, 8, 4, 1},
        {"out imm,al", {0xe6, 0x10}, 0, 11, 9, 1},
        {"out dx,eax", {0xef}, 0, 10, 9, 1},
        {"insw", {0x66, 0x6d}, 0, 10, 6, 1},
        {"outsw", {0x66, 0x6f}, 0, 10, 10, 1},
        {"rep insw of a sector", {0xf3, 0x66, 0x6d}, 256, 10 + 8 * 256, 8 + 3 * 256, 256},
        {"rep outsw of a sector", {0xf3, 0x66, 0x6f}, 256, 11 + 5 * 256, 10 + 4 * 256, 256},
    };
    for (const Port& p : ports) {
        INFO(p.name);
        // 150 ns is 9.9 cycles of a 66 MHz part and 19.95 of a 133 MHz one.
        const Measured slow = isolated([&] { return port_cycles("486", p, Time::ns(150)); });
        CHECK(slow.executing == p.i486);
        CHECK(slow.io_stall == 10 * p.accesses);
        CHECK(slow.sum == slow.total);
        const Measured fast = isolated([&] { return port_cycles("pentium", p, Time::ns(150)); });
        CHECK(fast.executing == p.pentium);
        CHECK(fast.io_stall == 20 * p.accesses);
        CHECK(fast.sum == fast.total);
    }
}

TEST_CASE("INT and IRET take the published clocks and count as entry and exit") {
    struct Figures {
        uint64_t entry, exit, total, sum;
    };
    auto measure = [](const std::string& model, const std::string& cache) {
        return isolated([&] {
            Guest g{model, {{"cache", cache}}};
            g.gate(0x40, 0x2000);
            g.at(0x2000).bytes({0xcf});
            g.at(0x1000).bytes({0xcd, 0x40}).hlt();
            g.run(0x1000);
            return Figures{g.spent(Cause::interrupt_entry), g.spent(Cause::interrupt_exit),
                           g.cpu.cycles(), g.cpu.attribution().total().total()};
        });
    };
    const Figures i486 = measure("486", "perfect");
    CHECK(i486.entry == 44);
    CHECK(i486.exit == 20);
    const Figures p5 = measure("pentium", "perfect");
    CHECK(p5.entry == 31);
    CHECK(p5.exit == 10);
    // Without a cache: a gate and a descriptor of two doublewords each, and three pushes; on the
    // way back three pops and a descriptor. A single access is 60 ns, 4 cycles of 15.152 ns.
    const Figures none = measure("486", "none");
    CHECK(none.entry == 44 + 7 * 4);
    CHECK(none.exit == 20 + 5 * 4);
    for (const Figures& f : {i486, p5, none}) CHECK(f.sum == f.total);
}

TEST_CASE("without a cache each data access is a bus transaction") {
    struct Figures {
        uint64_t executing, stall;
        Time held;
        uint64_t transactions;
    };
    const Figures f = isolated([] {
        Guest g{"486", {{"cache", "none"}}};
        g.at(0x1000)
            .bytes({0x8b, 0x06})        // mov eax, [esi]: 60 ns, 4 cycles
            .bytes({0x89, 0x46, 0x04})  // mov [esi+4], eax
            .bytes(
                {0x01, 0x46, 0x0a})  // add [esi+10], eax: a straddling read and write, 90 ns each
            .hlt();
        g.cpu.state().regs[esi] = 0x20000;
        g.run(0x1000);
        return Figures{g.spent(Cause::executing), g.spent(Cause::memory_stall), g.board.bus.held(),
                       g.board.processor.stats().transactions};
    });
    CHECK(f.executing == 1 + 1 + 3 + 4);
    CHECK(f.stall == 4 + 4 + 6 + 6);
    CHECK(f.held == Time::ns(60 + 60 + 90 + 90));
    CHECK(f.transactions == 4);
}

TEST_CASE("an access to an observation port is free with its instruction") {
    Guest g{"486"};
    g.at(0x1000).bytes({0x90, 0xe6, 0xe9, 0x90}).hlt();
    g.free_ports.on_write = [&](uint32_t v) { g.cpu.set_phase(static_cast<uint8_t>(v)); };
    g.cpu.state().regs[eax] = 7;
    g.run(0x1000);
    CHECK(g.cpu.cycles() == 1 + 1 + 4);
    CHECK(g.free_ports.written.size() == 1);
    CHECK(g.cpu.attribution().of(0).total() == 1);
    CHECK(g.cpu.attribution().of(7).total() == 5);
    CHECK(g.cpu.instructions() == 4);
}
