// SPDX-License-Identifier: Apache-2.0
//
// Packets of hand-made events, with times worked out by hand; and any order of events at all, for
// what must hold whatever comes.
#include <catch2/catch.hpp>

#include <random>

#include "sim/observe/packet_journeys.h"
#include "sim/observe/packet_table.h"
#include "tests/app/process.h"

using namespace sb;
using namespace sb::observe;
using namespace sb::literals;

namespace {

struct Network {
    explicit Network(size_t most = PacketJourneys::default_most) : journeys{most} {
        stream.attach(journeys, PacketJourneys::kinds());
    }
    void at(Time time, const Probe& who, uint64_t packet, Stage stage,
            const std::string& place = {}, uint64_t bytes = 0) {
        who.emit(time, Kind::packet, packet, static_cast<uint64_t>(stage), bytes,
                 place.empty() ? 0 : stream.intern(place));
    }
    /// Through a wire from `from` to the controller "nic", into memory: offered at t, then 1, 10, 1
    /// and 4 us.
    void arrive(Time t, uint32_t packet, const Probe& nic_) {
        at(t, source, packet, Stage::offered, {}, 60);
        at(t + 1_us, wire, packet, Stage::sent, "source", 60);
        at(t + 11_us, wire, packet, Stage::arrived, stream.source_name(0), 60);
        at(t + 12_us, nic_, packet, Stage::buffered);
        at(t + 16_us, nic_, packet, Stage::stored);
    }
    PacketSummary summary() { return journeys.summary(); }

    Stream stream;
    Probe nic{stream, "nic"}, wire{stream, "wire"}, source{stream, "source"},
        guest{stream, "probe"}, out{stream, "out"}, sink{stream, "sink"};
    PacketJourneys journeys;
};

uint64_t only(const HdrHistogram& histogram) {
    REQUIRE(histogram.count() == 1);
    return histogram.greatest();
}

const PacketWay& way(const PacketSummary& summary, const std::string& name) {
    for (const PacketWay& way : summary.ways)
        if (way.name == name) return way;
    FAIL("no way " << name);
    return summary.ways.front();
}

}  // namespace

TEST_CASE("packets - one that passes every stage has a time for each pair of them") {
    Network n;
    n.arrive(100_us, 7, n.nic);                       // stored at 116
    n.at(120_us, n.nic, 0, Stage::interrupt);         // moderated by 4
    n.at(126_us, n.guest, 0, Stage::handler, "nic");  // after 6
    n.at(133_us, n.guest, 7, Stage::taken);           // after 7
    n.at(141_us, n.guest, 7, Stage::protocol);        // after 8
    n.at(150_us, n.guest, 7, Stage::served);          // after 9
    const PacketSummary s = n.summary();
    REQUIRE(s.ways.size() == 1);
    const PacketWay& nic = way(s, "nic");
    const std::pair<Span, Time> expected[]{
        {Span::source, 1_us},      {Span::wire, 10_us},      {Span::buffer, 1_us},
        {Span::dma, 4_us},         {Span::moderation, 4_us}, {Span::interrupt, 6_us},
        {Span::wait, 7_us},        {Span::ring, 17_us},      {Span::protocol, 8_us},
        {Span::application, 9_us}, {Span::host, 39_us},      {Span::end_to_end, 50_us}};
    for (const auto& [span, time] : expected) {
        INFO(spans[static_cast<size_t>(span)].name);
        CHECK(only(nic.span(span)) == time.ps());
    }
    for (Span span : {Span::forwarding, Span::transmit, Span::through})
        CHECK(nic.span(span).count() == 0);
    CHECK(nic.controller);
    CHECK(nic.marked);
    CHECK(nic.interrupts == 1);
    CHECK(nic.empty_interrupts == 0);
    CHECK(nic.handlers == 1);
    CHECK(only(nic.per_interrupt) == 1);
    CHECK(only(nic.per_handler) == 1);
    REQUIRE(s.origins.size() == 1);
    CHECK(s.origins[0].name == "source");
    CHECK(s.origins[0].bytes == 60);
    CHECK(s.origins[0].served_bytes == 60);
    CHECK(s.origins[0].first_begun == 100_us);
    CHECK(s.origins[0].last_served == 150_us);
    CHECK(s.balance == PacketBalance{1, 1, 0, 0});
    CHECK(s.handled == 1);
    CHECK(s.balanced());
}

TEST_CASE("packets - an interrupt is for all that are stored by then, and that nobody has seen") {
    Network n;
    n.arrive(0_us, 1, n.nic);                        // stored at 16
    n.arrive(4_us, 2, n.nic);                        // at 20
    n.at(18_us, n.guest, 0, Stage::handler, "nic");  // a poll: sees packet 1, by its stamp
    n.at(19_us, n.guest, 1, Stage::taken);
    n.at(21_us, n.nic, 0, Stage::interrupt);  // so it is for packet 2 only
    n.arrive(10_us, 3, n.nic);                // stored at 26
    n.at(25_us, n.nic, 0, Stage::interrupt);  // for nobody: 3 is stored later, and 2 has one
    n.at(30_us, n.guest, 0, Stage::handler, "nic");
    n.at(31_us, n.guest, 2, Stage::taken);
    n.at(32_us, n.guest, 3, Stage::taken);
    n.at(33_us, n.nic, 0, Stage::interrupt);  // all are taken
    for (uint32_t packet : {1, 2, 3}) n.at(40_us, n.guest, packet, Stage::served);
    const PacketSummary s = n.summary();
    const PacketWay& nic = way(s, "nic");
    CHECK(only(nic.span(Span::moderation)) == (1_us).ps());  // packet 2
    CHECK(only(nic.span(Span::interrupt)) == (9_us).ps());   // packet 2
    CHECK(nic.span(Span::wait).count() == 3);                // after 1, 1 and 2 us
    CHECK(nic.span(Span::wait).mean() == Approx(4e6 / 3));
    CHECK(nic.span(Span::ring).count() == 3);  // 3, 11 and 6 us
    CHECK(nic.span(Span::ring).mean() == Approx(20e6 / 3));
    CHECK(nic.interrupts == 3);
    CHECK(nic.empty_interrupts == 2);
    CHECK(nic.per_interrupt.greatest() == 1);
    CHECK(nic.handlers == 2);
    CHECK(nic.per_handler.least() == 1);  // one taken after the poll, two after the top half
    CHECK(nic.per_handler.greatest() == 2);
    CHECK(s.reversed_spans == 0);
    CHECK(s.balanced());
}

TEST_CASE("packets - a top half that takes a quota leaves the rest their stamps") {
    Network n;
    for (uint32_t i = 1; i <= 5; ++i) n.arrive(Time::us(i), i, n.nic);
    n.at(30_us, n.nic, 0, Stage::interrupt);
    n.at(31_us, n.guest, 0, Stage::handler, "nic");
    for (uint32_t i = 1; i <= 3; ++i) n.at(Time::us(31 + i), n.guest, i, Stage::taken);
    n.at(39_us, n.guest, 0, Stage::handler, "nic");  // takes none
    n.at(40_us, n.guest, 0, Stage::handler, "nic");
    for (uint32_t i = 4; i <= 5; ++i) n.at(Time::us(37 + i), n.guest, i, Stage::taken);
    for (uint32_t i = 1; i <= 5; ++i) n.at(50_us, n.guest, i, Stage::served);
    const PacketSummary s = n.summary();
    const PacketWay& nic = way(s, "nic");
    CHECK(only(nic.per_interrupt) == 5);
    CHECK(nic.handlers == 3);
    CHECK(nic.empty_handlers == 1);
    CHECK(nic.per_handler.count() == 2);
    CHECK(nic.per_handler.least() == 2);
    CHECK(nic.per_handler.greatest() == 3);
    // From the first entry, which saw them all: 1, 2, 3, 10 and 11 us.
    CHECK(nic.span(Span::wait).count() == 5);
    CHECK(nic.span(Span::wait).mean() == Approx(27e6 / 5));
}

TEST_CASE("packets - a further machine's controller is not the first's of that name") {
    Network n;
    const Probe nic{n.stream, "server.nic"}, guest{n.stream, "server.probe"};
    n.arrive(0_us, 1, n.nic);
    n.arrive(0_us, 2, nic);
    n.at(20_us, guest, 0, Stage::handler, "server.nic");
    n.at(21_us, guest, 2, Stage::taken);
    n.at(22_us, guest, 2, Stage::served);
    const PacketSummary s = n.summary();
    CHECK(way(s, "server.nic").handlers == 1);
    CHECK(only(way(s, "server.nic").span(Span::wait)) == (1_us).ps());
    CHECK(way(s, "nic").handlers == 0);
    CHECK(s.inside[stamp_of(Stage::stored)] == 1);  // the other one has no such stamp
}

TEST_CASE("packets - one that is forwarded passes the second wire under the same number") {
    Network n;
    n.arrive(0_us, 9, n.nic);  // arrived at 11, stored at 16
    n.at(20_us, n.guest, 9, Stage::taken);
    n.at(22_us, n.guest, 9, Stage::protocol);
    n.at(25_us, n.guest, 9, Stage::forwarded);
    n.at(29_us, n.wire, 9, Stage::sent, "out");
    n.at(39_us, n.wire, 9, Stage::arrived, "sink");
    n.at(39_us, n.sink, 9, Stage::served);
    const PacketSummary s = n.summary();
    const PacketWay& nic = way(s, "nic");
    const PacketWay& sink = way(s, "sink");
    CHECK(only(nic.span(Span::source)) == (1_us).ps());
    CHECK(only(nic.span(Span::protocol)) == (2_us).ps());
    CHECK(only(nic.span(Span::forwarding)) == (3_us).ps());
    CHECK(nic.span(Span::host).count() == 0);
    CHECK(only(sink.span(Span::transmit)) == (4_us).ps());
    CHECK(only(sink.span(Span::through)) == (18_us).ps());  // 11 to 29
    CHECK(only(sink.span(Span::wire)) == (10_us).ps());
    CHECK(only(sink.span(Span::host)) == 0);
    CHECK(only(sink.span(Span::end_to_end)) == (39_us).ps());
    CHECK(sink.span(Span::source).count() == 0);
    CHECK_FALSE(sink.controller);
    CHECK(nic.forwarded == 1);
    CHECK(sink.served == 1);
    CHECK(s.handled == 1);
    CHECK(s.balance == PacketBalance{1, 1, 0, 0});
    CHECK(s.origins.size() == 1);
    CHECK(s.balanced());
}

TEST_CASE("packets - drops count by who and where, and what has not ended by its last stage") {
    Network n;
    n.at(1_us, n.source, 1, Stage::offered);
    n.at(1_us, n.source, 1, Stage::dropped, "queue full");
    n.arrive(2_us, 2, n.nic);
    n.at(30_us, n.guest, 2, Stage::taken);
    n.at(31_us, n.guest, 2, Stage::dropped, "queue full");
    n.at(3_us, n.wire, 3, Stage::sent, "source");
    n.at(4_us, n.nic, 3, Stage::dropped, "ring full");
    n.arrive(5_us, 4, n.nic);
    n.at(40_us, n.nic, 4, Stage::dropped, "ring full");
    n.arrive(6_us, 5, n.nic);
    n.at(7_us, n.source, 6, Stage::offered);
    n.at(41_us, n.nic, 0, Stage::interrupt);
    n.at(8_us, n.source, 7, Stage::offered);
    PacketSummary s = n.summary();
    CHECK(s.balance == PacketBalance{7, 0, 4, 3});
    REQUIRE(s.places.size() == 3);
    CHECK(s.places[0].where == "source");
    CHECK(s.places[1].where == "probe");
    CHECK(s.places[1].name == "queue full");
    CHECK(s.places[2].where == "nic");
    CHECK(s.places[2].packets == 2);
    CHECK(s.inside[stamp_of(Stage::interrupt)] == 1);
    CHECK(s.inside[stamp_of(Stage::offered)] == 2);
    CHECK(s.balanced());
    // Each of these would be a packet that the books do not have.
    ++s.places[1].packets;
    CHECK_FALSE(s.balanced());
    --s.places[1].packets;
    ++s.balance.served;
    CHECK_FALSE(s.balanced());
    --s.balance.served;
    --s.inside[stamp_of(Stage::offered)];
    CHECK_FALSE(s.balanced());
    ++s.inside[stamp_of(Stage::offered)];
    ++s.origins[0].balance.begun;
    CHECK_FALSE(s.balanced());
    // No times of those that were not served, where the driver marks what it takes.
    for (const PacketWay& way : s.ways)
        for (const HdrHistogram& span : way.spans) CHECK(span.count() == 0);
}

TEST_CASE(
    "packets - stamps count in any order of their events, also those that come after the end") {
    Network n;
    n.at(20_us, n.nic, 1, Stage::buffered);
    n.at(19_us, n.wire, 1, Stage::arrived, "nic");
    n.at(30_us, n.guest, 1, Stage::taken);
    n.at(35_us, n.guest, 1, Stage::served);
    n.at(25_us, n.nic, 1, Stage::stored);
    n.at(9_us, n.wire, 1, Stage::sent, "source");
    n.at(36_us, n.guest, 1, Stage::served);  // the first one counts
    n.at(37_us, n.guest, 1, Stage::dropped, "anywhere");
    const PacketSummary s = n.summary();
    const PacketWay& nic = way(s, "nic");
    CHECK(only(nic.span(Span::wire)) == (10_us).ps());
    CHECK(only(nic.span(Span::dma)) == (5_us).ps());
    CHECK(only(nic.span(Span::ring)) == (5_us).ps());
    CHECK(only(nic.span(Span::host)) == (16_us).ps());
    CHECK(s.repeated_marks == 2);
    CHECK(s.balance == PacketBalance{1, 1, 0, 0});
    CHECK(s.balanced());
}

TEST_CASE(
    "packets - what a guest says of packets that are not there is counted, and nothing else") {
    Network n;
    for (Stage stage : {Stage::taken, Stage::protocol, Stage::served, Stage::forwarded,
                        Stage::dropped, Stage::interrupt, Stage::handler})
        n.at(1_us, n.guest, 0xffff'fffe, stage, "x");
    n.at(1_us, n.guest, 0, Stage::served);
    n.at(1_us, n.guest, 1, static_cast<Stage>(200));
    n.at(1_us, n.guest, uint64_t{1} << 40, Stage::offered);
    CHECK_FALSE(n.journeys.any());
    const PacketSummary s = n.summary();
    CHECK(s.unknown_marks == 8);
    CHECK(s.balanced());
    // A packet that was served before it was stored has no such time.
    n.arrive(10_us, 1, n.nic);
    n.at(3_us, n.guest, 1, Stage::taken);
    n.at(4_us, n.guest, 1, Stage::served);
    const PacketSummary after = n.summary();
    CHECK(after.reversed_spans == 3);  // in the ring, host, end to end
    CHECK(way(after, "nic").span(Span::ring).count() == 0);
}

TEST_CASE(
    "packets - what a model drops before anything else is a packet, a guest's word alone is not") {
    Network n;
    n.at(1_us, n.wire, 5, Stage::dropped, "wire down", 60);
    n.at(2_us, n.guest, 6, Stage::dropped, "anywhere");
    const PacketSummary s = n.summary();
    CHECK(s.balance == PacketBalance{1, 0, 1, 0});
    CHECK(s.unknown_marks == 1);
    CHECK(s.balanced());
}

TEST_CASE("packets - numbers that come round are other packets") {
    Network n;
    n.at(1_us, n.source, 1, Stage::offered);
    n.at(2_us, n.wire, 1, Stage::sent, "source");
    n.at(3_us, n.source, 1, Stage::offered);  // while the first is on the wire
    n.at(4_us, n.sink, 1, Stage::served);
    n.at(5_us, n.wire, 1, Stage::sent, "out");  // sent after its end, unmarked
    const PacketSummary s = n.summary();
    CHECK(s.balance == PacketBalance{3, 1, 0, 2});
    CHECK(s.inside[stamp_of(Stage::sent)] == 2);
    CHECK(s.forgotten == 1);
    CHECK(s.balanced());
}

TEST_CASE("packets - of more than can be followed the oldest are forgotten, and stay inside") {
    Network n{100};
    for (uint32_t i = 1; i <= 1000; ++i) n.arrive(Time::us(i), i, n.nic);
    n.at(2_ms, n.nic, 0, Stage::interrupt);
    n.at(2_ms, n.guest, 900, Stage::taken);  // forgotten
    const PacketSummary s = n.summary();
    CHECK(s.balance == PacketBalance{1000, 0, 0, 1000});
    CHECK(s.inside[stamp_of(Stage::stored)] == 900);
    CHECK(s.inside[stamp_of(Stage::interrupt)] == 100);
    CHECK(s.forgotten == 900);
    CHECK(s.unknown_marks == 1);
    CHECK(s.balanced());
    // The driver marks nothing: so what is known of them counts.
    const PacketWay& nic = way(s, "nic");
    CHECK_FALSE(nic.marked);
    CHECK(nic.span(Span::dma).count() == 900);
    n.journeys.finish();
    CHECK(way(n.summary(), "nic").span(Span::dma).count() == 1000);
    CHECK(way(n.summary(), "nic").span(Span::moderation).count() == 100);
    CHECK(n.summary().balanced());
}

TEST_CASE("packets - the books balance whatever events come in whatever order") {
    uint64_t begun = 0, served = 0, dropped = 0;
    for (unsigned seed = 0; seed < 30; ++seed) {
        std::mt19937 random{seed};
        const size_t most = seed % 3 == 0 ? 16 : seed % 3 == 1 ? 200 : PacketJourneys::default_most;
        const uint32_t numbers = seed % 2 ? 50 : 2000;
        Network n{most};
        const test::TempFolder folder;
        PacketTable table{folder.path("packets.csv")};
        n.journeys.listen(table);
        const Probe* who[]{&n.nic, &n.wire, &n.source, &n.guest, &n.out, &n.sink};
        const char* places[]{"nic", "out", "ring full", "sink", ""};
        for (int i = 0; i < 20'000; ++i) {
            // Mostly in order, so that packets get far; and all stages, packet 0 among them.
            const auto stage = static_cast<Stage>(random() % stage_count);
            const uint64_t packet = random() % 20 == 0 ? 0 : 1 + random() % numbers;
            n.at(Time::ns(i * 10 + random() % 200), *who[random() % 6], packet, stage,
                 places[random() % 5], random() % 1515);
            if (i % 5000 == 0) REQUIRE(n.summary().balanced());
        }
        n.journeys.finish();
        const PacketSummary s = n.summary();
        REQUIRE(s.balanced());
        begun += s.balance.begun;
        served += s.balance.served;
        dropped += s.balance.dropped;
        table.close();
        // The table has each packet's end once.
        const std::string text = folder.read("packets.csv");
        const auto rows = [&](const std::string& end) {
            uint64_t count = 0;
            for (size_t at = text.find("," + end + ","); at != std::string::npos;
                 at = text.find("," + end + ",", at + 1))
                ++count;
            return count;
        };
        CHECK(rows("served") == s.balance.served);
        CHECK(rows("dropped") == s.balance.dropped);
        CHECK(rows("inside") == s.balance.inside);
    }
    CHECK(begun > 50'000);
    CHECK(served > 5'000);
    CHECK(dropped > 5'000);
}

TEST_CASE("packets - the table has a row for each leg, with its stamps in picoseconds") {
    const test::TempFolder folder;
    Network n;
    PacketTable table{folder.path("packets.csv")};
    n.journeys.listen(table);
    n.arrive(0_us, 9, n.nic);
    n.at(20_us, n.guest, 9, Stage::taken);
    n.at(25_us, n.guest, 9, Stage::forwarded);
    n.at(29_us, n.wire, 9, Stage::sent, "out");
    n.at(30_us, n.wire, 9, Stage::dropped, "lost, \"they\" say");
    n.at(31_us, n.source, 10, Stage::offered, {}, 1514);
    n.journeys.finish();
    table.close();
    CHECK(folder.read("packets.csv") ==
          "packet,leg,origin,controller,bytes,end,dropped_by,place,offered_ps,sent_ps,arrived_ps,"
          "buffered_ps,stored_ps,interrupt_ps,handler_ps,taken_ps,protocol_ps,served_ps,"
          "forwarded_ps,dropped_ps\n"
          "9,0,source,nic,60,forwarded,,,0,1000000,11000000,12000000,16000000,,,20000000,,,"
          "25000000,\n"
          "9,1,source,,60,dropped,wire,\"lost, \"\"they\"\" say\",0,29000000,,,,,,,,,25000000,"
          "30000000\n"
          "10,0,source,,1514,inside,,,31000000,,,,,,,,,,,\n");
}
