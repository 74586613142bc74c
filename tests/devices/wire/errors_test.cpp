// SPDX-License-Identifier: Apache-2.0
//
// What a wire loses and damages, rates in common, links that stay down, captures, and saved frames
// in flight.
#include <pcap/pcap.h>
#include <catch2/catch.hpp>

#include <bit>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "tests/devices/wire/link.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::literals;
using observe::Stage;
using sb::test::counter;
using sb::test::frame;
using sb::test::Link;
using sb::test::Script;
using sb::test::TestBoard;
using sb::test::TestStation;

namespace {

std::string temporary(const std::string& name) {
    return (std::filesystem::temp_directory_path() / (name + std::to_string(getpid()))).string();
}

void send_many(Link& link, Script& io, int frames, size_t bytes) {
    for (int i = 0; i < frames; ++i) {
        link.a.send(io, frame(bytes));
        io.wait(bus::ethernet::wire_time(bytes, 1'000'000'000) + 96_ns);
    }
}

/// frames = arrived + lost + unclaimed + in flight, in both directions.
uint64_t in_flight(const bus::Device& wire, const std::string& from) {
    return counter(wire, "frames_" + from) - counter(wire, "arrived_" + from) -
           counter(wire, "lost_" + from) - counter(wire, "unclaimed_" + from);
}

}  // namespace

TEST_CASE("loss and corruption are as often as asked, and every frame is accounted for") {
    Link link{{{"loss", "2%"}, {"corruption", "5%"}}};
    constexpr int n = 50'000;
    link.board.run([&](Script& io) {
        send_many(link, io, n, 60);
        io.wait(1_us);
    });
    const double lost = static_cast<double>(counter(*link.wire, "lost_from_a"));
    const double damaged = static_cast<double>(counter(*link.wire, "damaged_from_a"));
    CHECK(std::abs(lost - 0.02 * n) < 3.3 * std::sqrt(n * 0.02 * 0.98));
    CHECK(std::abs(damaged - 0.05 * 0.98 * n) < 3.3 * std::sqrt(n * 0.049 * 0.951));
    CHECK(counter(*link.wire, "frames_from_a") == n);
    CHECK(in_flight(*link.wire, "from_a") == 0);
    CHECK(link.b.got.size() == counter(*link.wire, "arrived_from_a"));
    CHECK(link.log.count(Stage::sent) == n);
    CHECK(link.log.count(Stage::arrived) + link.log.count(Stage::dropped, "wire loss") == n);
    uint64_t with_flips = 0;
    for (const auto& [at, got] : link.b.got) {
        int flipped = 0;
        for (const uint8_t byte : got.bytes) flipped += std::popcount(byte);
        CHECK(flipped <= (got.damaged ? 1 : 0));
        with_flips += flipped;
    }
    // Of 64 bytes 4 are the FCS, whose bits nobody sees.
    CHECK(std::abs(static_cast<double>(with_flips) - damaged * 60 / 64) <
          3.3 * std::sqrt(damaged * 60 * 4) / 64);
}

TEST_CASE("the same seed loses the same frames; another seed, and another wire, others") {
    const auto lost = [](const char* seed, const char* name) {
        return test::isolated_text([=] {
            TestBoard board;
            test::PacketLog log{board.stream};
            board.plug("ethernet-wire", name, {{"loss", "10%"}, {"seed", seed}});
            TestStation a{board, "a", name}, b{board, "b", name};
            board.run([&](Script& io) {
                for (int i = 0; i < 200; ++i) {
                    a.send(io, frame(60));
                    io.wait(1_us);
                }
            });
            std::string all;
            for (const auto& item : log.at(Stage::dropped))
                all += std::to_string(item.packet) + " ";
            return all;
        });
    };
    CHECK(lost("1", "wire") == lost("1", "wire"));
    CHECK(lost("1", "wire") != lost("2", "wire"));
    CHECK(lost("1", "wire") != lost("1", "cable"));
}

TEST_CASE("stations agree on the highest rate that all have") {
    struct Row {
        const char* wire;
        std::vector<uint64_t> a, b;
        uint64_t rate;
    };
    struct Agreed {
        uint64_t rate;
        unsigned changes;
    };
    constexpr uint64_t M10 = 10'000'000, M100 = 100'000'000, G1 = 1'000'000'000;
    const Row rows[] = {{"1Gbps", {}, {}, G1},
                        {"1Gbps", {M10, M100, G1}, {}, G1},
                        {"1Gbps", {M10, M100, G1}, {M10}, M10},
                        {"1Gbps", {M100, M10}, {G1, M100, M10}, M100},
                        {"100Mbps", {M10, M100, G1}, {M10, M100, G1}, M100},
                        {"100Mbps", {G1}, {}, 0},
                        {"1Gbps", {M10}, {M100}, 0}};
    for (const Row& row : rows) {
        INFO(row.wire << " " << row.rate);
        const auto got = test::isolated([&] {
            Link link{{{"rate", row.wire}}, row.a, row.b};
            link.board.run([&](Script& io) { io.wait(1_us); });
            return Agreed{link.a.plug.bits_per_second(), link.a.link_changes};
        });
        CHECK(got.rate == row.rate);
        CHECK(got.changes == (row.rate ? 1 : 0));
    }
}

TEST_CASE("frames on a link that is down, or to nobody, end there") {
    const bool down = GENERATE(true, false);
    const bool good = test::isolated([=] {
        TestBoard board;
        test::PacketLog log{board.stream};
        bus::Device& wire = board.plug("ethernet-wire", "wire", {{"rate", "100Mbps"}});
        TestStation a{board, "a", "wire",
                      down ? std::vector<uint64_t>{10'000} : std::vector<uint64_t>{}};
        std::unique_ptr<TestStation> b;
        if (down)
            b = std::make_unique<TestStation>(board, "b", "wire", std::vector<uint64_t>{20'000});
        board.run([&](Script& io) {
            a.send(io, frame(60));
            io.wait(20_us);
        });
        if (down)
            return log.count(Stage::dropped, "wire down") == 1 &&
                   counter(wire, "refused_from_a") == 1 && !a.plug.up() &&
                   board.sim.findings().count("a station sent a frame while the link was down") ==
                       1;
        return log.count(Stage::dropped, "wire end") == 1 &&
               counter(wire, "unclaimed_from_a") == 1 && in_flight(wire, "from_a") == 0 &&
               a.plug.up();
    });
    CHECK(good);
}

TEST_CASE("frames of any length are carried, and take their time") {
    Link link;
    Time sent;
    link.board.run([&](Script& io) {
        for (const size_t bytes : {0, 1, 59, 1514, 9000, 65535}) {
            link.a.send(io, frame(bytes, 1));
            sent = io.time();
            io.wait(1_ms);
        }
    });
    REQUIRE(link.b.got.size() == 6);
    CHECK(link.b.got[0].second.bytes.empty());
    CHECK(link.b.got[0].first == 96_ns + 500_ns);  // preamble and FCS alone
    CHECK(link.b.got[5].second.bytes.size() == 65535);
    CHECK(link.b.got[5].first == sent + 8_ns * 65547 + 500_ns);
}

TEST_CASE("captures hold what passes, with stamps of nanoseconds") {
    const std::string all = temporary("wire_all"), at_a = temporary("wire_a");
    {
        Link link{{{"capture", all}, {"capture_a", at_a}}};
        link.board.run([&](Script& io) {
            io.wait(1_us);
            link.a.send(io, frame(60, 1));
            io.wait(2_us);
            link.b.send(io, frame(100, 2));
            io.wait(1_s);
        });
    }
    struct Expected {
        uint64_t ns;
        size_t bytes;
        uint8_t fill;
    };
    const auto check = [](const std::string& path, std::vector<Expected> expected) {
        char error[PCAP_ERRBUF_SIZE];
        pcap_t* file = pcap_open_offline_with_tstamp_precision(path.c_str(),
                                                               PCAP_TSTAMP_PRECISION_NANO, error);
        REQUIRE(file);
        CHECK(pcap_datalink(file) == DLT_EN10MB);
        pcap_pkthdr* head = nullptr;
        const u_char* bytes = nullptr;
        for (const Expected& one : expected) {
            REQUIRE(pcap_next_ex(file, &head, &bytes) == 1);
            CHECK(static_cast<uint64_t>(head->ts.tv_sec) * 1'000'000'000 +
                      static_cast<uint64_t>(head->ts.tv_usec) ==
                  one.ns);
            CHECK(head->len == one.bytes);
            CHECK(head->caplen == one.bytes);
            CHECK(bytes[0] == one.fill);
        }
        CHECK(pcap_next_ex(file, &head, &bytes) == PCAP_ERROR_BREAK);
        pcap_close(file);
        std::filesystem::remove(path);
    };
    check(all, {{2076, 60, 1}, {3000 + 896 + 500, 100, 2}});
    check(at_a, {{1000, 60, 1}, {4396, 100, 2}});
}

TEST_CASE("a capture that can not be made is an error at once") {
    TestBoard board;
    CHECK_THROWS_WITH(board.plug("ethernet-wire", "wire", {{"capture", "/nowhere/at/all.pcap"}}),
                      Catch::Contains("/nowhere/at/all.pcap can not be made"));
    CHECK_THROWS_WITH(board.plug("ethernet-wire", "wire", {{"rate", "100Gbps"}, {"latency", "1s"}}),
                      Catch::Contains("rate times latency"));
}

TEST_CASE("frames in flight are saved and arrive after a restore as they would have") {
    const TestBoard::Settings settings{{"latency", "100us"}, {"corruption", "30%"}};
    const auto arrivals = [](const Link& link) {
        std::string result;
        for (const auto& [at, got] : link.b.got)
            result += std::to_string(at.ps()) + (got.damaged ? "x" : "") +
                      std::to_string(got.packet) + " ";
        return result;
    };
    const std::string whole = test::isolated_text([&] {
        Link link{settings};
        link.board.run([&](Script& io) {
            send_many(link, io, 20, 60);
            io.wait(1_ms);
        });
        return arrivals(link);
    });
    const std::string saved = test::isolated_text([&] {
        Link link{settings};
        link.board.run([&](Script& io) { send_many(link, io, 20, 60); });
        Archive archive{Archive::Mode::save};
        link.board.sim.archive(archive);
        const auto bytes = archive.serialise();
        return std::string{bytes.begin(), bytes.end()};
    });
    const std::string restored = test::isolated_text([&] {
        Link link{settings};
        Archive archive =
            Archive::parse({reinterpret_cast<const uint8_t*>(saved.data()), saved.size()});
        link.board.sim.archive(archive);
        link.board.run([](Script& io) { io.wait(2_ms); });
        return arrivals(link);
    });
    CHECK(whole.find('x') != std::string::npos);
    CHECK(restored == whole);
}
