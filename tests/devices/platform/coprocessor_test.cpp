// SPDX-License-Identifier: Apache-2.0
//
// The coprocessor error logic (Intel SDM volume 1, appendix D.2.1): FERR# latches IRQ 13, port F0h
// clears it and asserts IGNNE# until FERR# goes.
#include <catch2/catch.hpp>

#include "tests/support/test_board.h"

using namespace sb;
using sb::test::LineLog;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

class Driver : public Component {
  public:
    Driver(Simulation& sim, bus::Line& line) : Component{sim, "driver"} { pin.connect(line); }
    bus::Pin pin{*this, "pin"};
};

}  // namespace

TEST_CASE("an x87 error is IRQ 13 until port F0h is written") {
    TestBoard board;
    Driver ferr{board.sim, board.board.line("ferr")};
    LineLog irq{board.sim, board.board.line("irq13")};
    LineLog ignne{board.sim, board.board.line("ignne")};
    board.plug("coprocessor-error", "coprocessor");
    board.run([&](Script& io) {
        io.out8(0xf0, 0);  // nothing to ignore
        CHECK_FALSE(ignne.level());
        ferr.pin.set(true);
        CHECK(irq.level());
        CHECK_FALSE(ignne.level());
        io.out8(0xf0, 0);
        CHECK_FALSE(irq.level());
        CHECK(ignne.level());
        ferr.pin.set(false);
        CHECK_FALSE(ignne.level());
        ferr.pin.set(true);  // the latch holds without the error
        ferr.pin.set(false);
        CHECK(irq.level());
        io.out8(0xf0, 0);
        CHECK_FALSE(irq.level());
        CHECK_FALSE(ignne.level());
    });
}
