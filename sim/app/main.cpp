// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "sim/app/commands.h"
#include "sim/kernel/error.h"

namespace {

constexpr int wrong_request = 2;

constexpr const char* about =
    "Southbridge simulates a whole PC, CPU to disk, and says where every cycle of a transfer went.";

constexpr const char* examples = R"(Examples:
  southbridge run scenarios/pio_vs_dma.toml
  southbridge run scenarios/pio_vs_dma.toml --set cpu.model=pentium --set disk.image=my.img
  southbridge check my_scenario.toml
  southbridge devices piix-ide
  southbridge keys cpu

Exit status: 0 the guest succeeded and its data is right; an odd number 2v+1 where the guest wrote
v > 0 to the debug-exit port; 2 a wrong option, scenario or file; 4 the run ended otherwise (halted for
ever, triple fault, time limit, wrong data); 130 interrupted.
)";

void scenario_options(CLI::App& command, sb::app::RunOptions& options) {
    command.add_option("scenario", options.scenario, "scenario file (TOML)")->required();
    command
        .add_option("--set", options.sets,
                    "override one key: table.key=value; may be given several times")
        ->type_name("KEY=VALUE")
        ->take_all()
        ->allow_extra_args(false);
}

int main_or_throw(int argc, char** argv) {
    CLI::App app{about, "southbridge"};
    app.footer(examples);
    app.set_version_flag("--version", "southbridge 0.1.0");
    app.require_subcommand(1);

    sb::app::RunOptions run_options;
    run_options.program = argv[0];
    CLI::App* run = app.add_subcommand("run", "run a scenario and print what it measured");
    scenario_options(*run, run_options);
    run->add_option("--out", run_options.out,
                    "write report.txt, results.json and events.csv into this folder")
        ->type_name("DIR");
    run->add_flag("--lockstep", run_options.lockstep,
                  "yield after every instruction: slower, with the same result to the byte");
    run->add_flag("--instructions", run_options.instructions,
                  "with --out: an event for each instruction too (large)");
    run->add_flag("--json", run_options.json, "print the results as JSON instead of a table");
    run->footer(
        "Example:\n  southbridge run scenarios/pio_vs_dma.toml --set guest.parameters.sectors=64 "
        "--out out/small");

    sb::app::RunOptions check_options;
    CLI::App* check = app.add_subcommand("check", "check a scenario without running it");
    scenario_options(*check, check_options);
    check->footer("Example:\n  southbridge check scenarios/pio_vs_dma.toml");

    std::vector<std::string> plugins;
    for (CLI::App* command : {run, check})
        command->add_option("--plugin", plugins, "load device models from this shared object first")
            ->type_name("FILE")
            ->take_all()
            ->allow_extra_args(false);

    std::string device;
    CLI::App* devices =
        app.add_subcommand("devices", "list the device models, or print one's register map");
    devices->add_option("name", device, "a model, such as lapic");
    devices->footer("Example:\n  southbridge devices lapic");

    std::string table;
    CLI::App* keys = app.add_subcommand("keys", "list the keys that a scenario may have");
    keys->add_option("table", table, "a table such as cpu, or a device model");
    keys->footer("Example:\n  southbridge keys cpu");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : wrong_request;
    }
    for (const std::string& plugin : plugins) sb::app::load_plugin(plugin);
    if (*run) return sb::app::run(run_options);
    if (*check) return sb::app::check(check_options);
    if (*devices) return sb::app::devices(device);
    return sb::app::keys(table);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return main_or_throw(argc, argv);
    } catch (const sb::Error& error) {
        fmt::print(stderr, "southbridge: {}\n", error.what());
    } catch (const std::exception& error) {
        fmt::print(stderr, "southbridge: {}\n", error.what());
    }
    return wrong_request;
}
