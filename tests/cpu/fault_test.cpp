// SPDX-License-Identifier: Apache-2.0
//
// Faults: their vectors, error codes and return addresses (Intel SDM volume 3, chapter 6).
#include <catch2/catch.hpp>

#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using sb::test::Guest;
using sb::test::isolated;

namespace {

struct Case {
    const char* name;
    std::vector<uint8_t> code;
    int vector;  // -1: none
    uint32_t error = 0;
    uint32_t eip = 0;  // pushed, from the start of the code
    const char* model = "486";
};

/// GDT of the table below: 3 read-only data to 0xfff, 4 not present, 5 execute-only code, 6 expand
/// down above 0xfff, 7 a TSS, 8 data with DPL 3, 9 a present data segment of base 0x20000.
const Case cases[] = {
    {"nothing", {0x90}, -1},
    {"div by zero", {0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xf7, 0xf3}, 0, 0, 7},
    {"div overflow", {0xba, 9, 0, 0, 0, 0xbb, 2, 0, 0, 0, 0xf7, 0xf3}, 0, 0, 10},
    {"idiv min by -1", {0xb8, 0, 0, 0, 0x80, 0x99, 0x83, 0xcb, 0xff, 0xf7, 0xfb}, 0, 0, 9},
    {"aam 0", {0xd4, 0x00}, 0},
    {"int3", {0xcc}, 3, 0, 1},
    {"into", {0xb0, 0x7f, 0xfe, 0xc0, 0xce}, 4, 0, 5},
    {"into without overflow", {0x31, 0xc0, 0xce}, -1},
    {"int 0x30", {0xcd, 0x30}, 0x30, 0, 2},
    {"bound", {0x31, 0xc0, 0x48, 0x62, 0x05, 0, 0x30, 0, 0}, 5, 0, 3},
    {"ud2", {0x0f, 0x0b}, 6},
    {"lock nop", {0xf0, 0x90}, 6},
    {"lock add r,r", {0xf0, 0x01, 0xd8}, 6},
    {"mov cs,ax", {0x8e, 0xc8}, 6},
    {"sse is not there", {0x0f, 0x58, 0xc1}, 6},
    {"fcmov on a pentium", {0xda, 0xc1}, 6, 0, 0, "pentium"},
    {"fcomi on a pentium", {0xdb, 0xf1}, 6, 0, 0, "pentium"},
    {"fcomi on the ideal one", {0xdb, 0xf1}, -1, 0, 0, "ideal"},
    {"no instruction of the x87", {0xd9, 0xd1}, 6},
    {"fisttp came later", {0xdb, 0x0d, 0, 0x30, 0, 0}, 6},
    {"cpuid on a plain 486", {0x0f, 0xa2}, 6},
    {"rdtsc on a 486", {0x0f, 0x31}, 6},
    {"cmpxchg8b on a 486", {0x0f, 0xc7, 0x0d, 0, 0x30, 0, 0}, 6},
    {"cmov on a pentium", {0x0f, 0x44, 0xc3}, 6, 0, 0, "pentium"},
    {"cmov on the ideal one", {0x0f, 0x44, 0xc3}, -1, 0, 0, "ideal"},
    {"16 bytes",
     {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
      0x90},
     13},
    {"null selector is loaded", {0x31, 0xc0, 0x8e, 0xd8}, -1},
    {"null selector is used", {0x31, 0xc0, 0x8e, 0xd8, 0x8a, 0x06}, 13, 0, 4},
    {"null in SS", {0x31, 0xc0, 0x8e, 0xd0}, 13, 0, 2},
    {"selector beyond the table", {0xb8, 0x00, 0x10, 0, 0, 0x8e, 0xc0}, 13, 0x1000, 5},
    {"selector of no LDT", {0xb8, 0x0c, 0, 0, 0, 0x8e, 0xc0}, 13, 0x0c, 5},
    {"not present", {0xb8, 0x20, 0, 0, 0, 0x8e, 0xc0}, 11, 0x20, 5},
    {"not present in SS", {0xb8, 0x20, 0, 0, 0, 0x8e, 0xd0}, 12, 0x20, 5},
    {"read-only in SS", {0xb8, 0x18, 0, 0, 0, 0x8e, 0xd0}, 13, 0x18, 5},
    {"execute-only in DS", {0xb8, 0x28, 0, 0, 0, 0x8e, 0xd8}, 13, 0x28, 5},
    {"system segment in DS", {0xb8, 0x38, 0, 0, 0, 0x8e, 0xd8}, 13, 0x38, 5},
    {"ring-3 data with RPL 3", {0xb8, 0x43, 0, 0, 0, 0x8e, 0xd8}, -1},
    {"read to the limit", {0xb8, 0x18, 0, 0, 0, 0x8e, 0xc0, 0x26, 0xa1, 0xfc, 0x0f, 0, 0}, -1},
    {"read beyond the limit",
     {0xb8, 0x18, 0, 0, 0, 0x8e, 0xc0, 0x26, 0xa1, 0xfd, 0x0f, 0, 0},
     13,
     0,
     7},
    {"write to read-only", {0xb8, 0x18, 0, 0, 0, 0x8e, 0xc0, 0x26, 0xa3, 0, 0, 0, 0}, 13, 0, 7},
    {"write to code", {0x2e, 0xa3, 0, 0x30, 0, 0}, 13},
    {"expand-down above", {0xb8, 0x30, 0, 0, 0, 0x8e, 0xc0, 0x26, 0xa1, 0, 0x10, 0, 0}, -1},
    {"expand-down below",
     {0xb8, 0x30, 0, 0, 0, 0x8e, 0xc0, 0x26, 0xa1, 0xff, 0x0f, 0, 0},
     13,
     0,
     7},
    {"far jump to data", {0xea, 0, 0, 0, 0, 0x10, 0}, 13, 0x10},
    {"far jump to null", {0xea, 0, 0, 0, 0, 0, 0}, 13, 0},
    {"far jump to nothing", {0xea, 0, 0, 0, 0, 0x20, 0}, 13, 0x20},
    {"ltr of data", {0xb8, 0x10, 0, 0, 0, 0x0f, 0x00, 0xd8}, 13, 0x10, 5},
    {"ltr", {0xb8, 0x38, 0, 0, 0, 0x0f, 0x00, 0xd8}, -1},
    {"ltr twice", {0xb8, 0x38, 0, 0, 0, 0x0f, 0x00, 0xd8, 0x0f, 0x00, 0xd8}, 13, 0x38, 8},
    {"lldt of data", {0xb8, 0x10, 0, 0, 0, 0x0f, 0x00, 0xd0}, 13, 0x10, 5},
    {"paging without protection", {0xb8, 0, 0, 0, 0x80, 0x0f, 0x22, 0xc0}, 13, 0, 5},
    {"CR4 of a plain 486", {0x0f, 0x20, 0xe0}, 6},
    {"CR4 with a bit that the model lacks",
     {0xb8, 0x80, 0, 0, 0, 0x0f, 0x22, 0xe0},
     13,
     0,
     5,
     "pentium"},
    {"CR1", {0x0f, 0x22, 0xc8}, 6},
    {"a vector without a gate", {0xcd, 0x50}, 13, 0x50 * 8 + 2},
    {"a gate that is not present", {0xcd, 0x51}, 11, 0x51 * 8 + 2},
};

struct Result {
    int vector = -1;
    uint32_t error = 0, eip = 0, esp = 0;
    bool halted = false, sums = false;
    uint64_t exceptions = 0;
};

Result run(const Case& c) {
    Guest g{c.model};
    g.descriptor(3, 0, 0xfff, 0x91, 0x4);
    g.descriptor(4, 0, 0xfffff, 0x13, 0xc);
    g.descriptor(5, 0, 0xfffff, 0x99, 0xc);
    g.descriptor(6, 0, 0xfff, 0x97, 0x4);
    g.descriptor(7, 0x5000, 0x67, 0x89, 0);
    g.descriptor(8, 0, 0xfffff, 0xf3, 0xc);
    g.descriptor(9, 0x20000, 0xfff, 0x93, 0x4);
    // Each handler: push its number, jump to where everything is written down.
    for (unsigned v = 0; v < 0x40; ++v) {
        g.gate(v, 0x8000 + 16 * v);
        g.at(0x8000 + 16 * v)
            .bytes({0x68})
            .dword(v)
            .bytes({0xe9})
            .dword(0x9000 - (0x8000 + 16 * v + 10));
    }
    g.gate(0x51, 0x8000, 0x0e);
    g.at(0x9000)
        .bytes({0x36, 0x8f, 0x05})
        .dword(0x6000)  // pop ss:[vector]
        .bytes({0x36, 0x89, 0x25})
        .dword(0x6004)  // mov ss:[esp]
        .hlt();
    // A stack that is too small is not the handler's: only flat SS can write there.
    g.at(0x3000).dword(0).dword(10);
    g.at(0x1000).bytes(c.code).hlt();
    const Outcome& outcome = g.run(0x1000);
    Result r;
    r.halted = outcome.kind == Outcome::Kind::halted;
    r.sums = g.cpu.attribution().total().total() == g.cpu.cycles();
    r.exceptions = g.cpu.attribution().total().exceptions;
    if (g.cpu.state().eip < 0x8000) return r;
    const uint32_t base = g.cpu.state().segments[ss].base;
    r.vector = static_cast<int>(g.dword(base + 0x6000));
    r.esp = g.dword(base + 0x6004);
    const bool has_error = r.vector == 8 || (r.vector >= 10 && r.vector <= 14);
    r.error = has_error ? g.dword(base + r.esp) : 0;
    r.eip = g.dword(base + r.esp + (has_error ? 4 : 0)) - 0x1000;
    return r;
}

}  // namespace

TEST_CASE("faults have their vector and error code and the right return address") {
    for (const Case& c : cases) {
        INFO(c.name);
        const Result r = isolated([&] { return run(c); });
        CHECK(r.halted);
        CHECK(r.vector == c.vector);
        if (c.vector >= 0) {
            CHECK(r.error == c.error);
            CHECK(r.eip == c.eip);
        }
        CHECK(r.sums);
    }
}

TEST_CASE("a fault whose handler faults is a double fault and one more is a shutdown") {
    const auto kind = [](bool with_double) {
        return isolated([=] {
            Guest g{"486"};
            if (with_double) g.gate(8, 0x9000);
            g.at(0x9000).bytes({0x58}).hlt();              // pop eax: the error code
            g.at(0x1000).bytes({0x31, 0xdb, 0xf7, 0xf3});  // #DE, and no gate for it: #GP
            const Outcome& outcome = g.run(0x1000);
            const bool told = outcome.text.find("triple fault") != std::string::npos;
            return std::array<int, 3>{static_cast<int>(outcome.kind), told,
                                      static_cast<int>(g.reg(eax))};
        });
    };
    const auto twice = kind(true);
    CHECK(twice[0] == static_cast<int>(Outcome::Kind::halted));
    CHECK(twice[2] == 0);
    const auto thrice = kind(false);
    CHECK(thrice[0] == static_cast<int>(Outcome::Kind::shutdown));
    CHECK(thrice[1]);
}

TEST_CASE("what the processor lacks is reported by name") {
    Guest g{"486"};
    g.gate(6, 0x9000);
    g.at(0x9000).hlt();
    g.at(0x1000).bytes({0x0f, 0x58, 0xc1});  // addps
    g.run(0x1000);
    REQUIRE(g.board.sim.findings().list().size() == 1);
    CHECK(g.board.sim.findings().list()[0].what == "an instruction that this processor does not have");
    CHECK(g.board.sim.findings().list()[0].first == "addps at EIP 0x1000");
}
