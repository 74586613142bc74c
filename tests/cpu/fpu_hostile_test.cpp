// SPDX-License-Identifier: Apache-2.0
//
// Hostile x87 code: any ESC bytes, any state by FRSTOR, exceptions unmasked and pending. Nothing of
// it may trap the host.
#include <catch2/catch.hpp>
#include <random>

#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using sb::test::Guest;
using sb::test::isolated;

TEST_CASE("random ESC bytes and states never trap the host") {
    const char* asked = std::getenv("SOUTHBRIDGE_SEEDS");
    const uint64_t seeds = asked ? std::strtoull(asked, nullptr, 10) : 20;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        INFO("seed " << seed);
        const auto kind = isolated([&] {
            std::mt19937_64 random{seed};
            Guest g{random() % 2 ? "ideal" : "486", {{"cache", random() % 2 ? "perfect" : "none"}}};
            // Every fault goes on after the instruction: its length is in EDI.
            for (unsigned v = 0; v < 0x20; ++v) {
                g.gate(v, 0x8000 + 0x20 * v);
                const bool error = v == 8 || (v >= 10 && v <= 14);
                test::Code h = g.at(0x8000 + 0x20 * v);
                if (error) h.bytes({0x83, 0xc4, 0x04});
                h.bytes({0xdb, 0xe2, 0x01, 0x3c, 0x24, 0xcf});  // fnclex; add [esp], edi; iret
            }
            for (uint32_t a = 0x20000; a < 0x40000; ++a)
                g.memory[a] = static_cast<uint8_t>(random());
            g.cpu.state().cr0 |= cr0::ne;
            test::Code code = g.at(0x100000);
            for (unsigned n = 0; n < 4000; ++n) {
                code.mov(esi, static_cast<uint32_t>(0x20000 + random() % 0x1fe00));
                if (random() % 8 == 0) code.mov(edi, 2).bytes({0xdd, 0x26});  // frstor [esi]
                const auto byte = static_cast<int>(0xd8 + random() % 8);
                const auto modrm = static_cast<int>(random() & 0xff);
                const bool memory = modrm < 0xc0;
                code.mov(edi, 2).bytes({byte, memory ? (modrm & 0x38) | 6 : modrm});
            }
            code.hlt();
            return g.run(0x100000, Time::s(1)).kind;
        });
        CHECK(kind == Outcome::Kind::halted);
    }
}
