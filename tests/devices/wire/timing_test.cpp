// SPDX-License-Identifier: Apache-2.0
//
// When frames arrive, to the picosecond. By hand, from IEEE 802.3-2005, 4.2.3.2 and 4.4.2: a frame
// of 64 bytes with FCS, 8 of preamble and 12 of gap are 672 bit times: 672 ns at 1 Gb/s, 67.2 us at
// 10 Mb/s.
#include <catch2/catch.hpp>

#include "tests/devices/wire/link.h"

using namespace sb;
using namespace sb::literals;
using observe::Stage;
using sb::test::counter;
using sb::test::frame;
using sb::test::Link;
using sb::test::Script;

TEST_CASE("a frame arrives with its last bit, one latency later") {
    Link link;
    link.board.run([&](Script& io) {
        io.wait(1_us);
        link.a.send(io, frame(60, 0xa5));
        io.wait(10_us);
    });
    REQUIRE(link.b.got.size() == 1);
    CHECK(link.b.got[0].first == 1_us + 576_ns + 500_ns);  // 72 bytes at 8 ns, 100 m
    CHECK(link.b.got[0].second.bytes == frame(60, 0xa5));
    CHECK_FALSE(link.b.got[0].second.damaged);
    CHECK(link.a.link_changes == 1);
    REQUIRE(link.log.items.size() == 2);
    CHECK(link.log.items[0].at == 1_us);
    CHECK(link.log.items[0].stage == Stage::sent);
    CHECK(link.log.items[0].place == "a");
    CHECK(link.log.items[0].source == "wire");
    CHECK(link.log.items[1].at == 2076_ns);
    CHECK(link.log.items[1].stage == Stage::arrived);
    CHECK(link.log.items[1].place == "b");
}

TEST_CASE("a direction is free again after frame and gap, and not a picosecond before") {
    Link link;
    link.board.run([&](Script& io) {
        io.wait(1_us);
        link.a.send(io, frame(60));
        io.wait(672_ns - 1_ps);
        link.a.send(io, frame(60));
        io.wait(1_ps);
        link.a.send(io, frame(60));
        link.b.send(io, frame(60));  // the other direction is free
        io.wait(10_us);
    });
    CHECK(link.b.got.size() == 2);
    CHECK(link.b.got[1].first == 1_us + 672_ns + 1076_ns);
    CHECK(link.a.got.size() == 1);
    CHECK(link.log.count(Stage::dropped, "wire busy") == 1);
    CHECK(counter(*link.wire, "frames_from_a") == 2);
    CHECK(counter(*link.wire, "refused_from_a") == 1);
    CHECK(link.board.sim.findings().count(
              "a station began to send before its direction of the wire was free") == 1);
}
