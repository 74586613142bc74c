// SPDX-License-Identifier: Apache-2.0
#include "sim/app/commands.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "sim/app/progress.h"
#include "sim/app/register_map.h"
#include "sim/app/sweep.h"
#include "sim/machine/machine.h"
#include "sim/machine/report.h"
#include "sim/observe/csv.h"

namespace sb::app {
namespace {

using machine::Machine;

void stop_on_signals() {
    struct sigaction action {};
    // The first signal asks the run to stop; a second one ends the program at once.
    action.sa_handler = [](int signal) {
        static volatile sig_atomic_t asked = 0;
        Machine::request_stop();
        if (!asked) {
            asked = 1;
            return;
        }
        Terminal::restore();
        ::_exit(128 + signal);
    };
    for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) sigaction(signal, &action, nullptr);
}

std::filesystem::path make_folder(const std::string& out) {
    std::error_code bad;
    std::filesystem::create_directories(out, bad);
    if (bad)
        throw Error(fmt::format("--out {}: the folder can not be made: {}", out, bad.message()));
    return out;
}

std::string closing_words(const RunOptions& options, const machine::Plan& plan, bool success) {
    std::string text = "\n";
    if (options.out.empty())
        text +=
            "Details: add --out DIR for report.txt, results.json and events.csv (every event)\n";
    else
        text +=
            fmt::format("Details: {0}/report.txt, {0}/results.json, {0}/events.csv (every event)\n",
                        options.out);
    struct Hint {
        std::string arguments;
        const char* why;
    };
    std::vector<Hint> hints;
    auto offer = [&](const char* key, const char* value, const char* why) {
        if (plan.cpu.text(key) != value)
            hints.push_back(
                {fmt::format("run {} --set cpu.{}={}", options.scenario, key, value), why});
    };
    if (success) {
        offer("model", "pentium", "a faster processor: does the transfer care?");
        offer("cache", "perfect", "no data access goes over the bus");
        offer("cache", "none", "each data access goes over the bus");
    }
    hints.push_back({"keys", "everything that a scenario may set"});
    size_t width = 0;
    for (const Hint& hint : hints) width = std::max(width, hint.arguments.size());
    text += "Try next:\n";
    for (const Hint& hint : hints)
        text +=
            fmt::format("  {} {:<{}}  # {}\n", options.program, hint.arguments, width, hint.why);
    return text;
}

void print(const machine::Results& results, const RunOptions& options, const machine::Plan& plan,
           const std::filesystem::path& out) {
    const std::string json = machine::json_text(results);
    machine::ReportOptions report_options;
    report_options.screen = options.show_screen;
    if (!out.empty()) {
        write_file(out / "results.json", json);
        write_file(out / "report.txt", machine::report(results, report_options));
    }
    if (options.json) {
        fmt::print("{}", json);
        return;
    }
    report_options.colour = ::isatty(STDOUT_FILENO) != 0;
    fmt::print("{}", machine::report(results, report_options));
    if (!options.scenario.empty())
        fmt::print("{}", closing_words(options, plan, results.success()));
}

}  // namespace

void write_file(const std::string& path, const std::string& text) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    if (!file) throw Error(fmt::format("{}: can not be written", path));
    const bool good = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if ((std::fclose(file) != 0) | !good)
        throw Error(fmt::format("{}: writing failed; is the disk full?", path));
}

void load_plugin(const std::string& path) {
    // A bare file name would be searched for in the system's library folders.
    const std::string file = std::filesystem::absolute(path).string();
    if (!::dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL))
        throw Error(fmt::format("--plugin {}: {}", path, ::dlerror()));
}

void run_machine(Machine& machine) {
    stop_on_signals();
    const Progress progress{machine};
    machine.run();
}

int run(const RunOptions& options) {
    std::vector<std::string> sets = options.sets;
    if (!options.until.empty()) sets.push_back("run.until=" + options.until);
    const auto scenario = machine::Scenario::load(options.scenario, sets);
    return run(machine::make_plan(scenario), options, {});
}

int run(const machine::Plan& plan, const RunOptions& options, const Terminal::Options& terminal) {
    std::filesystem::path out;
    if (!options.out.empty()) out = make_folder(options.out);

    Machine::Options machine_options;
    machine_options.lockstep = options.lockstep;
    // With --json, standard output is one document: what the guest prints is in it.
    machine_options.console_to_terminal = !options.json;
    Machine machine{plan, machine_options};
    std::unique_ptr<observe::CsvWriter> csv;
    if (!out.empty()) {
        csv = std::make_unique<observe::CsvWriter>(out / "events.csv");
        auto wanted = observe::KindSet{}.set();
        if (!options.instructions) wanted.reset(static_cast<size_t>(observe::Kind::instruction));
        machine.stream().attach(*csv, wanted);
    }
    Traces traces{options.traces, machine, options.instructions};
    Pictures pictures{machine, options.pictures};
    stop_on_signals();
    {
        std::optional<Terminal> person;
        if (terminal.draw || terminal.to_keyboard || !terminal.serial.empty())
            person.emplace(machine, terminal);
        std::optional<Progress> progress;
        if (!person) progress.emplace(machine);
        machine.run();
    }
    const machine::Results results = machine.results();
    if (csv) csv->close();
    traces.close();
    pictures.write(results);
    print(results, options, plan, out);
    if (!options.json)
        for (const std::string& note : traces.notes()) fmt::print("{}\n", note);
    return results.exit_status();
}

int check(const RunOptions& options) {
    const auto scenario = machine::Scenario::load(options.scenario, options.sets);
    const machine::Plan plan = machine::make_plan(scenario);
    const std::string sweep = check_sweep(options.scenario, options.sets);
    Machine machine{plan, {}};
    fmt::print("{}: good: {} devices, guest {}{}\n", options.scenario, plan.devices.size(),
               plan.guest.text("program"), sweep.empty() ? "" : ", a sweep of " + sweep);
    for (const machine::NodePlan& other : plan.others)
        fmt::print("  machine {}: {} devices, guest {}\n", other.name, other.devices.size(),
                   other.guest.text("program"));
    return 0;
}

int devices(const std::string& name) {
    fmt::print("{}", name.empty() ? model_list() : register_map(name));
    return 0;
}

int keys(const std::string& table) {
    fmt::print("{}", key_list(table));
    return 0;
}

}  // namespace sb::app
