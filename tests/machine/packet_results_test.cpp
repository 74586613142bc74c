// SPDX-License-Identifier: Apache-2.0
//
// Quantities of a run's packets from a summary that is made by hand.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <set>

#include "sim/machine/packet_latency.h"
#include "sim/machine/packet_results.h"
#include "sim/machine/report.h"

using namespace sb;
using namespace sb::literals;
using namespace sb::machine;
using Catch::Contains;
using observe::Span;

namespace {

PhaseResult phase(const char* name, uint64_t busy, uint64_t halted) {
    PhaseResult made;
    made.name = name;
    made.cpu.cycles[static_cast<size_t>(cpu::Cause::executing)] = busy;
    made.cpu.cycles[static_cast<size_t>(cpu::Cause::halted)] = halted;
    return made;
}

/// Five packets to a controller 10 us apart from 100 us on: four served, after 1, 2, 3 and 10 us,
/// and one dropped.
Results run() {
    Results results;
    results.file = "x.toml";
    results.total = phase("total", 10'000, 5'000);
    results.phases = {phase("set-up", 2'000, 0), phase("top half", 400, 0),
                      phase("bottom half", 1'200, 0), phase("idle", 100, 5'000)};
    observe::PacketSummary& packets = results.packets.emplace();
    packets.balance = {5, 4, 1, 0};
    packets.handled = 4;
    observe::PacketOrigin source;
    source.name = "source";
    source.balance = packets.balance;
    source.bytes = 500;
    source.served_bytes = 400;
    source.first_begun = 100_us;
    source.last_begun = 140_us;
    source.first_served = 120_us;
    source.last_served = 180_us;
    packets.origins = {source};
    packets.places = {{"nic", "ring <full>", 1}};
    observe::PacketWay nic;
    nic.name = "nic";
    nic.controller = nic.marked = true;
    nic.served = nic.taken = nic.handled = 4;
    nic.interrupts = 2;
    nic.handlers = 2;
    nic.per_interrupt.record(2, 2);
    nic.per_handler.record(1);
    nic.per_handler.record(3);
    for (const Time time : {1_us, 2_us, 3_us, 10_us})
        nic.spans[static_cast<size_t>(Span::host)].record(time.ps());
    nic.spans[static_cast<size_t>(Span::dma)].record((500_ns).ps(), 4);
    packets.ways = {nic};
    return results;
}

double value(const Results& results, const std::string& name) {
    for (const PacketMetric& metric : packet_metrics)
        if (name == metric.name) return metric.value(*results.packets, results);
    FAIL("no metric " << name);
    return 0;
}

}  // namespace

TEST_CASE("packet results - each quantity by hand") {
    const Results results = run();
    REQUIRE(results.packets->balanced());
    CHECK(value(results, "packets") == 5);
    CHECK(value(results, "packets served") == 4);
    CHECK(value(results, "packets dropped") == 1);
    CHECK(value(results, "packets inside") == 0);
    CHECK(value(results, "packets handled") == 4);
    CHECK(value(results, "offered rate") == Approx(100'000));    // 4 gaps in 40 us
    CHECK(value(results, "served rate") == Approx(50'000));      // 3 gaps in 60 us
    CHECK(value(results, "served throughput") == Approx(40.0));  // 3 of 100 bytes in 60 us
    CHECK(value(results, "host latency mean") == Approx(4.0));
    CHECK(value(results, "host latency p50") == Approx(2.0).epsilon(1e-3));
    CHECK(value(results, "host latency p90") == Approx(10.0));
    CHECK(value(results, "host latency max") == Approx(10.0));
    CHECK(value(results, "end-to-end latency mean") == 0);
    CHECK(value(results, "interrupt requests") == 2);
    CHECK(value(results, "interrupts per packet") == 0.5);
    CHECK(value(results, "packets per batch") == 2);
    CHECK(value(results, "cycles per packet") == 2'000);  // 8000, not halted and not set-up
    CHECK(value(results, "top half cycles per packet") == 100);
    CHECK(value(results, "bottom half cycles per packet") == 300);
    CHECK(value(results, "protocol cycles per packet") == 0);
}

TEST_CASE("packet results - names are unique, with units and words, and JSON has them all") {
    const Results results = run();
    const auto all = to_json(results);
    const auto json = all.at("packets");
    std::set<std::string> names;
    for (const PacketMetric& metric : packet_metrics) {
        CHECK(names.insert(metric.name).second);
        CHECK(std::string{metric.doc}.size() > 5);
        CHECK(json.at("metrics").contains(metric.name));
        CHECK(all.at("packet_metric_docs").at(metric.name).at("unit") == metric.unit);
    }
    CHECK(json.at("balanced") == true);
    CHECK(json.at("begun") == 5);
    CHECK(json.at("drops")[0] ==
          nlohmann::json{{"component", "nic"}, {"name", "ring <full>"}, {"packets", 1}});
    CHECK(json.at("ways")[0].at("latency_ps").at("host").at("max") == 10'000'000);
    CHECK(json.at("ways")[0].at("latency_ps").at("DMA").at("p99.9") == 500'000);
    CHECK(json.at("cycles_per_packet").at("bottom half") == 300.0);
    CHECK(all.at("packet_latency_docs").at("moderation").at("unit") == "ps");
}

TEST_CASE(
    "packet results - the report has them where there are packets, and says when they do not "
    "balance") {
    Results results = run();
    const std::string text = report(results, {});
    CHECK_THAT(text, Contains("What became of the packets"));
    CHECK_THAT(text, Contains("dropped by nic: ring <full>"));
    CHECK_THAT(text, Contains("Where the time of packets to nic went"));
    CHECK_THAT(text, Contains("2 000.0 cycles for each of 4 packets"));
    CHECK_THAT(text, !Contains("do not balance"));
    ++results.packets->balance.served;
    CHECK_THAT(report(results, {}), Contains("do not balance"));
    results.packets.reset();
    CHECK_THAT(report(results, {}), !Contains("packet"));
    CHECK_FALSE(to_json(results).contains("packets"));
}

TEST_CASE("packet results - the drawing has a curve for each stage, and none without packets") {
    Results results = run();
    const std::string svg = packet_latency_svg(results);
    CHECK_THAT(svg, Contains("DMA: from the packet buffer") &&
                        Contains("host: from its last bit") && Contains("<polyline"));
    CHECK_THAT(svg, !Contains("nan") && !Contains("inf\""));
    results.packets->ways.clear();
    CHECK_THAT(packet_latency_svg(results), !Contains("<polyline") && Contains("No packet"));
    results.packets.reset();
    CHECK_THAT(packet_latency_svg(results), Contains("No packet"));
}
