// SPDX-License-Identifier: Apache-2.0
//
// When packets are offered and sent, to the picosecond.
#include <catch2/catch.hpp>

#include "tests/devices/traffic/rig.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::literals;
using observe::Stage;
using sb::test::counter;
using sb::test::Rig;
using sb::test::TestBoard;

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

TEST_CASE("steps of load: from each time on, its rate") {
    Rig rig{{{"rate", "1000"}, {"steps", "2500us:10000, 3ms:off,4ms:500"}, {"duration", "7ms"}}};
    rig.run(20_ms);
    std::vector<Time> expected{0_ms, 1_ms, 2_ms};
    for (int i = 0; i < 5; ++i) expected.push_back(2500_us + 100_us * i);
    expected.push_back(4_ms);
    expected.push_back(6_ms);
    const auto offered = rig.log.at(Stage::offered);
    REQUIRE(offered.size() == expected.size());
    for (size_t i = 0; i < expected.size(); ++i) CHECK(offered[i].at == expected[i]);
}

TEST_CASE("bursts of fixed length: at the line's rate, then idle") {
    Rig rig{{{"pattern", "on-off"},
             {"draw", "fixed"},
             {"rate", "line"},
             {"burst", "3"},
             {"idle", "10us"},
             {"count", "7"}}};
    rig.run(1_ms);
    const auto sent = rig.log.at(Stage::sent);
    REQUIRE(sent.size() == 7);
    const Time slot = 672_ns;
    for (size_t i = 0; i < 7; ++i)
        CHECK(sent[i].at == (slot * 3 + 10_us) * (i / 3) + slot * (i % 3));
    CHECK(rig.value("waited") == 0);
}

TEST_CASE(
    "a burst faster than the wire waits in the queue, and what does not fit is dropped there") {
    // 10 packets a microsecond apart at 10 Mb/s: one on the wire, two wait, the others find no
    // room.
    Rig rig{{{"rate", "1000000"}, {"count", "10"}, {"queue", "2"}},
            {{"rate", "10Mbps"}, {"latency", "0ns"}}};
    rig.run(1_ms);
    CHECK(rig.log.count(Stage::offered) == 10);
    CHECK(rig.log.count(Stage::dropped, "source queue") == 7);
    const auto sent = rig.log.at(Stage::sent);
    REQUIRE(sent.size() == 3);
    for (size_t i = 0; i < 3; ++i) CHECK(sent[i].at == Time::ns(67'200) * i);
    CHECK(Time::ps(rig.value("waited")) == (67'200_ns - 1_us) + (134'400_ns - 2_us));
    CHECK(rig.value("offered") == rig.value("sent") + rig.value("offered_dropped"));
}

TEST_CASE("settings that can not be are errors that name their key") {
    const std::pair<TestBoard::Settings, const char*> rows[] = {
        {{{"rate", "0"}}, "peer.rate"},
        {{{"rate", "fast"}}, "peer.rate"},
        {{{"steps", "1ms"}}, "peer.steps"},
        {{{"steps", "2ms:5,1ms:5"}}, "peer.steps"},
        {{{"steps", "1m:5"}}, "peer.steps"},
        {{{"pattern", "poisson"}, {"rate", "line"}}, "Poisson"},
        {{{"size", "12"}}, "peer.size"},
        {{{"mac", "52:54:00:12:34"}}, "peer.mac"},
        {{{"address", "10.0.2.256"}}, "peer.address"},
        {{{"destination", "here"}}, "peer.destination"},
        {{{"pattern", "pcap"}}, "peer.file"},
        {{{"port", "65000"}, {"flows", "1000"}}, "peer.flows"}};
    for (const auto& [settings, words] : rows) {
        INFO(words);
        const std::string said = test::isolated_text([&settings = settings]() -> std::string {
            TestBoard board;
            try {
                board.plug("traffic-source", "peer", settings);
            } catch (const Error& error) {
                return error.what();
            }
            return "no error";
        });
        CHECK_THAT(said, Catch::Contains(words));
    }
}
