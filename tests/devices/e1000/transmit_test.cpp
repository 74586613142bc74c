// SPDX-License-Identifier: Apache-2.0
//
// From the transmit ring onto the wire: the manual, 3.3 and 3.4.
#include "tests/devices/e1000/nic_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::e1000;

namespace {

constexpr uint64_t dd = uint64_t{1} << 32;

}  // namespace

TEST_CASE("a legacy descriptor is sent, and written back with RS") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_transmit(io);
        io.write32(ims, txdw);
        board.put_transmit(0, frame(200), eop | ifcs | rs);
        bus::PacketPlaces::of(board.board).to_send(transmit_buffers, 77);
        io.write32(tdt, 1);
        io.wait(20_us);
        REQUIRE(board.wire.sent.size() == 1);
        CHECK(board.wire.sent[0].frame.bytes == frame(200));
        CHECK(board.wire.sent[0].frame.packet == 77);
        CHECK(!board.wire.sent[0].frame.damaged);
        CHECK((board.transmit_word(0) & dd) == dd);
        CHECK(board.irq.level());
        CHECK(io.read32(icr) == (txdw | txqe | txd_low));
        CHECK(io.read32(tdh) == 1);
        CHECK(board.findings() == 0);
    });
}
