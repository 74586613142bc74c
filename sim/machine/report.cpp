// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "sim/machine/figures.h"
#include "sim/machine/packet_results.h"

namespace sb::machine {
namespace {

constexpr size_t shown_findings = 12;
constexpr size_t shown_functions = 6;

struct Paint {
    bool on;
    std::string bold(const std::string& s) const { return on ? "\033[1m" + s + "\033[0m" : s; }
    std::string dim(const std::string& s) const { return on ? "\033[2m" + s + "\033[0m" : s; }
    std::string good(const std::string& s) const { return on ? "\033[32m" + s + "\033[0m" : s; }
    std::string bad(const std::string& s) const { return on ? "\033[31m" + s + "\033[0m" : s; }
};

std::vector<const PhaseResult*> working_phases(const MachineResult& results) {
    std::vector<const PhaseResult*> list;
    for (const PhaseResult& phase : results.phases)
        if (phase.bytes > 0) list.push_back(&phase);
    if (list.empty()) list.push_back(&results.total);
    return list;
}

std::string table(const MachineResult& results, const Paint& paint) {
    const auto phases = working_phases(results);
    size_t label = 0;
    for (const Metric& m : phase_metrics)
        label = std::max(label, std::strlen(m.name) + std::strlen(m.unit) + 4);
    size_t width = 14;
    for (const PhaseResult* phase : phases) width = std::max(width, phase->name.size() + 2);

    std::string out = fmt::format("  {:<{}}", "", label);
    for (const PhaseResult* phase : phases)
        out += paint.bold(fmt::format("{:>{}}", phase->name, width));
    out += "\n";
    const char* group = "";
    const bool bytes = std::any_of(phases.begin(), phases.end(),
                                   [](const PhaseResult* phase) { return phase->bytes > 0; });
    for (const Metric& metric : phase_metrics) {
        if (metric.of_bytes && !bytes) continue;
        if (std::strcmp(group, metric.group) != 0) {
            group = metric.group;
            out += paint.dim("  " + std::string(label + width * phases.size(), '-')) + "\n";
        }
        std::string head = metric.name;
        if (*metric.unit) head += fmt::format(" [{}]", metric.unit);
        out += fmt::format("  {:<{}}", head, label);
        for (const PhaseResult* phase : phases)
            out += fmt::format("{:>{}}",
                               metric.of_bytes && phase->bytes == 0  // another phase moved some
                                   ? "-"
                                   : grouped(metric.value(*phase, results), metric.decimals),
                               width);
        out += "\n";
    }
    return out;
}

std::string bus_row(const std::string& owner, const std::string& transactions,
                    const std::string& bytes, Time held, Time elapsed, const std::string& waits) {
    const double part =
        elapsed.ps() ? 100.0 * static_cast<double>(held.ps()) / static_cast<double>(elapsed.ps())
                     : 0.0;
    return fmt::format("  {:<28}{:>16}{:>18}{:>20}{:>9}{}\n", owner, transactions, bytes,
                       grouped(held.seconds() * 1e6, 3), fmt::format("{:.2f}", part), waits);
}

std::string bus_lines(const bus::BusSummary& bus, const Paint& paint) {
    std::string out = paint.bold(fmt::format("\nWhose the {} was\n", bus.name));
    out += paint.dim(fmt::format("  {:<28}{:>16}{:>18}{:>20}{:>9}{:>16}{:>16}\n", "owner",
                                 "transactions", "bytes", "held [us]", "share %", "waited [us]",
                                 "longest [us]"));
    for (const bus::MasterStats& m : bus.masters) {
        if (m.transactions == 0) continue;
        out += bus_row(m.name, grouped(static_cast<double>(m.transactions), 0),
                       grouped(static_cast<double>(m.bytes), 0), m.held, bus.elapsed,
                       fmt::format("{:>16}{:>16}", grouped(m.waited.seconds() * 1e6, 3),
                                   grouped(m.worst_wait.seconds() * 1e6, 3)));
    }
    out += bus_row("turnaround", "", "", bus.turnaround, bus.elapsed, "");
    out += bus_row("idle", "", "", bus.idle, bus.elapsed, "");
    out += bus_row("total", "", grouped(static_cast<double>(bus.bytes_by_master()), 0),
                   bus.held() + bus.turnaround + bus.idle, bus.elapsed, "");
    return out;
}

std::string outcome_words(const Outcome& outcome) {
    std::string text = name(outcome.kind);
    if (outcome.kind == Outcome::Kind::guest_exit)
        text += fmt::format(", value {}", outcome.code >> 1);
    return text;
}

std::string outcome_line(const Results& results, const Paint& paint) {
    const std::string text = outcome_words(results.outcome);
    const bool stopped = results.outcome.kind == Outcome::Kind::interrupted;
    const std::string verdict = results.success() ? paint.good("passed")
                                : stopped         ? paint.bold("ended")
                                                  : paint.bad("FAILED");
    std::string out = fmt::format("{}: {}\n", verdict, text);
    if (!results.success() && !results.outcome.text.empty()) out += results.outcome.text + "\n";
    return out;
}

std::string checksum_lines(const MachineResult& results, const Paint& paint) {
    std::string out;
    for (const ChecksumResult& c : results.checksums) {
        if (c.matches()) continue;
        out +=
            paint.bad("  data differs: ") +
            fmt::format("drive {}, {} sectors from {}: the guest read CRC-32 {:08x}, ", c.drive,
                        c.sectors, c.lba, c.guest) +
            (c.problem.empty() ? fmt::format("the image has {:08x}\n", c.image) : c.problem + "\n");
    }
    if (results.checksum_count > 0)
        out = fmt::format("  data: {} of {} checksums equal the disk image's\n", results.matches,
                          results.checksum_count) +
              out;
    return out;
}

std::string function_lines(const MachineResult& results, const Paint& paint) {
    uint64_t all = 0;
    for (const FunctionResult& f : results.functions) all += f.cycles;
    if (all == 0) return {};
    std::string out = paint.bold("\nWhere the processor was, by guest function\n");
    for (size_t i = 0; i < std::min(shown_functions, results.functions.size()); ++i) {
        const FunctionResult& f = results.functions[i];
        const double part = static_cast<double>(f.cycles) / static_cast<double>(all);
        out += fmt::format("  {:5.1f} %  {:>14} cycles  {:>12} instructions  {}\n", 100 * part,
                           grouped(static_cast<double>(f.cycles), 0),
                           grouped(static_cast<double>(f.instructions), 0), f.name);
    }
    return out;
}

std::string finding_lines(const Results& results, const Paint& paint) {
    if (results.findings.empty()) return {};
    std::string out = paint.bold("\nWhat the hardware leaves undefined, and the guest did\n");
    size_t shown = 0;
    for (const Finding& f : results.findings) {
        if (shown++ == shown_findings) {
            out += fmt::format("  ... and {} more kinds (see --json)\n",
                               results.findings.size() - shown_findings);
            break;
        }
        out += fmt::format("  {}x {}: {}{}, first at {}\n", f.count, f.component, f.what,
                           f.first.empty() ? "" : " (" + f.first + ")", to_string(f.first_at));
    }
    return out;
}

/// The rows of the screen down to the last that is not empty.
std::string screen_lines(const MachineResult& results, const Paint& paint) {
    const size_t last = results.screen.find_last_not_of(" \n");
    if (last == std::string::npos) return {};
    std::string out = paint.bold("\nOn the screen\n") + "  | ";
    for (const char c : results.screen.substr(0, last + 1)) {
        out += c;
        if (c == '\n') out += "  | ";
    }
    return out + "\n";
}

std::string machine_line(const MachineResult& machine) {
    return fmt::format("  {} at {} MHz, {} simulated, {} instructions\n\n", machine.cpu_model,
                       grouped(static_cast<double>(machine.cpu_hz) / 1e6, 3),
                       to_string(machine.elapsed),
                       grouped(static_cast<double>(machine.total.cpu.instructions), 0));
}

/// A further machine: the same, and how its guest ended.
std::string other_lines(const MachineResult& other, const Paint& paint) {
    std::string out = "\n" + paint.bold("Machine " + other.name) + "\n" + machine_line(other);
    out += table(other, paint) + "\n";
    out += checksum_lines(other, paint);
    const bool at_work = other.outcome.kind == Outcome::Kind::running;
    out += fmt::format(
        "{}: {}\n", other.good() ? paint.good(at_work ? "at work" : "passed") : paint.bad("FAILED"),
        at_work ? "its guest was running when the run ended" : outcome_words(other.outcome));
    if (!other.good() && !other.outcome.text.empty()) out += other.outcome.text + "\n";
    for (const bus::BusSummary& bus : other.buses) out += bus_lines(bus, paint);
    return out + function_lines(other, paint);
}

}  // namespace

std::string report(const Results& results, const ReportOptions& options) {
    const Paint paint{options.colour};
    std::string out;
    if (options.screen) out += screen_lines(results, paint);
    out += '\n';
    out += paint.bold(results.title.empty() ? results.file : results.title) + "\n";
    if (!results.question.empty()) out += results.question + "\n";
    out += machine_line(results);
    out += table(results, paint) + "\n";
    out += checksum_lines(results, paint);
    out += outcome_line(results, paint);
    out += packet_lines(results, options.colour);
    for (const bus::BusSummary& bus : results.buses) out += bus_lines(bus, paint);
    out += function_lines(results, paint);
    for (const MachineResult& other : results.others) out += other_lines(other, paint);
    out += finding_lines(results, paint);
    return out;
}

}  // namespace sb::machine
