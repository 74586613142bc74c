// SPDX-License-Identifier: Apache-2.0
//
// What following packets costs: host time for each packet that passes all ten stages from a traffic
// source to an application, in batches of a moderated interrupt; against the same events with
// nobody listening.
#include <benchmark/benchmark.h>

#include <memory>

#include "sim/observe/packet_journeys.h"

namespace {

using namespace sb;
using observe::Kind;
using observe::Stage;

struct Model {
    observe::Stream stream;
    observe::Probe source{stream, "source"}, wire{stream, "wire"}, nic{stream, "nic"},
        guest{stream, "probe"};
    uint64_t nic_name = stream.intern("nic"), source_name = stream.intern("source");
    Time now;
    uint64_t number = 0;
    uint64_t jitter = 1;

    void mark(const observe::Probe& who, uint64_t packet, Stage stage, uint64_t bytes = 0,
              uint64_t place = 0) {
        // Latencies that fill many buckets.
        jitter = jitter * 6364136223846793005u + 1442695040888963407u;
        now += Time::ps(1 + (jitter >> 44));
        who.emit(now, Kind::packet, packet, static_cast<uint64_t>(stage), bytes, place);
    }
    void batch(uint64_t packets) {
        const uint64_t first = number + 1;
        number += packets;
        for (uint64_t p = first; p <= number; ++p) {
            mark(source, p, Stage::offered, 60);
            mark(wire, p, Stage::sent, 60, source_name);
            mark(wire, p, Stage::arrived, 60, nic_name);
            mark(nic, p, Stage::buffered, 60);
            mark(nic, p, Stage::stored, 60);
        }
        mark(nic, 0, Stage::interrupt);
        mark(guest, 0, Stage::handler, 0, nic_name);
        for (uint64_t p = first; p <= number; ++p) {
            mark(guest, p, Stage::taken);
            mark(guest, p, Stage::protocol);
            mark(guest, p, Stage::served);
        }
    }
};

void packets(benchmark::State& state, bool follow) {
    const auto in_batch = static_cast<uint64_t>(state.range(0));
    Model model;
    observe::PacketJourneys journeys;
    if (follow) model.stream.attach(journeys, observe::PacketJourneys::kinds());
    for (auto _ : state) model.batch(in_batch);
    state.counters["packets"] =
        benchmark::Counter(static_cast<double>(model.number), benchmark::Counter::kIsRate);
    state.counters["s_per_packet"] =
        benchmark::Counter(static_cast<double>(model.number),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    if (follow && !journeys.summary().balanced()) state.SkipWithError("the books do not balance");
}

void packets_unfollowed(benchmark::State& state) { packets(state, false); }
BENCHMARK(packets_unfollowed)->Arg(32);
void packets_followed(benchmark::State& state) { packets(state, true); }
BENCHMARK(packets_followed)->Arg(1)->Arg(32)->Arg(1024);

}  // namespace
