// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "tests/cpu/guest.h"

using namespace sb;
using namespace sb::cpu;
using sb::test::Guest;

TEST_CASE("flat code runs to HLT and every cycle has a cause") {
    Guest g{"486"};
    g.at(0x1000)
        .mov(ecx, 10)
        .mov(eax, 0)
        .bytes({0x01, 0xc8})  // add eax, ecx
        .bytes({0x49})        // dec ecx
        .bytes({0x75, 0xfb})  // jnz -5
        .bytes({0xe7, 0x10})  // out 0x10, eax
        .hlt();
    const Outcome& outcome = g.run(0x1000);
    CHECK(outcome.kind == Outcome::Kind::halted);
    CHECK(outcome.text.find("hlt") != std::string::npos);
    CHECK(g.reg(eax) == 55);
    REQUIRE(g.ports.written.size() == 1);
    CHECK(g.ports.written[0].value == 55);
    CHECK(g.cpu.instructions() == 34);
    // 2 moves, 10 x (add, dec), 9 taken and one untaken jump, OUT imm, HLT
    CHECK(g.spent(Cause::executing) == 2 + 20 + 9 * 3 + 1 + 11 + 4);
    CHECK(g.spent(Cause::io_stall) == 6);  // 90 ns at 66 MHz
    CHECK(g.cpu.attribution().total().total() == g.cpu.cycles());
}
