// SPDX-License-Identifier: Apache-2.0
//
// When packets are offered and sent, to the picosecond.
#include <catch2/catch.hpp>

#include "tests/support/isolated.h"
#include "tests/support/packet_log.h"

using namespace sb;
using namespace sb::literals;
using observe::Stage;
using sb::test::counter;
using sb::test::PacketLog;
using sb::test::Script;
using sb::test::TestBoard;
using sb::test::TestStation;

namespace {

struct Rig {
    TestBoard board;
    PacketLog log{board.stream};
    bus::Device* wire;
    bus::Device* source;
    TestStation sink;

    explicit Rig(TestBoard::Settings traffic, const TestBoard::Settings& settings = {})
        : wire{&board.plug("ethernet-wire", "wire", settings)},
          source{(traffic["wire"] = "wire", &board.plug("traffic-source", "peer", traffic))},
          sink{board, "sink", "wire"} {}
    void run(Time t) {
        board.run([&](Script& io) { io.wait(t); });
    }
};

}  // namespace

TEST_CASE(
    "a line full of frames of 64 bytes carries 1,488,095 a second at 1 Gb/s, and 14,880 at 10 "
    "Mb/s") {
    const bool fast = GENERATE(true, false);
    const uint64_t frames = test::isolated([=] {
        Rig rig{{{"rate", "line"}}, {{"rate", fast ? "1Gbps" : "10Mbps"}, {"latency", "0ns"}}};
        rig.run(fast ? 100_ms : 1_s);
        // The last bit of frame n is out at n slots plus 576 ns (57.6 us): those that have begun
        // count.
        return counter(*rig.wire, "frames_from_a");
    });
    // 10^8 ns / 672 ns = 148,809.5; 10^6 us / 67.2 us = 14,880.95; the first begins at 0.
    CHECK(frames == (fast ? 148'810 : 14'881));
}

TEST_CASE("a constant rate offers packet n at n / rate") {
    Rig rig{{{"rate", "3000"}, {"start", "10us"}, {"count", "4"}}};
    rig.run(10_ms);
    const auto offered = rig.log.at(Stage::offered);
    REQUIRE(offered.size() == 4);
    CHECK(offered[0].at == 10_us);
    CHECK(offered[1].at == 10_us + 333'333'333_ps);
    CHECK(offered[2].at == 10_us + 666'666'666_ps);
    CHECK(offered[3].at == 10_us + 1_ms);
    const auto arrived = rig.log.at(Stage::arrived);
    REQUIRE(arrived.size() == 4);
    CHECK(arrived[3].at == 10_us + 1_ms + 1076_ns);
    CHECK(arrived[3].bytes == 60);
    CHECK(arrived[3].packet == offered[3].packet);
}
