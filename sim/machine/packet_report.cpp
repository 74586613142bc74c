// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "sim/machine/figures.h"
#include "sim/machine/packet_results.h"

namespace sb::machine {
namespace {

using observe::HdrHistogram;
using observe::PacketOrigin;
using observe::PacketSummary;
using observe::PacketWay;

std::string count(uint64_t n) { return grouped(static_cast<double>(n), 0); }
std::string us(double ps) { return grouped(ps / 1e6, 3); }

struct Lines {
    bool colour;
    std::string text;
    void bold(const std::string& words) {
        text += colour ? "\033[1m" + words + "\033[0m\n" : words + "\n";
    }
    void dim(const std::string& words) {
        text += colour ? "\033[2m" + words + "\033[0m\n" : words + "\n";
    }
    void bad(const std::string& words) {
        text += colour ? "\033[31m" + words + "\033[0m\n" : words + "\n";
    }
};

void balances(Lines& lines, const PacketSummary& packets) {
    lines.bold("\nWhat became of the packets");
    lines.dim(fmt::format("  {:<24}{:>14}{:>14}{:>12}{:>10}{:>16}{:>16}{:>16}", "made by",
                          "packets", "served", "dropped", "inside", "offered [1/s]", "served [1/s]",
                          "served [Mbit/s]"));
    const auto row = [&](const std::string& name, const observe::PacketBalance& b,
                         const std::string& rates) {
        lines.text += fmt::format("  {:<24}{:>14}{:>14}{:>12}{:>10}{}\n", name, count(b.begun),
                                  count(b.served), count(b.dropped), count(b.inside), rates);
    };
    for (const PacketOrigin& o : packets.origins) {
        const double served = packet_rate(o.balance.served, o.first_served, o.last_served);
        const double bits = o.balance.served ? served * 8 * static_cast<double>(o.served_bytes) /
                                                   static_cast<double>(o.balance.served)
                                             : 0.0;
        row(o.name, o.balance,
            fmt::format("{:>16}{:>16}{:>16}",
                        grouped(packet_rate(o.balance.begun, o.first_begun, o.last_begun), 1),
                        grouped(served, 1), grouped(bits / 1e6, 3)));
    }
    if (packets.origins.size() > 1) row("total", packets.balance, "");
    for (const observe::PacketPlace& place : packets.places)
        if (place.packets > 0)
            lines.text += fmt::format("  {:>14} dropped by {}: {}\n", count(place.packets),
                                      place.where, place.name);
    for (size_t i = 0; i < observe::stage_count; ++i)
        if (packets.inside[i] > 0)
            lines.text += fmt::format("  {:>14} still inside, last seen: {}\n",
                                      count(packets.inside[i]), observe::stage_names[i]);
    if (packets.forgotten > 0)
        lines.text += fmt::format(
            "  {:>14} of those inside are followed no more: too many, or their number came round\n",
            count(packets.forgotten));
    if (!packets.balanced())
        lines.bad("  These figures do not balance: a packet was counted twice, or not at all.");
}

void latency_row(Lines& lines, const char* name, const HdrHistogram& h) {
    std::string quantiles;
    for (const Quantile& q : packet_quantiles)
        quantiles += fmt::format("{:>13}", us(static_cast<double>(h.quantile(q.part, q.whole))));
    lines.text += fmt::format("  {:<16}{:>14}{:>13}{}{:>13}\n", name, count(h.count()),
                              us(h.mean()), quantiles, us(static_cast<double>(h.greatest())));
}

void latencies(Lines& lines, const PacketWay& way) {
    bool any = false;
    for (const HdrHistogram& span : way.spans) any = any || span.count() > 0;
    if (!any) {
        if (way.interrupts + way.handlers > 0)
            lines.bold(fmt::format("\nNo packet that came to {} was served", way.name));
        return;
    }
    lines.bold(fmt::format("\nWhere the time of packets to {} went [us]", way.name));
    std::string names;
    for (const Quantile& q : packet_quantiles) names += fmt::format("{:>13}", q.name);
    lines.dim(
        fmt::format("  {:<16}{:>14}{:>13}{}{:>13}", "stage", "packets", "mean", names, "max"));
    for (size_t i = 0; i < observe::span_count; ++i)
        if (way.spans[i].greatest() > 0) latency_row(lines, observe::spans[i].name, way.spans[i]);
}

std::string batch_words(const HdrHistogram& h) {
    return fmt::format("{} (p50 {}, p99 {}, most {})", grouped(h.mean(), 3),
                       count(h.quantile(1, 2)), count(h.quantile(99, 100)), count(h.greatest()));
}

void batches(Lines& lines, const PacketWay& way) {
    if (way.interrupts > 0)
        lines.text += fmt::format(
            "  interrupt requests: {}, of them {} without a new packet; packets for each: {}\n",
            count(way.interrupts), count(way.empty_interrupts), batch_words(way.per_interrupt));
    if (way.handlers > 0)
        lines.text += fmt::format(
            "  top halves and polls: {}, of them {} took nothing; packets taken by the others: "
            "{}\n",
            count(way.handlers), count(way.empty_handlers), batch_words(way.per_handler));
    if (way.controller && !way.marked &&
        way.spans[static_cast<size_t>(observe::Span::dma)].count() > 0)
        lines.text +=
            "  the driver does not mark what it takes: its packets are followed into memory only\n";
}

void costs(Lines& lines, const Results& results, const PacketSummary& packets) {
    if (packets_paid_for(packets) == 0) return;
    const auto value = [&](const std::string& name) {
        for (const PacketMetric& metric : packet_metrics)
            if (name == metric.name) return metric.value(packets, results);
        return 0.0;
    };
    std::string parts;
    for (const char* phase : packet_phases) {
        const double cycles = value(std::string{phase} + " cycles per packet");
        if (cycles > 0)
            parts += fmt::format("{}{} {}", parts.empty() ? "; " : ", ", phase, grouped(cycles, 1));
    }
    lines.bold("\nWhat a packet cost the processor");
    lines.text += fmt::format(
        "  {} cycles for each of {} packets, set-up and halted ones not counted{}\n",
        grouped(value("cycles per packet"), 1), count(packets_paid_for(packets)), parts);
}

}  // namespace

std::string packet_lines(const Results& results, bool colour) {
    if (!results.packets) return {};
    Lines lines{colour, {}};
    balances(lines, *results.packets);
    for (const PacketWay& way : results.packets->ways) {
        latencies(lines, way);
        batches(lines, way);
    }
    costs(lines, results, *results.packets);
    return lines.text;
}

}  // namespace sb::machine
