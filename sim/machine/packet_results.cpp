// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/packet_results.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace sb::machine {
namespace {

using observe::HdrHistogram;
using observe::PacketOrigin;
using observe::PacketSummary;
using observe::PacketWay;
using observe::Span;
using Json = nlohmann::ordered_json;

constexpr double ps_per_us = 1e6;

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0.0; }
double number(uint64_t n) { return static_cast<double>(n); }

uint64_t busy(const PhaseResult& phase) {
    return phase.cpu.total() - phase.cpu.cycles[static_cast<size_t>(cpu::Cause::halted)];
}

double phase_cycles(const PacketSummary& p, const Results& run, std::string_view name) {
    uint64_t cycles = 0;
    for (const PhaseResult& phase : run.phases)
        if (phase.name == name) cycles += busy(phase);
    return ratio(number(cycles), number(packets_paid_for(p)));
}
template <size_t index>
double cycles_of_phase(const PacketSummary& p, const Results& run) {
    return phase_cycles(p, run, packet_phases[index]);
}

/// Set-up is no packet's.
double all_cycles(const PacketSummary& p, const Results& run) {
    uint64_t cycles = busy(run.total);
    for (const PhaseResult& phase : run.phases)
        if (phase.name == "set-up") cycles -= busy(phase);
    return ratio(number(cycles), number(packets_paid_for(p)));
}

/// Through the machine: to the application, or out again at the other side.
HdrHistogram host(const PacketSummary& p) {
    HdrHistogram sum = p.all(Span::host, true);
    sum.add(p.all(Span::through));
    return sum;
}
HdrHistogram end_to_end(const PacketSummary& p) { return p.all(Span::end_to_end); }
HdrHistogram moderation(const PacketSummary& p) { return p.all(Span::moderation); }

template <HdrHistogram (*of)(const PacketSummary&), uint64_t part, uint64_t whole>
double quantile_us(const PacketSummary& p, const Results&) {
    return number(of(p).quantile(part, whole)) / ps_per_us;
}
template <HdrHistogram (*of)(const PacketSummary&)>
double mean_us(const PacketSummary& p, const Results&) {
    return of(p).mean() / ps_per_us;
}
template <HdrHistogram (*of)(const PacketSummary&)>
double most_us(const PacketSummary& p, const Results&) {
    return number(of(p).greatest()) / ps_per_us;
}

template <typename Value>
double over_origins(const PacketSummary& p, Value&& value) {
    double sum = 0;
    for (const PacketOrigin& origin : p.origins) sum += value(origin);
    return sum;
}
template <typename Value>
double over_ways(const PacketSummary& p, Value&& value) {
    double sum = 0;
    for (const PacketWay& way : p.ways) sum += value(way);
    return sum;
}

double served_bits(const PacketOrigin& o) {
    const double seconds = (o.last_served - o.first_served).seconds();
    // The first one's bits came before the time that is counted.
    const double share = ratio(number(o.balance.served) - 1, number(o.balance.served));
    return ratio(number(o.served_bytes) * 8 * share, seconds);
}

double interrupts(const PacketSummary& p) {
    return over_ways(p, [](const PacketWay& way) { return number(way.interrupts); });
}

}  // namespace

uint64_t packets_paid_for(const PacketSummary& packets) {
    uint64_t handled = 0;
    for (const PacketWay& way : packets.ways)
        if (way.name.find('.') == std::string::npos) handled += way.handled;
    return handled ? handled : packets.balance.served;
}

double packet_rate(uint64_t packets, Time first, Time last) {
    return packets > 1 ? ratio(number(packets - 1), (last - first).seconds()) : 0.0;
}

const std::vector<PacketMetric> packet_metrics{
    {"packets", "", "packets begun, by traffic sources and by controllers",
     [](const PacketSummary& p, const Results&) { return number(p.balance.begun); }, 0},
    {"packets served", "", "of them, those that an application or a peer has got",
     [](const PacketSummary& p, const Results&) { return number(p.balance.served); }, 0},
    {"packets dropped", "", "of them, those that were dropped, wherever",
     [](const PacketSummary& p, const Results&) { return number(p.balance.dropped); }, 0},
    {"packets inside", "", "of them, those on their way when the run ended",
     [](const PacketSummary& p, const Results&) { return number(p.balance.inside); }, 0},
    {"packets handled", "", "packets that a driver got, and that were served or forwarded",
     [](const PacketSummary& p, const Results&) { return number(p.handled); }, 0},
    {"offered rate", "packets/s",
     "packets begun, between the first and the last; the sum over who makes packets",
     [](const PacketSummary& p, const Results&) {
         return over_origins(p, [](const PacketOrigin& o) {
             return packet_rate(o.balance.begun, o.first_begun, o.last_begun);
         });
     },
     1},
    {"served rate", "packets/s",
     "packets served, between the first and the last; the sum over who makes packets",
     [](const PacketSummary& p, const Results&) {
         return over_origins(p, [](const PacketOrigin& o) {
             return packet_rate(o.balance.served, o.first_served, o.last_served);
         });
     },
     1},
    {"served throughput", "Mbit/s",
     "bits of frames served (without FCS, preamble and gap), in units of 10^6, as the rate",
     [](const PacketSummary& p, const Results&) { return over_origins(p, served_bits) / 1e6; }, 3},
    {"host latency mean", "us",
     "from the last bit's arrival at a controller until it is served, or until a forwarder sends "
     "its first bit",
     mean_us<host>, 3},
    {"host latency p50", "us", "its median", quantile_us<host, 1, 2>, 3},
    {"host latency p90", "us", "its 90th percentile", quantile_us<host, 9, 10>, 3},
    {"host latency p99", "us", "its 99th percentile", quantile_us<host, 99, 100>, 3},
    {"host latency p99.9", "us", "its 99.9th percentile", quantile_us<host, 999, 1000>, 3},
    {"host latency max", "us", "its greatest", most_us<host>, 3},
    {"end-to-end latency mean", "us", "from the source's wish to send it until it is served",
     mean_us<end_to_end>, 3},
    {"end-to-end latency p50", "us", "its median", quantile_us<end_to_end, 1, 2>, 3},
    {"end-to-end latency p99", "us", "its 99th percentile", quantile_us<end_to_end, 99, 100>, 3},
    {"end-to-end latency p99.9", "us", "its 99.9th percentile", quantile_us<end_to_end, 999, 1000>,
     3},
    {"moderation mean", "us", "from a packet's storage until the interrupt is asked for",
     mean_us<moderation>, 3},
    {"moderation p99", "us", "its 99th percentile", quantile_us<moderation, 99, 100>, 3},
    {"moderation max", "us", "its greatest", most_us<moderation>, 3},
    {"interrupt requests", "", "interrupts that controllers asked for",
     [](const PacketSummary& p, const Results&) { return interrupts(p); }, 0},
    {"interrupts per packet", "", "requests for each packet handled, by any machine",
     [](const PacketSummary& p, const Results&) { return ratio(interrupts(p), number(p.handled)); },
     4},
    {"packets per batch", "",
     "packets taken after one entry of a top half, or poll, of those after which any were",
     [](const PacketSummary& p, const Results&) {
         HdrHistogram sum;
         for (const PacketWay& way : p.ways) sum.add(way.per_handler);
         return sum.mean();
     },
     3},
    {"cycles per packet", "cycles",
     "processor cycles that were not halted, all but set-up, for each packet that this machine "
     "handled",
     all_cycles, 1},
    {"top half cycles per packet", "cycles", "of them, those in the phase \"top half\"",
     cycles_of_phase<0>, 1},
    {"bottom half cycles per packet", "cycles", "of them, those in the phase \"bottom half\"",
     cycles_of_phase<1>, 1},
    {"protocol cycles per packet", "cycles", "of them, those in the phase \"protocol\"",
     cycles_of_phase<2>, 1},
    {"application cycles per packet", "cycles", "of them, those in the phase \"application\"",
     cycles_of_phase<3>, 1},
};

namespace {

Json distribution(const HdrHistogram& histogram) {
    Json json{{"count", histogram.count()}, {"mean", histogram.mean()}, {"min", histogram.least()}};
    for (const Quantile& quantile : packet_quantiles)
        json[quantile.name] = histogram.quantile(quantile.part, quantile.whole);
    json["max"] = histogram.greatest();
    return json;
}

Json balance_json(const observe::PacketBalance& balance) {
    return {{"begun", balance.begun},
            {"served", balance.served},
            {"dropped", balance.dropped},
            {"inside", balance.inside}};
}

Json origin_json(const PacketOrigin& origin) {
    Json json{{"name", origin.name}};
    json.update(balance_json(origin.balance));
    json["bytes"] = origin.bytes;
    json["served_bytes"] = origin.served_bytes;
    json["first_begun_ps"] = origin.first_begun.ps();
    json["last_begun_ps"] = origin.last_begun.ps();
    json["first_served_ps"] = origin.first_served.ps();
    json["last_served_ps"] = origin.last_served.ps();
    return json;
}

Json way_json(const PacketWay& way) {
    Json json{{"name", way.name},
              {"served", way.served},
              {"forwarded", way.forwarded},
              {"taken", way.taken},
              {"interrupts", way.interrupts},
              {"empty_interrupts", way.empty_interrupts},
              {"handlers", way.handlers},
              {"empty_handlers", way.empty_handlers},
              {"packets_per_interrupt", distribution(way.per_interrupt)},
              {"packets_per_batch", distribution(way.per_handler)}};
    for (size_t i = 0; i < observe::span_count; ++i)
        if (way.spans[i].count() > 0)
            json["latency_ps"][observe::spans[i].name] = distribution(way.spans[i]);
    return json;
}

}  // namespace

Json packets_json(const Results& results) {
    const PacketSummary& packets = *results.packets;
    Json json = balance_json(packets.balance);
    json["balanced"] = packets.balanced();
    json["handled"] = packets.handled;
    json["inside_by_last_stage"] = Json::object();
    for (size_t i = 0; i < observe::stage_count; ++i)
        if (packets.inside[i] > 0)
            json["inside_by_last_stage"][observe::stage_names[i]] = packets.inside[i];
    json["origins"] = Json::array();
    for (const PacketOrigin& origin : packets.origins)
        json["origins"].push_back(origin_json(origin));
    json["drops"] = Json::array();
    for (const observe::PacketPlace& place : packets.places)
        json["drops"].push_back(
            {{"component", place.where}, {"name", place.name}, {"packets", place.packets}});
    json["ways"] = Json::array();
    for (const PacketWay& way : packets.ways) json["ways"].push_back(way_json(way));
    for (const PhaseResult& phase : results.phases)
        if (busy(phase) > 0)
            json["cycles_per_packet"][phase.name] =
                ratio(number(busy(phase)), number(packets_paid_for(packets)));
    json["forgotten"] = packets.forgotten;
    json["unknown_marks"] = packets.unknown_marks;
    json["repeated_marks"] = packets.repeated_marks;
    json["reversed_spans"] = packets.reversed_spans;
    for (const PacketMetric& metric : packet_metrics)
        json["metrics"][metric.name] = metric.value(packets, results);
    return json;
}

void add_packet_docs(Json& json) {
    for (const PacketMetric& metric : packet_metrics)
        json["packet_metric_docs"][metric.name] = {{"unit", metric.unit}, {"doc", metric.doc}};
    for (const observe::StagePair& span : observe::spans)
        json["packet_latency_docs"][span.name] = {{"unit", "ps"}, {"doc", span.doc}};
}

}  // namespace sb::machine
