// SPDX-License-Identifier: Apache-2.0
#include "sim/app/sweep.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "sim/app/commands.h"
#include "sim/lab/sweep.h"

namespace sb::app {
namespace {

constexpr int some_failed = 4;
constexpr int interrupted = 130;
constexpr size_t shown_reasons = 10;
constexpr unsigned bar_width = 24;

volatile sig_atomic_t stop_asked = 0;

/// The first signal stops the sweep; a second one ends the program, and the runs with it.
void stop_on_signals() {
    struct sigaction action {};
    action.sa_handler = [](int signal) {
        if (stop_asked) ::_exit(128 + signal);
        stop_asked = 1;
    };
    for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) sigaction(signal, &action, nullptr);
}

std::string minutes(double seconds) {
    const auto whole = static_cast<uint64_t>(seconds + 0.5);
    return whole < 3600 ? fmt::format("{}:{:02}", whole / 60, whole % 60)
                        : fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

/// A line on the terminal; nothing where standard error is none.
class Bar {
  public:
    void show(const lab::SweepProgress& now) {
        if (!on_terminal_) return;
        const double passed = std::chrono::duration<double>(Clock::now() - start_).count();
        const double part =
            now.runs ? static_cast<double>(now.done) / static_cast<double>(now.runs) : 1;
        const auto full = static_cast<size_t>(part * bar_width);
        std::string text = fmt::format("\r[{:<{}}] {}/{} runs", std::string(full, '#'), bar_width,
                                       now.done, now.runs);
        if (now.failed) text += fmt::format(", {} failed", now.failed);
        text += fmt::format(", {} at once, {}", now.running, minutes(passed));
        if (now.done) text += fmt::format(", ETA {}", minutes(passed * (1 - part) / part));
        fmt::print(stderr, "{:<78}", text);
        std::fflush(stderr);
        shown_ = true;
    }
    ~Bar() {
        if (shown_) fmt::print(stderr, "\r{:78}\r", "");
    }

  private:
    using Clock = std::chrono::steady_clock;
    Clock::time_point start_ = Clock::now();
    bool on_terminal_ = ::isatty(STDERR_FILENO) != 0;
    bool shown_ = false;
};

std::string size_of(const lab::SweepPlan& plan) {
    std::string text =
        fmt::format("{} point{}", plan.points.size(), plan.points.size() == 1 ? "" : "s");
    if (plan.spec.replications > 1)
        text +=
            fmt::format(" x {} replications = {} runs", plan.spec.replications, plan.runs.size());
    return text;
}

void print(const lab::SweepSummary& summary, const SweepCommand& command) {
    std::string text = fmt::format("{} runs: {} ok", summary.runs, summary.ok);
    if (summary.failed) text += fmt::format(", {} failed", summary.failed);
    if (summary.not_run) text += fmt::format(", {} not run", summary.not_run);
    if (summary.taken) text += fmt::format(" ({} of them from before)", summary.taken);
    fmt::print("{}\n", text);
    for (size_t i = 0; i < summary.reasons.size() && i < shown_reasons; ++i) {
        const lab::SweepFailure& failure = summary.reasons[i];
        fmt::print("  {} x {} (first: point {}, replication {})\n", failure.runs, failure.reason,
                   failure.point, failure.replication);
    }
    if (summary.reasons.size() > shown_reasons)
        fmt::print("  ... and {} more reasons: the table has all\n",
                   summary.reasons.size() - shown_reasons);
    for (const std::string& file : summary.files) fmt::print("  {}\n", file);
    for (const std::string& note : summary.notes) fmt::print("note: {}\n", note);
    if (summary.not_run)
        fmt::print("Stopped. The same command goes on from here: {} sweep {} ...\n",
                   command.program, command.scenario);
}

std::vector<std::string> all_sets(const SweepCommand& command) {
    std::vector<std::string> sets = command.sets;
    for (const std::string& axis : command.axes) {
        if (axis.find('=') == std::string::npos)
            throw Error(fmt::format("--axis {}: write it as table.key=value,value,...", axis));
        sets.push_back("sweep.axes." + axis);
    }
    if (!command.replications.empty()) sets.push_back("sweep.replications=" + command.replications);
    if (!command.seed.empty()) sets.push_back("sweep.seed=" + command.seed);
    return sets;
}

}  // namespace

void sweep_options(CLI::App& command, SweepCommand& options) {
    auto several = [&](const char* name, std::vector<std::string>& into, const char* what,
                       const char* type) {
        command.add_option(name, into, what)->type_name(type)->take_all()->allow_extra_args(false);
    };
    command.add_option("scenario", options.scenario, "scenario file (TOML)")->required();
    command
        .add_option("-j,--jobs", options.at_once, "runs at once (default: one for each processor)")
        ->type_name("N")
        ->check(CLI::Range(1, 4096));
    command
        .add_option("--out", options.out,
                    "folder of the results (default: out/NAME_sweep); a second sweep into it makes "
                    "only the runs that are missing")
        ->type_name("DIR");
    several("--set", options.sets,
            "override one key of all points: table.key=value; an axis stays "
            "at that value",
            "KEY=VALUE");
    several("--axis", options.axes, "an axis, or other values for one: table.key=value,value,...",
            "KEY=VALUES");
    several("--plot", options.plots, "one more plot: x=AXIS,y=METRIC,by=AXIS,log=xy,name=NAME",
            "WHAT");
    command
        .add_option("--replications", options.replications, "runs of each point, with own seeds")
        ->type_name("N");
    command.add_option("--seed", options.seed, "the seed of which all others are made")
        ->type_name("N");
    command
        .add_option("--timeout", options.timeout, "end a run after so many seconds of host time")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.001, 1e9));
    command.add_flag("--dry-run", options.dry_run, "print each run's command, and run nothing");
    command.footer(
        "Writes DIR/results.csv (a row for each run), DIR/columns.csv (what the columns are) and "
        "the "
        "plots.\nCtrl-C stops; the same command goes on from there. docs/sweeps.md has the syntax "
        "of "
        "[sweep].\n"
        "Exit status: 0 every run is ok; 2 a wrong option or scenario, nothing was run; 4 some "
        "runs "
        "are not ok\n(results.csv says why); 130 stopped. A plot that can not be drawn changes "
        "nothing of it.\n"
        "Examples:\n"
        "  southbridge sweep scenarios/processor_clock.toml -j 4 --out out/clock\n"
        "  southbridge sweep scenarios/pio_vs_dma.toml --axis cpu.clock=33MHz,66MHz,100MHz "
        "--set guest.parameters.sectors=32 --plot 'x=cpu.clock,y=phase.*.throughput'\n"
        "  southbridge sweep scenarios/processor_clock.toml --axis cpu.model=486,pentium "
        "--dry-run");
}

int sweep(const SweepCommand& command) {
    lab::SweepOptions options;
    options.out = command.out;
    options.at_once =
        command.at_once ? command.at_once : std::max(1u, std::thread::hardware_concurrency());
    options.timeout = command.timeout;
    options.plots = command.plots;
    options.program = command.program;
    options.identity = lab::program_identity(version, command.plugins);
    lab::Sweep work{machine::Scenario::load(command.scenario, all_sets(command)), options};
    fmt::print("{}: {}\n", command.scenario, size_of(work.plan()));
    for (const std::string& line : work.outlook()) fmt::print("{}\n", line);
    if (command.dry_run) {
        fmt::print("{}", work.dry_run());
        return 0;
    }
    std::fflush(stdout);
    stop_on_signals();
    lab::SweepSummary summary;
    {
        Bar bar;
        summary = work.run([] { return stop_asked != 0; },
                           [&](const lab::SweepProgress& now) { bar.show(now); });
    }
    print(summary, command);
    return summary.not_run ? interrupted : summary.failed ? some_failed : 0;
}

std::string check_sweep(const std::string& file, const std::vector<std::string>& sets) {
    const auto scenario = machine::Scenario::load(file, sets);
    if (!scenario.sweep() && scenario.sweep_sets().empty()) return {};
    return size_of(lab::plan_sweep(scenario, {}));
}

}  // namespace sb::app
