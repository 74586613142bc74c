// SPDX-License-Identifier: Apache-2.0
//
// Single step and breakpoints: where they come, what DR6 says, what RF is for (Intel SDM volume 3,
// chapter 17).
#include <catch2/catch.hpp>

#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using sb::test::Guest;
using sb::test::isolated;
using Bytes = std::vector<uint8_t>;

namespace {

constexpr uint32_t log_at = 0x21000;

struct Seen {
    std::array<uint32_t, 8> eips{};  // from 0x1000
    std::array<uint32_t, 8> dr6{};
    uint32_t count = 0;
    bool halted = false;
};

/// Runs code with DR0 and DR7 set; the handler writes down EIP and DR6, clears DR6, sets RF, and
/// returns.
Seen run(const Bytes& code, uint32_t dr0, uint32_t dr7, bool tf, bool lockstep,
         uint32_t cr4_bits = 0) {
    return isolated([&] {
        Guest g{"pentium"};
        g.board.sim.set_lockstep(lockstep);
        g.gate(1, 0x9000);
        g.gate(0x40, 0x9100);
        g.at(0x9100).bytes({0xcf});
        g.at(0x9000)
            .bytes({0x50, 0x53, 0x8b, 0x1d})
            .dword(log_at)  // push eax, ebx; mov ebx, [count]
            .bytes({0x8b, 0x44, 0x24, 0x08, 0x89, 0x04, 0xdd})
            .dword(log_at + 8)  // mov eax, [esp+8]; mov [log+8+ebx*8], eax
            .bytes({0x0f, 0x21, 0xf0, 0x89, 0x04, 0xdd})
            .dword(log_at + 12)                     // mov eax, dr6; mov [...+4], eax
            .bytes({0x31, 0xc0, 0x0f, 0x23, 0xf0})  // xor eax, eax; mov dr6, eax
            .bytes({0x81, 0x4c, 0x24, 0x10})
            .dword(flag::rf)  // or [esp+16], RF
            .bytes({0xff, 0x05})
            .dword(log_at)  // inc [count]
            .bytes({0x5b, 0x58, 0xcf});
        g.at(0x1000).bytes(code).hlt().bytes({0xeb, 0xfe});
        cpu::State& s = g.cpu.state();
        s.cr4 = cr4_bits;
        s.dr[0] = dr0;
        s.dr[7] = dr7;
        if (tf) s.other_flags |= flag::tf;
        s.regs[esi] = 0x22000;
        s.regs[edi] = 0x23000;
        s.regs[ecx] = 2;
        s.regs[edx] = 0x10;
        g.run(0x1000, Time::us(100));
        Seen seen;
        seen.count = g.dword(log_at);
        for (unsigned n = 0; n < 8; ++n) {
            seen.eips[n] = g.dword(log_at + 8 + 8 * n) - 0x1000;
            seen.dr6[n] = g.dword(log_at + 12 + 8 * n) & 0xf00f;
        }
        seen.halted = s.halted;
        return seen;
    });
}

struct Case {
    const char* name;
    Bytes code;
    uint32_t dr0, dr7;
    bool tf;
    std::vector<uint32_t> eips;
    uint32_t dr6;
    uint32_t cr4 = 0;
};

constexpr uint32_t step_bit = 0x4000, byte_ = 0, word_ = 1u << 18, dword_ = 3u << 18;
constexpr uint32_t execute = 1, on_write = 1 | 1u << 16, on_port = 1 | 2u << 16,
                   on_access = 1 | 3u << 16;

const Case cases[] = {
    {"single step", {0x90, 0x90}, 0, 0, true, {1, 2, 3}, step_bit},
    {"single step through a jump", {0xeb, 0x01, 0x90, 0x90}, 0, 0, true, {3, 4, 5}, step_bit},
    {"not after MOV SS", {0x66, 0xb8, 0x10, 0, 0x8e, 0xd0, 0x90}, 0, 0, true, {4, 7, 8}, step_bit},
    {"not into a gate", {0xcd, 0x40, 0x90}, 0, 0, true, {3, 4}, step_bit},
    {"each iteration", {0xf3, 0xa4}, 0, 0, true, {0, 2, 3}, step_bit},
    {"code", {0x90, 0x90, 0x90}, 0x1001, execute, false, {1}, 1},
    {"code not enabled", {0x90, 0x90}, 0x1001, 0, false, {}, 1},
    {"a read of a byte", {0xac}, 0x22000, on_access | byte_, false, {1}, 1},
    {"a read does not hit a write's", {0xac}, 0x22000, on_write | byte_, false, {}, 1},
    {"a write", {0x89, 0x06}, 0x22002, on_write | byte_, false, {2}, 1},
    {"a write beside", {0x89, 0x06}, 0x22004, on_write | byte_, false, {}, 1},
    {"an aligned doubleword", {0x88, 0x46, 0x03}, 0x22000, on_write | dword_, false, {3}, 1},
    {"a word", {0x88, 0x46, 0x02}, 0x22000, on_write | word_, false, {}, 1},
    {"an iteration", {0xf3, 0xa5}, 0x23000, on_write | dword_, false, {0}, 1},
    {"a port with DE", {0xe6, 0x10}, 0x10, on_port, false, {2}, 1, cr4::de},
    {"a port without", {0xe6, 0x10}, 0x10, on_port, false, {}, 1},
    {"GD", {0x0f, 0x21, 0xc0}, 0, 1u << 13, false, {0}, 0x2000},
};

}  // namespace

TEST_CASE("debug traps and faults come where they should") {
    for (const Case& c : cases)
        for (bool lockstep : {false, true}) {
            INFO(c.name << (lockstep ? " lockstep" : ""));
            const Seen r = run(c.code, c.dr0, c.dr7, c.tf, lockstep, c.cr4);
            // Stepping goes on behind HLT, which its trap leaves.
            CHECK(r.halted != c.tf);
            REQUIRE((c.tf ? r.count > c.eips.size() : r.count == c.eips.size()));
            for (size_t n = 0; n < c.eips.size(); ++n) {
                CHECK(r.eips[n] == c.eips[n]);
                CHECK(r.dr6[n] == c.dr6);
            }
        }
}
