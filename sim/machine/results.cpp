// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/results.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/machine/packet_results.h"

namespace sb::machine {
namespace {

using Json = nlohmann::ordered_json;

template <cpu::Cause cause>
double cycles_of(const PhaseResult& phase, const MachineResult&) {
    return static_cast<double>(phase.cpu.cycles[static_cast<size_t>(cause)]);
}

double share(double part, double whole) { return whole > 0 ? 100.0 * part / whole : 0.0; }

double busy_cycles(const PhaseResult& phase) {
    return static_cast<double>(phase.cpu.total()) - cycles_of<cpu::Cause::halted>(phase, {});
}

double per_byte(double value, const PhaseResult& phase) {
    return phase.bytes ? value / static_cast<double>(phase.bytes) : 0.0;
}

Json bus_json(const bus::BusSummary& bus) {
    Json json{{"name", bus.name},
              {"clock_ps", bus.clock.ps()},
              {"elapsed_ps", bus.elapsed.ps()},
              {"held_ps", bus.held().ps()},
              {"turnaround_ps", bus.turnaround.ps()},
              {"idle_ps", bus.idle.ps()}};
    json["masters"] = Json::array();
    for (const bus::MasterStats& m : bus.masters)
        json["masters"].push_back({{"name", m.name},
                                   {"transactions", m.transactions},
                                   {"abandoned", m.abandoned},
                                   {"bytes", m.bytes},
                                   {"held_ps", m.held.ps()},
                                   {"waited_ps", m.waited.ps()},
                                   {"worst_wait_ps", m.worst_wait.ps()}});
    json["targets"] = Json::array();
    for (const bus::Traffic& t : bus.targets)
        if (t.bytes > 0) json["targets"].push_back({{"name", t.name}, {"bytes", t.bytes}});
    return json;
}

}  // namespace

const std::vector<Metric> phase_metrics{
    {"elapsed", "us", "simulated time spent in the phase",
     [](const PhaseResult& p, const MachineResult&) { return p.elapsed.seconds() * 1e6; }, 3, false,
     "result"},
    {"throughput", "MB/s", "bytes moved per simulated second, in units of 10^6",
     [](const PhaseResult& p, const MachineResult&) {
         return p.elapsed.ps() ? static_cast<double>(p.bytes) / p.elapsed.seconds() / 1e6 : 0.0;
     },
     3, true, "result"},
    {"bytes", "B", "bytes of work that the guest reported for the phase",
     [](const PhaseResult& p, const MachineResult&) { return static_cast<double>(p.bytes); }, 0,
     true, "result"},
    {"executing", "cycles", "instructions, by the published clocks",
     cycles_of<cpu::Cause::executing>, 0, false, "CPU cycles"},
    {"I/O stall", "cycles", "waiting for a port or a device register",
     cycles_of<cpu::Cause::io_stall>, 0, false, "CPU cycles"},
    {"memory stall", "cycles", "waiting for memory or for the bus to memory",
     cycles_of<cpu::Cause::memory_stall>, 0, false, "CPU cycles"},
    {"interrupt entry", "cycles", "from acknowledge to the handler's first instruction",
     cycles_of<cpu::Cause::interrupt_entry>, 0, false, "CPU cycles"},
    {"interrupt exit", "cycles", "returning from handlers (IRET)",
     cycles_of<cpu::Cause::interrupt_exit>, 0, false, "CPU cycles"},
    {"halted", "cycles", "stopped at HLT, waiting for an interrupt", cycles_of<cpu::Cause::halted>,
     0, false, "CPU cycles"},
    {"all cycles", "cycles", "the sum of the causes above, and the time elapsed",
     [](const PhaseResult& p, const MachineResult&) { return static_cast<double>(p.cpu.total()); },
     0, false, "CPU cycles"},
    {"cycles per byte", "cycles/B", "cycles not halted, per byte moved",
     [](const PhaseResult& p, const MachineResult&) { return per_byte(busy_cycles(p), p); }, 3,
     true, "cost"},
    {"instructions", "", "instructions retired",
     [](const PhaseResult& p, const MachineResult&) {
         return static_cast<double>(p.cpu.instructions);
     },
     0, false, "cost"},
    {"interrupts", "", "external interrupts taken",
     [](const PhaseResult& p, const MachineResult&) {
         return static_cast<double>(p.cpu.interrupts);
     },
     0, false, "cost"},
    {"bus utilisation", "%", "time that the system bus was held by anyone",
     [](const PhaseResult& p, const MachineResult&) {
         return share(p.bus_held.seconds(), p.elapsed.seconds());
     },
     2, false, "cost"},
    {"CPU left", "%", "share of the cycles that were halted: time left for other work",
     [](const PhaseResult& p, const MachineResult&) {
         return share(cycles_of<cpu::Cause::halted>(p, {}), static_cast<double>(p.cpu.total()));
     },
     2, false, "cost"},
};

bool MachineResult::ended_well() const {
    // The debug-exit port gives (value << 1) | 1; a guest reports success by the value 0.
    return (outcome.kind == Outcome::Kind::guest_exit && outcome.code == 1) ||
           outcome.kind == Outcome::Kind::text_seen || outcome.kind == Outcome::Kind::power_off;
}

bool MachineResult::good() const {
    const bool at_work = outcome.kind == Outcome::Kind::running;
    return (at_work || ended_well()) && matches == checksum_count;
}

bool Results::success() const {
    return ended_well() && matches == checksum_count &&
           std::all_of(others.begin(), others.end(),
                       [](const MachineResult& other) { return other.good(); });
}

int Results::exit_status() const {
    if (success()) return 0;
    if (outcome.kind == Outcome::Kind::interrupted) return 130;
    const bool guest_failed = outcome.kind == Outcome::Kind::guest_exit && outcome.code != 1;
    // A process has eight bits to say it in.
    return guest_failed ? static_cast<int>(std::min<uint64_t>(outcome.code, 255)) : 4;
}

namespace {

Json phase_json(const PhaseResult& phase, const MachineResult& machine) {
    Json json;
    json["name"] = phase.name;
    json["elapsed_ps"] = phase.elapsed.ps();
    json["bytes"] = phase.bytes;
    json["instructions"] = phase.cpu.instructions;
    json["interrupts"] = phase.cpu.interrupts;
    json["exceptions"] = phase.cpu.exceptions;
    json["bus_held_ps"] = phase.bus_held.ps();
    json["total_cycles"] = phase.cpu.total();
    for (size_t i = 0; i < cpu::cause_count; ++i)
        json["cycles"][cpu::causes[i].name] = phase.cpu.cycles[i];
    for (const Metric& metric : phase_metrics)
        json["metrics"][metric.name] = metric.value(phase, machine);
    return json;
}

Json outcome_json(const Outcome& outcome) {
    return {{"kind", name(outcome.kind)}, {"code", outcome.code}, {"text", outcome.text}};
}

/// What is measured of one machine, its console not included.
void put_machine(Json& json, const MachineResult& machine) {
    json["elapsed_ps"] = machine.elapsed.ps();
    json["cpu"] = {{"model", machine.cpu_model}, {"hz", machine.cpu_hz}};
    json["total"] = phase_json(machine.total, machine);
    json["phases"] = Json::array();
    for (const PhaseResult& phase : machine.phases)
        json["phases"].push_back(phase_json(phase, machine));
    for (const GuestMetric& metric : machine.metrics)
        json["guest_metrics"][metric.name] = metric.value;
    json["functions"] = Json::array();
    for (const FunctionResult& f : machine.functions)
        json["functions"].push_back(
            {{"name", f.name}, {"cycles", f.cycles}, {"instructions", f.instructions}});
    json["checksum_count"] = machine.checksum_count;
    json["checksum_matches"] = machine.matches;
    json["checksums"] = Json::array();
    for (const ChecksumResult& c : machine.checksums)
        json["checksums"].push_back({{"drive", c.drive},
                                     {"lba", c.lba},
                                     {"sectors", c.sectors},
                                     {"guest", c.guest},
                                     {"image", c.image},
                                     {"matches", c.matches()},
                                     {"problem", c.problem}});
    json["buses"] = Json::array();
    for (const bus::BusSummary& bus : machine.buses) json["buses"].push_back(bus_json(bus));
}

}  // namespace

nlohmann::ordered_json to_json(const Results& results) {
    Json json;
    json["scenario"] = results.file;
    json["title"] = results.title;
    json["success"] = results.success();
    json["outcome"] = outcome_json(results.outcome);
    json["exit_status"] = results.exit_status();
    put_machine(json, results);
    if (results.packets) json["packets"] = packets_json(results);
    json["counters"] = Json::array();
    for (const CounterResult& c : results.counters)
        json["counters"].push_back({{"component", c.component},
                                    {"name", c.name},
                                    {"unit", c.unit},
                                    {"value", c.value},
                                    {"doc", c.doc}});
    json["findings"] = Json::array();
    for (const Finding& f : results.findings)
        json["findings"].push_back({{"component", f.component},
                                    {"what", f.what},
                                    {"first", f.first},
                                    {"first_at_ps", f.first_at.ps()},
                                    {"count", f.count}});
    for (const Metric& metric : phase_metrics)
        json["metric_docs"][metric.name] = {{"unit", metric.unit}, {"doc", metric.doc}};
    if (results.packets) add_packet_docs(json);
    json["console"] = results.console;
    json["screen"] = results.screen;
    for (const MachineResult& other : results.others) {
        Json& machine = json["machines"][other.name];
        machine["outcome"] = outcome_json(other.outcome);
        put_machine(machine, other);
        machine["console"] = other.console;
        machine["screen"] = other.screen;
    }
    return json;
}

std::string json_text(const Results& results) {
    return to_json(results).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
           "\n";
}

}  // namespace sb::machine
