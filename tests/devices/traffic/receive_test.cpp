// SPDX-License-Identifier: Apache-2.0
//
// What a traffic source does with frames that come: answers, echoes, checks of order and age, round
// trips; and that frames of any length and content do no harm.
#include <catch2/catch.hpp>

#include "bus/internet.h"
#include "sim/kernel/random.h"
#include "tests/devices/traffic/rig.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::literals;
namespace net = sb::bus::internet;
using observe::Stage;
using sb::test::counter;
using sb::test::Rig;
using sb::test::Script;
using sb::test::TestBoard;
using sb::test::TestStation;

namespace {

const net::Endpoint peer{0x0a000202, {0x52, 0x54, 0, 0, 0, 2}, 10000};
const net::Endpoint guest{0x0a00020f, {0x52, 0x54, 0, 0x12, 0x34, 0x56}, 9};

std::vector<uint8_t> datagram(uint64_t number, Time stamp, size_t bytes = 18) {
    std::vector<uint8_t> payload(bytes);
    payload[0] = 'S';
    payload[1] = 'B';
    net::put64(&payload[2], number);
    net::put64(&payload[10], stamp.ps());
    return net::udp(guest, peer, payload);
}

std::string hex(const std::vector<uint8_t>& bytes) {
    std::string text;
    for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

/// How many hostile frames: SOUTHBRIDGE_FUZZ_FRAMES asks for more.
uint64_t fuzz_frames(uint64_t usual) {
    const char* text = std::getenv("SOUTHBRIDGE_FUZZ_FRAMES");
    return text ? std::strtoull(text, nullptr, 0) : usual;
}

}  // namespace

TEST_CASE("a datagram is a valid frame, byte by byte") {
    Rig rig{{{"count", "1"}, {"start", "1us"}}};
    rig.run(10_us);
    REQUIRE(rig.sink.got.size() == 1);
    // By hand. IP header: 4500 002e 0001 0000 4011 + addresses 0a00 0202 0a00 020f: 4500 + 002e +
    // 0001 + 4011 + 0a00 + 0202 + 0a00 + 020f = 9d51, complement 62ae. UDP: pseudo header 0a00 +
    // 0202 + 0a00 + 020f + 0011 + 001a = 183c, header 2710 + 0009 + 001a = 2733, payload 5342 +
    // 000f (10^6 ps = f4240h) + 4240 = 9591: d500, complement 2aff.
    CHECK(hex(rig.sink.got[0].second.bytes) ==
          "525400123456"
          "525400000002"
          "0800"
          "4500002e000100004011"
          "62ae"
          "0a000202"
          "0a00020f"
          "27100009001a"
          "2aff"
          "5342"
          "0000000000000000"
          "00000000000f4240");
}

TEST_CASE("ARP requests and pings to its address are answered; others are not") {
    Rig rig{{{"pattern", "none"}}};
    net::Endpoint stranger = peer;
    stranger.address += 1;
    std::vector<uint8_t> ping = net::udp(guest, peer, std::vector<uint8_t>(56));
    ping[23] = 1;  // ICMP
    net::put16(&ping[24], 0);
    net::put16(&ping[24], net::checksum({&ping[14], 20}));
    std::fill(ping.begin() + 34, ping.end(), 0);
    ping[34] = 8;
    net::put32(&ping[38], 0x12345678);  // identifier and sequence number
    ping[60] = 0x77;
    net::put16(&ping[36], net::checksum({&ping[34], 64}));
    rig.board.run([&](Script& io) {
        for (const auto& bytes :
             {net::arp(net::arp_request, guest, peer), net::arp(net::arp_request, guest, stranger),
              net::arp(net::arp_reply, guest, peer), ping}) {
            rig.sink.send(io, bytes);
            io.wait(10_us);
        }
    });
    REQUIRE(rig.sink.got.size() == 2);
    CHECK(hex(rig.sink.got[0].second.bytes).substr(0, 84) ==
          "525400123456"
          "525400000002"
          "0806"
          "0001080006040002"
          "525400000002"
          "0a000202"
          "525400123456"
          "0a00020f");
    CHECK(rig.sink.got[0].second.bytes.size() == 60);
    const auto& echo = rig.sink.got[1].second.bytes;
    CHECK(echo.size() == ping.size());
    CHECK(hex(echo).substr(68, 2) == "00");
    CHECK(net::get32(&echo[38]) == 0x12345678);
    CHECK(echo[60] == 0x77);
    CHECK(net::checksum({&echo[34], 64}) == 0);
    CHECK(net::checksum({&echo[14], 20}) == 0);
    CHECK(net::get32(&echo[26]) == peer.address);
    CHECK(rig.value("answered") == 2);
    CHECK(rig.value("received") == 4);
}

TEST_CASE("lost, reordered, duplicated and stale packets are told apart") {
    Rig rig{{{"pattern", "none"}}};
    rig.board.run([&](Script& io) {
        // 3 never comes; 5 comes after 7; 6 twice; 1 when it is long past; 100 after a gap of 30
        // that never come.
        std::vector<uint64_t> numbers{0, 2, 4, 6, 7, 5, 6};
        for (uint64_t n = 8; n < 70; ++n) numbers.push_back(n);
        numbers.push_back(1);
        numbers.push_back(100);
        numbers.push_back(300);  // further than the window reaches
        for (const uint64_t n : numbers) {
            rig.sink.send(io, datagram(n, io.time()));
            io.wait(1_us);
        }
        io.wait(5_us);
    });
    CHECK(rig.value("lost") == 1 + 1 + 30 + 199);  // 1 (it came too late), 3, 70 to 99, 101 to 299
    CHECK(rig.value("reordered") == 1);
    CHECK(rig.value("duplicated") == 1);
    CHECK(rig.value("stale") == 1);
    CHECK(rig.value("in_order") == 5 + 62 + 2);
    CHECK(rig.value("stamped") == rig.value("datagrams"));
    // Each was stamped when it was sent: 576 ns on the wire and 500 ns of latency later it is
    // there.
    CHECK(rig.value("age") == rig.value("stamped") * 1'076'000);
    CHECK(rig.value("age_most") == 1'076'000);
}

TEST_CASE("numbers and stamps that nobody sent do no harm") {
    Rig rig{{{"pattern", "none"}}};
    rig.board.run([&](Script& io) {
        for (const uint64_t n :
             {uint64_t{0}, ~uint64_t{0}, uint64_t{1} << 63, uint64_t{5}, ~uint64_t{0} - 1}) {
            rig.sink.send(io, datagram(n, Time::max()));
            io.wait(1_us);
        }
        io.wait(5_us);
    });
    CHECK(rig.value("restarted") == 4);
    CHECK(rig.value("lost") == 0);
    CHECK(rig.value("stamped") == 0);
}

TEST_CASE(
    "an echo peer sends datagrams back, and their age at the source is the way there and back") {
    TestBoard board;
    test::PacketLog log{board.stream};
    board.plug("ethernet-wire", "wire");
    auto& source = board.plug(
        "traffic-source", "source",
        {{"wire", "wire"}, {"rate", "10000"}, {"count", "100"}, {"flows", "4"}, {"size", "1518"}});
    auto& echo = board.plug("traffic-source", "echo",
                            {{"wire", "wire"},
                             {"pattern", "none"},
                             {"echo", "true"},
                             {"mac", "52:54:00:12:34:56"},
                             {"address", "10.0.2.15"}});
    board.run([](Script& io) { io.wait(20_ms); });
    CHECK(counter(echo, "echoed") == 100);
    CHECK(counter(source, "in_order") == 100);
    CHECK(counter(source, "lost") == 0);
    // 1526 bytes of preamble and frame at 8 ns, and 500 ns, twice.
    CHECK(counter(source, "age") == uint64_t{100} * 2 * (1526 * 8'000 + 500'000));
    CHECK(log.count(Stage::offered) == 200);
    CHECK(log.count(Stage::served) == 200);
}

TEST_CASE("request-response: the next request follows the answer, or the time-out") {
    const bool lossy = GENERATE(false, true);
    const bool good = test::isolated([=] {
        TestBoard board;
        test::PacketLog log{board.stream};
        board.plug("ethernet-wire", "wire", {{"loss", lossy ? "10%" : "0"}});
        auto& source = board.plug("traffic-source", "source",
                                  {{"wire", "wire"},
                                   {"pattern", "request-response"},
                                   {"draw", "fixed"},
                                   {"think", "5us"},
                                   {"timeout", "50us"},
                                   {"count", "1000"}});
        board.plug("traffic-source", "echo",
                   {{"wire", "wire"},
                    {"pattern", "none"},
                    {"echo", "true"},
                    {"mac", "52:54:00:12:34:56"},
                    {"address", "10.0.2.15"}});
        board.run([](Script& io) { io.wait(100_ms); });
        const uint64_t trips = counter(source, "round_trips"), lost = counter(source, "timeouts");
        const uint64_t trip = 2 * 1'076'000;  // ps
        bool ok = trips + lost == 1000 && counter(source, "round_trip_time") == trips * trip;
        if (!lossy) {
            const auto offered = log.at(Stage::offered);
            ok = ok && lost == 0 && offered[2].at == Time::ps(trip) + 5_us &&
                 offered[4].at == (Time::ps(trip) + 5_us) * 2;
        } else {
            ok = ok && lost > 130 && lost < 250;  // 1 - 0.9^2 = 19 %: 190 +- 5 sigma
        }
        return ok;
    });
    CHECK(good);
}

TEST_CASE("without a destination's MAC it asks, and sends once it knows") {
    Rig rig{{{"destination_mac", ""}, {"rate", "1000"}, {"count", "3"}}};
    rig.board.run([&](Script& io) {
        io.wait(1500_us);
        REQUIRE(rig.sink.got.size() == 1);
        CHECK(hex(rig.sink.got[0].second.bytes).substr(0, 84) ==
              "ffffffffffff"
              "525400000002"
              "0806"
              "0001080006040001"
              "525400000002"
              "0a000202"
              "000000000000"
              "0a00020f");
        rig.sink.send(io, net::arp(net::arp_reply, guest, peer));
        io.wait(10_ms);
    });
    CHECK(rig.log.count(Stage::dropped, "source unresolved") == 2);
    REQUIRE(rig.sink.got.size() == 2);
    CHECK(hex(rig.sink.got[1].second.bytes).substr(0, 12) == "525400123456");
}

TEST_CASE("frames that are damaged, too short, for others or malformed end at named places") {
    Rig rig{{{"pattern", "none"}}};
    std::vector<uint8_t> wrong_sum = datagram(0, {}), wrong_udp = datagram(0, {}),
                         to_other = datagram(0, {}), too_long = datagram(0, {}),
                         cut = datagram(0, {});
    wrong_sum[24] ^= 1;
    wrong_udp[42] ^= 1;
    to_other[5] ^= 1;
    too_long.resize(1519);
    net::put16(&cut[16], 1000);  // more than the frame has
    rig.board.run([&](Script& io) {
        for (const auto& bytes :
             {wrong_sum, wrong_udp, to_other, too_long, cut, std::vector<uint8_t>(59)}) {
            rig.sink.send(io, bytes);
            io.wait(20_us);
        }
        Simulation::LocalTime local{rig.board.sim, io.time() - rig.board.sim.kernel_now()};
        rig.sink.plug.transmit({datagram(0, {}), 0, true});
        io.wait(20_us);
    });
    CHECK(rig.log.count(Stage::dropped, "peer checksum") == 2);
    CHECK(rig.log.count(Stage::dropped, "peer address") == 1);
    CHECK(rig.log.count(Stage::dropped, "peer length") == 3);
    CHECK(rig.log.count(Stage::dropped, "peer fcs") == 1);
    CHECK(rig.log.count(Stage::served) == 0);
    CHECK(rig.value("refused") == 7);
}

TEST_CASE("hostile frames of any length and content are taken or refused, each once") {
    Rig rig{{{"pattern", "none"}, {"echo", "true"}, {"promiscuous", "true"}}};
    Random random{7};
    const auto n = fuzz_frames(30'000);
    rig.board.run([&](Script& io) {
        for (uint64_t i = 0; i < n; ++i) {
            std::vector<uint8_t> bytes;
            if (i % 3 == 0) {
                bytes.resize(random.below(i % 300 == 0 ? 65536 : 1600));
                for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.next());
            } else {
                // A good one of which some bytes are not.
                bytes = i % 3 == 1
                            ? datagram(random.below(100), {}, 18 + random.below(1400))
                            : net::arp(static_cast<uint16_t>(1 + random.below(2)), guest, peer);
                for (uint64_t flips = random.below(4); flips > 0; --flips)
                    bytes[random.below(std::min<size_t>(bytes.size(), 60))] =
                        static_cast<uint8_t>(random.next());
                if (random.below(8) == 0) bytes.resize(random.below(bytes.size() + 1));
            }
            const Time taken = bus::ethernet::wire_time(bytes.size(), 1'000'000'000) + 96_ns;
            rig.sink.send(io, std::move(bytes));
            io.wait(taken);
        }
        io.wait(1_ms);
    });
    CHECK(rig.value("received") + rig.value("refused") == n);
    CHECK(rig.log.count(Stage::served) +
              (rig.log.count(Stage::dropped) - rig.log.count(Stage::dropped, "source queue")) ==
          n);
    CHECK(rig.value("received") > 1000);
    CHECK(rig.value("echoed") > 1000);
}
