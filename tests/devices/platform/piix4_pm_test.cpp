// SPDX-License-Identifier: Apache-2.0
//
// ACPI's fixed hardware (ACPI 1.0b, 4.7) behind the PIIX4's base register (82371AB, 7).
#include <catch2/catch.hpp>

#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::LineLog;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

constexpr uint16_t base = 0xb000, status = base, enables = base + 2, control = base + 4,
                   timer = base + 8;

void configure(Script& io, uint32_t offset, uint32_t value) {
    io.out32(0xcf8, 0x80000000 | 1 << 11 | 3 << 8 | offset);
    io.out32(0xcfc, value);
}

/// As firmware does: the block at B000h, answering.
void set_up(Script& io) {
    configure(io, 0x40, base);
    configure(io, 0x80, 1);
}

/// A board with the function, and a script.
template <typename Body>
void run(Body body) {
    TestBoard board;
    LineLog sci{board.sim, board.board.line("irq9")};
    board.plug("pci-host", "host");
    board.plug("piix4-pm", "power");
    board.run([&](Script& io) { body(io, sci, board); });
}

}  // namespace

TEST_CASE("the ACPI block answers where PMBASE says while it is enabled") {
    run([](Script& io, LineLog&, TestBoard&) {
        CHECK(io.in16(control) == 0xffff);
        configure(io, 0x40, base);
        CHECK(io.in16(control) == 0xffff);
        configure(io, 0x80, 1);
        CHECK(io.in16(control) == 0);
        configure(io, 0x40, 0x600);
        CHECK(io.in16(control) == 0xffff);
        CHECK(io.in16(0x604) == 0);
    });
}

TEST_CASE("the power management timer counts 3579545 times a second in 24 bits") {
    run([](Script& io, LineLog&, TestBoard&) {
        set_up(io);
        io.wait_until(1_s);
        CHECK((io.in32(timer) & ~1u) == (3'579'545u & ~1u));  // the access comes a little later
        io.wait_until(10_s);
        CHECK((io.in32(timer) & ~1u) == ((35'795'450u & 0xffffff) & ~1u));
    });
}

TEST_CASE("the SCI follows status and enable and SCI_EN at the timer's overflow") {
    run([](Script& io, LineLog& sci, TestBoard&) {
        set_up(io);
        io.out16(enables, 1);
        io.wait_until(2343_ms);  // 2^23 ticks are 2.34348 s
        CHECK((io.in16(status) & 1) == 0);
        io.wait_until(2344_ms);
        CHECK((io.in16(status) & 1) == 1);
        CHECK_FALSE(sci.level());
        io.out8(0xb2, 0xf1);  // ACPI on
        CHECK((io.in16(control) & 1) == 1);
        CHECK(sci.level());
        io.out16(status, 1);
        CHECK_FALSE(sci.level());
        io.wait_until(4686_ms);  // 2^24 ticks are 4.68697 s
        CHECK_FALSE(sci.level());
        io.wait_until(4688_ms);
        CHECK(sci.level());
        io.out8(0xb2, 0xf0);  // off
        CHECK_FALSE(sci.level());
    });
}

TEST_CASE("soft off ends the run and another sleep state does not") {
    run([](Script& io, LineLog&, TestBoard& board) {
        set_up(io);
        io.out16(control, 0);
        io.out16(control, 1u << 13 | 1u << 10);
        CHECK_FALSE(board.sim.finished());
        io.out16(control, 1u << 13);
        CHECK(board.sim.finished());
    });
}
