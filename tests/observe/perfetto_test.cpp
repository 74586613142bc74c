// SPDX-License-Identifier: Apache-2.0
//
// Timelines of hand-made events, read by a JSON parser that is not ours and checked against the
// rules of the format ("Trace Event Format", the Chromium project).
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <set>

#include "sim/kernel/error.h"
#include "sim/observe/ordered.h"
#include "sim/observe/perfetto.h"
#include "tests/app/process.h"
#include "tests/observe/trace_check.h"

using namespace sb;
using namespace sb::observe;
using namespace sb::literals;
using sb::test::Timeline;

namespace {

struct Drawing {
    explicit Drawing(Time from = {}, Time to = Time::max(), TraceSetup setup = {})
        : writer{folder.path("trace.json"), std::move(setup), from, to}, ordered{writer} {
        stream.attach(ordered, KindSet{}.set());
    }
    Timeline timeline(Time end) {
        ordered.finish(stream);
        writer.close(end);
        return Timeline{folder.read("trace.json")};
    }
    test::TempFolder folder;
    Stream stream;
    Probe cpu{stream, "cpu"}, port{stream, "processor_port"}, irq{stream, "irq14"},
        ioapic{stream, "ioapic"}, lapic{stream, "lapic"}, ide{stream, "ide"};
    PerfettoWriter writer;
    Ordered ordered;
};

uint64_t ns(uint64_t n) { return n * 1000; }

}  // namespace

TEST_CASE("slices of phases, states, buses and devices") {
    TraceSetup setup;
    setup.cpu_period = 10_ns;
    Drawing d{{}, Time::max(), std::move(setup)};
    d.cpu.emit(Time::ps(12'345), Kind::phase, d.stream.intern("say \"hi\"\n\x80"));
    d.port.emit(100_ns, Kind::access, 0x1f7, 1, (80_ns).ps(), 2, 0x50, 0);
    d.ide.emit(200_ns, Kind::burst, 0x1000, 64, (600_ns).ps(), 1, 0xdead, 0);
    d.ide.emit(250_ns, Kind::device, d.stream.intern("seek"), 1, 2);
    d.ide.emit(260_ns, Kind::register_read, d.stream.intern("STATUS"), 0x50);
    d.ide.emit(400_ns, Kind::device, d.stream.intern("transfer"), 1, 2);
    d.cpu.emit(500_ns, Kind::halt, 0x1000);
    d.cpu.emit(700_ns, Kind::wake, 70);
    const Timeline t = d.timeline(1_us);
    CHECK(t.problems() == "");
    using Slice = Timeline::Slice;
    CHECK(t.slices("phase") == std::vector<Slice>{{"say \"hi\"\n\u0080", 12'345, 1'000'000}});
    CHECK(t.slices("state") ==
          std::vector<Slice>{{"stalled", ns(100), ns(180)}, {"halted", ns(500), ns(700)}});
    CHECK(t.slices("system bus") ==
          std::vector<Slice>{{"processor_port", ns(100), ns(180)}, {"ide", ns(200), ns(800)}});
    CHECK(t.slices("ide") ==
          std::vector<Slice>{{"seek", ns(250), ns(400)}, {"transfer", ns(400), ns(1000)}});
    CHECK(t.counts("i") == 1);
    CHECK(t.counter("bytes ide", ns(800)) == 64);
}

TEST_CASE("a burst that is abandoned is as long as it lasted and moved nothing") {
    Drawing d;
    using Slice = Timeline::Slice;
    d.ide.emit(100_ns, Kind::burst, 0x1000, 4, (60_ns).ps(), 1, 1, 0);
    d.ide.emit(130_ns, Kind::abandon, 0x1000, 4, (30_ns).ps());
    d.port.emit(130_ns, Kind::access, 0x2000, 4, (20_ns).ps(), 0, 1, 0);
    d.ide.emit(150_ns, Kind::burst, 0x1000, 4, (60_ns).ps(), 1, 1, 0);
    const Timeline t = d.timeline(1_us);
    CHECK(t.problems() == "");
    CHECK(t.slices("system bus") == std::vector<Slice>{{"ide", ns(100), ns(130)},
                                                       {"processor_port", ns(130), ns(150)},
                                                       {"ide", ns(150), ns(210)}});
    CHECK(t.counts("C") == 1);
    CHECK(t.counter("bytes ide", ns(210)) == 4);
}

TEST_CASE("an interrupt's arrow goes from its line to its end") {
    Drawing d;
    for (uint64_t n = 0; n < 3; ++n) {
        const Time t = 10_us * n + 1_us;
        d.irq.emit(t, Kind::line, 1);
        d.ioapic.emit(t + 100_ns, Kind::interrupt_message, 0x31, 14);
        d.lapic.emit(t + 200_ns, Kind::acknowledge, 0x31);
        d.cpu.emit(t + 200_ns, Kind::interrupt, 0x31, 0x1000, 20);
        d.irq.emit(t + 500_ns, Kind::line, 0);
        d.lapic.emit(t + 600_ns, Kind::end_of_interrupt, 0x31);
        d.cpu.emit(t + 700_ns, Kind::interrupt_return, 0x1000, 10);
    }
    // The timer of a local APIC has no line; and this one never ends.
    d.lapic.emit(50_us, Kind::interrupt_message, 0x40, no_input);
    d.lapic.emit(51_us, Kind::acknowledge, 0x40);
    d.cpu.emit(51_us, Kind::interrupt, 0x40, 0x1000, 20);
    const Timeline t = d.timeline(100_us);
    CHECK(t.problems() == "");
    const auto flows = t.flows();
    REQUIRE(flows.size() == 4);
    using Steps = std::vector<std::pair<std::string, uint64_t>>;
    for (uint64_t n = 0; n < 3; ++n) {
        const uint64_t at = ns(10'000 * n + 1000);
        CHECK(flows[n] == Steps{{"irq14", at},
                                {"ioapic", at + ns(100)},
                                {"lapic", at + ns(200)},
                                {"handlers", at + ns(200)},
                                {"lapic", at + ns(600)}});
    }
    CHECK(flows[3] ==
          Steps{{"lapic", ns(50'000)}, {"lapic", ns(51'000)}, {"handlers", ns(51'000)}});
    CHECK(t.slices("handlers").size() == 4);
}

TEST_CASE("edges and pulses still have an arrow each") {
    Drawing d;
    // A second request comes while the first is served: each has its own way.
    d.irq.emit(1_us, Kind::line, 1);
    d.irq.emit(1_us, Kind::line, 0);
    d.ioapic.emit(2_us, Kind::interrupt_message, 0x31, 14);
    d.lapic.emit(3_us, Kind::acknowledge, 0x31);
    d.cpu.emit(3_us, Kind::interrupt, 0x31, 0, 1);
    d.irq.emit(4_us, Kind::line, 1);
    d.ioapic.emit(5_us, Kind::interrupt_message, 0x31, 14);
    d.lapic.emit(6_us, Kind::end_of_interrupt, 0x31);
    d.lapic.emit(7_us, Kind::acknowledge, 0x31);
    d.lapic.emit(8_us, Kind::end_of_interrupt, 0x31);
    const Timeline t = d.timeline(9_us);
    CHECK(t.problems() == "");
    const auto flows = t.flows();
    REQUIRE(flows.size() == 2);
    CHECK(flows[0].front() == std::pair{std::string{"irq14"}, ns(1000)});
    CHECK(flows[0].back() == std::pair{std::string{"lapic"}, ns(6000)});
    CHECK(flows[1].front() == std::pair{std::string{"irq14"}, ns(4000)});
    CHECK(flows[1].size() == 4);
}

TEST_CASE("a window cuts slices at its ends") {
    Drawing d{1_us, 2_us};
    using Slice = Timeline::Slice;
    d.cpu.emit(100_ns, Kind::phase, d.stream.intern("early"));
    d.cpu.emit(500_ns, Kind::phase, d.stream.intern("before"));
    d.ide.emit(900_ns, Kind::burst, 0, 64, (200_ns).ps(), 1);
    d.ide.emit(1500_ns, Kind::burst, 0, 64, (200_ns).ps(), 1);
    d.cpu.emit(1600_ns, Kind::phase, d.stream.intern("within"));
    d.ide.emit(1900_ns, Kind::burst, 0, 64, (200_ns).ps(), 1);
    d.cpu.emit(3_us, Kind::phase, d.stream.intern("after"));
    const Timeline t = d.timeline(5_us);
    CHECK(t.problems() == "");
    CHECK(t.slices("phase") ==
          std::vector<Slice>{{"before", ns(1000), ns(1600)}, {"within", ns(1600), ns(2000)}});
    CHECK(t.slices("system bus") == std::vector<Slice>{{"ide", ns(1000), ns(1100)},
                                                       {"ide", ns(1500), ns(1700)},
                                                       {"ide", ns(1900), ns(2000)}});
}

TEST_CASE("events that no machine would emit make a good file too") {
    Drawing d;
    uint64_t seed = 1;
    const auto random = [&seed] {  // Knuth's MMIX generator
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        return seed >> 33;
    };
    const Probe* probes[] = {&d.cpu, &d.port, &d.irq, &d.ioapic, &d.lapic, &d.ide};
    Time at;
    for (int i = 0; i < 20'000; ++i) {
        at += Time::ps(random() % 3000);
        const auto kind = static_cast<Kind>(random() % static_cast<uint64_t>(Kind::count_));
        probes[random() % 6]->emit(at - Time::ps(random() % 5000), kind, random() % 300,
                                   random() % 5000, random() % 5000, random() % 5000, random(),
                                   random() % 5000);
    }
    const Timeline t = d.timeline(at);
    CHECK(t.problems() == "");
}

namespace {

/// Sent at `t` for 10 us, stored 2 us later, taken 3 us after that, served 5 us later.
void pass(Drawing& d, const Probe& guest, Time t, uint64_t packet, uint64_t to) {
    const auto mark = [&](Time at, const Probe& who, Stage stage) {
        who.emit(at, Kind::packet, packet, static_cast<uint64_t>(stage), 60, to);
    };
    mark(t, d.ide, Stage::sent);
    mark(t + 10_us, d.ide, Stage::arrived);
    mark(t + 12_us, d.ide, Stage::stored);
    mark(t + 15_us, guest, Stage::taken);
    mark(t + 20_us, guest, Stage::served);
}

}  // namespace

TEST_CASE("timeline - a packet is a slice for each time between its stages") {
    Drawing d;
    const Probe guest{d.stream, "probe"};
    const uint64_t to = d.stream.intern("ide");
    pass(d, guest, 100_us, 7, to);
    pass(d, guest, 105_us, 8, to);
    d.ide.emit(130_us, Kind::packet, 9, static_cast<uint64_t>(Stage::sent), 60, to);
    const Timeline timeline = d.timeline(200_us);
    CHECK(timeline.problems().empty());
    const uint64_t us = 1'000'000;
    CHECK(timeline.asynchronous("0x7") ==
          std::vector<Timeline::Slice>{{"packet", 100 * us, 120 * us},
                                       {"wire", 100 * us, 110 * us},
                                       {"arrived to stored", 110 * us, 112 * us},
                                       {"in the ring", 112 * us, 115 * us},
                                       {"taken to served", 115 * us, 120 * us}});
    CHECK(timeline.asynchronous("0x8").size() == 5);
    CHECK(timeline.asynchronous("0x9").empty());  // one stamp, and no time
}

TEST_CASE("timeline - packets are cut at the window's ends") {
    Drawing d{105_us, 114_us};
    const Probe guest{d.stream, "probe"};
    const uint64_t to = d.stream.intern("ide");
    pass(d, guest, 100_us, 7, to);
    pass(d, guest, 10_us, 8, to);
    pass(d, guest, 120_us, 9, to);
    const Timeline timeline = d.timeline(200_us);
    CHECK(timeline.problems().empty());
    const uint64_t us = 1'000'000;
    CHECK(timeline.asynchronous("0x7") ==
          std::vector<Timeline::Slice>{{"packet", 105 * us, 114 * us},
                                       {"wire", 105 * us, 110 * us},
                                       {"arrived to stored", 110 * us, 112 * us},
                                       {"in the ring", 112 * us, 114 * us}});
    CHECK(timeline.asynchronous("0x8").empty());
    CHECK(timeline.asynchronous("0x9").empty());
}
