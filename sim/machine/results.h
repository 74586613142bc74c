// SPDX-License-Identifier: Apache-2.0
//
// What a run found out, as plain data: nothing here refers to the machine any more. Every measured
// quantity is declared once, with its name, unit and description, in `phase_metrics`; the table,
// the JSON and the documentation come from there.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bus/bus_account.h"
#include "cpu/attribution.h"
#include "sim/kernel/error.h"
#include "sim/observe/packet_summary.h"

namespace sb::machine {

/// One phase of the guest's work. Phase 0 is everything outside of a named phase.
struct PhaseResult {
    std::string name;
    Time elapsed;
    uint64_t bytes = 0;  // of work that the guest reported
    cpu::PhaseCounts cpu;
    Time bus_held;  // tenures that began in this phase
};

struct CounterResult {
    std::string component, name, unit, doc;
    uint64_t value = 0;
};

struct GuestMetric {
    std::string name;
    uint64_t value = 0;
};

/// Cycles spent in one function of the guest, halted ones not counted.
struct FunctionResult {
    std::string name;
    uint64_t cycles = 0;
    uint64_t instructions = 0;
};

/// A checksum that the guest gave of data it had read, against the disk image.
struct ChecksumResult {
    unsigned drive = 0;
    uint64_t lba = 0;
    uint32_t sectors = 0;
    uint32_t guest = 0;
    uint32_t image = 0;
    std::string problem;  // why there is no image checksum, or empty
    bool matches() const { return problem.empty() && guest == image; }
};

/// What one machine found out.
struct MachineResult {
    std::string name;  // empty for the first
    Outcome outcome;   // of its guest; running where the run ended before it
    Time elapsed;      // until its guest ended, or the run
    std::string cpu_model;
    uint64_t cpu_hz = 0;
    PhaseResult total;
    std::vector<PhaseResult> phases;        // in the order in which the guest named them
    std::vector<FunctionResult> functions;  // most cycles first
    std::vector<GuestMetric> metrics;
    std::vector<bus::BusSummary> buses;     // the system bus first
    std::vector<ChecksumResult> checksums;  // the first ones, and the first that differ
    uint64_t checksum_count = 0;
    uint64_t matches = 0;  // of them
    std::string console;
    std::string screen;  // the text on it, or empty where it shows none

    /// True where the outcome is one that a guest means, with success.
    bool ended_well() const;
    /// True where it ended well, or was still at work, and every checksum matched.
    bool good() const;
};

/// The first machine's, and with it what is not of one machine.
struct Results : MachineResult {
    std::string file, title, question;
    std::vector<CounterResult> counters;
    std::vector<Finding> findings;
    std::vector<MachineResult> others;  // the further machines
    std::optional<observe::PacketSummary> packets;  // where there were any; see packet_results.h

    /// True where the guest ended by itself with success and every checksum matched, and no other
    /// machine failed.
    bool success() const;
    /// The exit status of the program; see `southbridge --help`.
    int exit_status() const;
};

/// A declared quantity of a phase.
struct Metric {
    const char* name;
    const char* unit;
    const char* doc;
    double (*value)(const PhaseResult& phase, const MachineResult& machine);
    int decimals;
    bool of_bytes;      // says nothing about a phase without bytes
    const char* group;  // rows of one group stand together in the table
};
extern const std::vector<Metric> phase_metrics;

nlohmann::ordered_json to_json(const Results& results);
/// The same as text. What a guest printed that is not UTF-8 is replaced by U+FFFD.
std::string json_text(const Results& results);

}  // namespace sb::machine
