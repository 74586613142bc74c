// SPDX-License-Identifier: Apache-2.0
//
// From the wire into the receive ring: the manual, 3.2 and 13.4.22.
#include "tests/devices/e1000/nic_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::e1000;
using observe::Stage;

namespace {

constexpr uint8_t done = 1, end = 2, no_checksum = 4;

}  // namespace

TEST_CASE("a frame is stored, reported and interrupts") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io);
        io.write32(ims, rxt0);
        const uint32_t packet = board.deliver(io, frame(100));
        io.wait(10_us);
        CHECK(board.receive_status(0) == (done | end | no_checksum));
        CHECK(board.receive_errors(0) == 0);
        CHECK(board.receive_length(0) == 100);
        CHECK(board.receive_bytes(0, 100) == frame(100));
        CHECK(board.receive_word(1) == 0);
        CHECK(io.read32(rdh) == 1);
        CHECK(board.irq.level());
        CHECK(io.read32(icr) == rxt0);
        CHECK(!board.irq.level());
        CHECK(io.read32(icr) == 0);
        CHECK(bus::PacketPlaces::of(board.board).received_at(receive_buffers) == packet);
        REQUIRE(board.log.entries.size() == 3);
        CHECK(board.log.entries[0].stage == Stage::buffered);
        CHECK(board.log.entries[1].stage == Stage::stored);
        CHECK(board.log.entries[1].packet == packet);
        CHECK(board.log.entries[2].stage == Stage::interrupt);
        CHECK(board.log.entries[2].packet == 0);
        CHECK(board.counter("received") == 1);
        CHECK(board.findings() == 0);
    });
}
