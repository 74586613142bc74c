// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "sim/app/boot.h"
#include "sim/app/commands.h"
#include "sim/app/explain.h"
#include "sim/app/sweep.h"
#include "sim/kernel/error.h"

namespace {

constexpr int wrong_request = 2;

constexpr const char* about =
    "Southbridge simulates a whole PC, CPU to disk, and says where every cycle of a transfer went.";

constexpr const char* examples = R"(Examples:
  southbridge run scenarios/pio_vs_dma.toml
  southbridge run scenarios/pio_vs_dma.toml --set cpu.model=pentium --set disk.image=my.img
  southbridge explain scenarios/pio_vs_dma.toml --phase dma
  southbridge boot disk.img --memory 64MiB --cpu pentium@200MHz
  southbridge boot --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --serial stdio
  southbridge run scenarios/pio_vs_dma.toml --vcd wave.vcd --from 28ms --to 29ms
  southbridge sweep scenarios/processor_clock.toml -j 4 --out out/clock
  southbridge check my_scenario.toml
  southbridge devices piix-ide
  southbridge keys cpu

Exit status: 0 the guest succeeded and its data is right, or the text of --until appeared; an odd number 2v+1 where the guest wrote
v > 0 to the debug-exit port (at most 255); 2 a wrong option, scenario or file; 4 the run ended otherwise (halted for
ever, triple fault, time limit, wrong data); 130 interrupted.
)";

void set_option(CLI::App& command, std::vector<std::string>& sets);

void scenario_options(CLI::App& command, sb::app::RunOptions& options) {
    command.add_option("scenario", options.scenario, "scenario file (TOML)")->required();
    set_option(command, options.sets);
}

void output_options(CLI::App& command, sb::app::RunOptions& options) {
    command
        .add_option("--out", options.out,
                    "write report.txt, results.json and events.csv into this folder")
        ->type_name("DIR");
    command.add_flag(
        "--lockstep", options.lockstep,
        "yield after every instruction: slower, with the same event stream to the byte");
    command.add_flag("--instructions", options.instructions,
                     "with --out or traces: an event for each instruction too (large)");
    sb::app::picture_options(command, options.pictures);
    command.add_flag("--json", options.json, "print the results as JSON instead of a table");
    trace_options(command, options.traces);
}

void set_option(CLI::App& command, std::vector<std::string>& sets) {
    command
        .add_option("--set", sets, "override one key: table.key=value; may be given several times")
        ->type_name("KEY=VALUE")
        ->take_all()
        ->allow_extra_args(false);
}

void boot_options(CLI::App& command, sb::app::BootOptions& options) {
    command.add_option("image", options.image,
                       "disk image, or a CD-ROM image (ISO 9660), started by the firmware");
    command
        .add_option(
            "--kernel", options.kernel,
            "start this without firmware: an ELF file (Multiboot 1 too), a Linux bzImage, a "
            "boot sector, or a shipped guest")
        ->type_name("FILE");
    command.add_option("--initrd", options.initrd, "initial RAM disk for the kernel")
        ->type_name("FILE");
    command.add_option("--append", options.append, "the kernel's command line")->type_name("TEXT");
    command
        .add_option("--network", options.network,
                    "start from the network: this file, which iPXE in a network card's expansion "
                    "ROM loads by DHCP and TFTP")
        ->type_name("FILE");
    command.add_option("--memory", options.memory, "size of RAM")->capture_default_str();
    command
        .add_option("--cpu", options.cpu,
                    "model, and its clock if not the model's own (default: pentium@200MHz; with "
                    "--network p6@200MHz)")
        ->type_name("MODEL[@CLOCK]");
    command.add_option("--bios", options.bios, "firmware image (default: SeaBIOS of the system)")
        ->type_name("FILE");
    command
        .add_option("--serial", options.serial,
                    "the serial port: stdio (keys go there too), file:PATH, pty, none (default)")
        ->type_name("WHERE");
    command
        .add_option("--display", options.display,
                    "text: the screen in this terminal; none (default with --serial stdio)")
        ->type_name("WHAT");
    command.add_option("--until", options.until, "end the run when this text appears on a console")
        ->type_name("TEXT");
    command
        .add_option("--time-limit", options.time_limit, "end after this simulated time, e.g. 10s")
        ->type_name("TIME");
    command
        .add_option("--instruction-limit", options.instruction_limit,
                    "end after so many instructions")
        ->check(CLI::NonNegativeNumber)
        ->type_name("N");
    command
        .add_option("--media", options.media,
                    "what the image is: disk, cdrom, or auto (a CD-ROM where it holds ISO 9660)")
        ->capture_default_str()
        ->type_name("WHAT");
    command.add_flag("--snapshot", options.snapshot,
                     "keep what the guest writes in memory; leave the disk image alone");
    set_option(command, options.run.sets);
    output_options(command, options.run);
    command.footer(
        "Ctrl-C ends the run and prints what ran, for how long, and where its cycles went.\n"
        "Examples:\n"
        "  southbridge boot disk.img\n"
        "  southbridge boot disk.img --kernel apic_kernel          # a shipped kernel, and its "
        "disk\n"
        "  southbridge boot debian.iso --memory 128MiB --until 'Boot menu'\n"
        "  southbridge boot --network /usr/lib/ipxe/ipxe.pxe       # through iPXE in the card's ROM\n"
        "  southbridge boot --kernel vmlinuz --append 'console=ttyS0' --serial stdio --until "
        "login:");
}

int main_or_throw(int argc, char** argv) {
    CLI::App app{about, "southbridge"};
    app.footer(examples);
    app.set_version_flag("--version", std::string{"southbridge "} + sb::app::version);
    app.require_subcommand(1);

    sb::app::RunOptions run_options;
    run_options.program = argv[0];
    CLI::App* run = app.add_subcommand("run", "run a scenario and print what it measured");
    scenario_options(*run, run_options);
    output_options(*run, run_options);
    run->add_option("--until", run_options.until, "end the run when this text appears on a console")
        ->type_name("TEXT");
    run->footer(
        "Example:\n  southbridge run scenarios/pio_vs_dma.toml --set guest.parameters.sectors=64 "
        "--out out/small\n  southbridge run scenarios/pio_vs_dma.toml --cycle-stack stack.svg "
        "--flame "
        "flame.svg");

    sb::app::BootOptions boot;
    boot.run.program = argv[0];
    CLI::App* boot_command =
        app.add_subcommand("boot", "start a machine from a disk, a CD-ROM or a kernel");
    boot_options(*boot_command, boot);

    sb::app::ExplainOptions explain_options;
    CLI::App* explain =
        app.add_subcommand("explain", "tell the journey of one transfer, cycle by cycle");
    scenario_options(*explain, explain_options.run);
    sb::app::explain_options(*explain, explain_options);

    sb::app::SweepCommand sweep_command;
    sweep_command.program = argv[0];
    CLI::App* sweep =
        app.add_subcommand("sweep", "run a scenario at many points, into one table and plots");
    sb::app::sweep_options(*sweep, sweep_command);

    sb::app::RunOptions check_options;
    CLI::App* check = app.add_subcommand("check", "check a scenario without running it");
    scenario_options(*check, check_options);
    check->footer("Example:\n  southbridge check scenarios/pio_vs_dma.toml");

    std::string device;
    CLI::App* devices =
        app.add_subcommand("devices", "list the device models, or print one's register map");
    devices->add_option("name", device, "a model, such as lapic");
    devices->footer("Example:\n  southbridge devices lapic");

    std::string table;
    CLI::App* keys = app.add_subcommand("keys", "list the keys that a scenario may have");
    keys->add_option("table", table, "a table such as cpu or disk, or a device model");
    keys->footer("Example:\n  southbridge keys cpu");

    std::vector<std::string> plugins;
    for (CLI::App* command : {run, boot_command, explain, sweep, check, devices, keys})
        command->add_option("--plugin", plugins, "load device models from this shared object first")
            ->type_name("FILE")
            ->take_all()
            ->allow_extra_args(false);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : wrong_request;
    }
    for (const std::string& plugin : plugins) sb::app::load_plugin(plugin);
    sweep_command.plugins = plugins;
    const int status = *run            ? sb::app::run(run_options)
                       : *boot_command ? sb::app::boot(boot)
                       : *explain      ? sb::app::explain(explain_options)
                       : *sweep        ? sb::app::sweep(sweep_command)
                       : *check        ? sb::app::check(check_options)
                       : *devices      ? sb::app::devices(device)
                                       : sb::app::keys(table);
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
        throw sb::Error("standard output: writing failed; is the disk full?");
    return status;
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
