// SPDX-License-Identifier: Apache-2.0
//
// Results as flat names, whatever groups they have.
#include <catch2/catch.hpp>

#include "sim/lab/measures.h"

using namespace sb::lab;

namespace {

std::string lines(const std::string& json) {
    std::string text;
    for (const Measure& m : measures(json))
        text += m.name + "=" + m.value + "[" + m.unit + "]" + m.doc + "\n";
    return text;
}

}  // namespace

TEST_CASE("numbers are named by their path, phases and counters by their name") {
    CHECK(lines(R"({"title": "x", "success": true, "exit_status": 0, "elapsed_ps": 12,
        "phases": [{"name": "dma one", "bytes": 1, "exceptions": 2,
                    "cycles": {"halted": 5}, "metrics": {"I/O stall": 0.25, "bytes": 1}}],
        "counters": [{"component": "ide", "name": "reads", "unit": "sectors", "value": 7, "doc": "d"}],
        "guest_metrics": {"ns per word": 40},
        "metric_docs": {"I/O stall": {"unit": "cycles", "doc": "waiting"}, "bytes": {"unit": "B", "doc": "moved"}},
        "findings": [{"component": "a", "what": "w", "count": 3}],
        "console": "text"})") ==
          "elapsed_ps=12[ps]\n"
          "phase.dma_one.IO_stall=0.25[cycles]waiting\n"
          "phase.dma_one.bytes=1[B]moved\n"
          "phase.dma_one.exceptions=2[]\n"
          "counter.ide.reads=7[sectors]d\n"
          "metric.ns_per_word=40[]\n"
          "findings=3[]things that the guest did and that the real part forbids\n");
}

TEST_CASE("a group that nobody knows yet is there, with its units") {
    CHECK(lines(R"({"packets": {"sent": 4, "stages": [
        {"name": "wire to buffer", "unit": "ns", "count": 9, "p50": 1.5, "latency": {"value": 3, "unit": "us"}}],
        "drops": [1, 2]}})") ==
          "packets.sent=4[]\n"
          "packets.stages.wire_to_buffer.count=9[]\n"
          "packets.stages.wire_to_buffer.p50=1.5[ns]\n"
          "packets.stages.wire_to_buffer.latency=3[us]\n");
}

TEST_CASE("documented metrics of a group stand for themselves") {
    CHECK(lines(R"({"packets": {"drops": [{"component": "nic", "name": "fifo", "packets": 2}],
        "latency_ps": {"host": {"count": 1, "p50": 7}},
        "metrics": {"packets": 5, "host latency p99": 1.5}},
        "packet_docs": {"packets": {"unit": "", "doc": "begun"}, "host latency p99": {"unit": "us", "doc": "q"},
                        "host": {"unit": "ps", "doc": "h"}}})") ==
          "packets.packets=5[]begun\n"
          "packets.host_latency_p99=1.5[us]q\n"
          "packets.drops.nic.fifo.packets=2[]\n"
          "packets.latency_ps.host.count=1[]h\n"
          "packets.latency_ps.host.p50=7[ps]h\n");
}

TEST_CASE("names that fall together stay apart, and rubbish is no measure") {
    CHECK(lines(R"({"guest_metrics": {"a b": 1, "a_b": 2, "c,\"d\n": 3}})") ==
          "metric.a_b=1[]\nmetric.a_b#2=2[]\nmetric.c__d_=3[]\n");
    CHECK(measures("").empty());
    CHECK(measures("[1]").empty());
    CHECK(measures("{\"a\": ").empty());
}
