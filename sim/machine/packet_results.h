// SPDX-License-Identifier: Apache-2.0
//
// What a run found out about its packets, for tables and files: the declared quantities of a run
// with packets, the same as `phase_metrics` are for phases. Each has one number a run, whatever the
// number of controllers: what is by controller, by stage and by place is in
// `observe::PacketSummary`, and in the JSON.
#pragma once

#include <string>

#include "sim/machine/results.h"

namespace sb::machine {

struct PacketMetric {
    const char* name;
    const char* unit;
    const char* doc;
    double (*value)(const observe::PacketSummary& packets, const Results& run);
    int decimals;
};
/// For runs with packets (`Results::packets`).
extern const std::vector<PacketMetric> packet_metrics;

/// The quantiles that tables and files have of every distribution.
struct Quantile {
    const char* name;
    uint64_t part, whole;
};
inline constexpr std::array<Quantile, 4> packet_quantiles{
    {{"p50", 1, 2}, {"p90", 9, 10}, {"p99", 99, 100}, {"p99.9", 999, 1000}}};

/// The guest's phases whose cycles are told for each packet.
inline constexpr std::array<const char*, 4> packet_phases{"top half", "bottom half", "protocol",
                                                          "application"};

/// The packets that the first machine's cycles were for: those that its drivers and all above them
/// handled; where it only sends, those that were served elsewhere. (A further machine's devices
/// have its name and a dot before theirs.)
uint64_t packets_paid_for(const observe::PacketSummary& packets);

/// Packets for each second between the first and the last of so many.
double packet_rate(uint64_t packets, Time first, Time last);

/// Of a run with packets.
nlohmann::ordered_json packets_json(const Results& results);
/// Units and descriptions, as members of all of the results.
void add_packet_docs(nlohmann::ordered_json& json);
/// "" for a run without packets.
std::string packet_lines(const Results& results, bool colour);

}  // namespace sb::machine
