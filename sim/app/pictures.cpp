// SPDX-License-Identifier: Apache-2.0
#include "sim/app/pictures.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>

#include "sim/app/commands.h"
#include "sim/machine/cycle_stack.h"
#include "sim/machine/flame.h"
#include "sim/machine/machine.h"
#include "sim/machine/packet_latency.h"
#include "sim/observe/packet_table.h"

namespace sb::app {

void picture_options(CLI::App& command, PictureOptions& options) {
    command
        .add_option("--cycle-stack", options.cycle_stack,
                    "draw each phase's cycles by cause into this SVG file")
        ->type_name("FILE");
    command
        .add_option("--flame", options.flame,
                    "draw all cycles by guest function and caller into this SVG file (slower: the "
                    "processor goes step by step; simulated time is the same)")
        ->type_name("FILE");
    command
        .add_option("--flame-folded", options.flame_folded,
                    "the same as text, one path and its cycles a line, for other tools")
        ->type_name("FILE");
    command
        .add_option("--packets", options.packets,
                    "write every packet's stamps by stage, its size and its end into this CSV file")
        ->type_name("FILE");
    command
        .add_option("--packet-latency", options.packet_latency,
                    "draw packets' latency by stage into this SVG file")
        ->type_name("FILE");
}

Pictures::Pictures(machine::Machine& machine, const PictureOptions& options) : options_{options} {
    for (const std::string& path : {options.cycle_stack, options.flame, options.flame_folded, options.packet_latency}) {
        if (path.empty()) continue;
        std::FILE* file = std::fopen(path.c_str(), "w");
        if (!file)
            throw Error(fmt::format("{}: can not be written: {}", path, std::strerror(errno)));
        std::fclose(file);
    }
    for (const auto& [name, path] : {std::pair{"--packets", &options.packets},
                                     {"--packet-latency", &options.packet_latency}})
        if (!path->empty() && !machine.packets())
            throw Error(fmt::format("{}: this machine has no station on a wire", name));
    if (!options.packets.empty()) {
        packets_ = std::make_unique<observe::PacketTable>(options.packets);
        packets_->file().on_failure = [] { machine::Machine::request_stop(); };
        machine.packets()->listen(*packets_);
    }
    if (options.flame.empty() && options.flame_folded.empty()) return;
    flame_ = std::make_unique<machine::FlameGraph>(machine);
    machine.attach_to_first(*flame_, machine::FlameGraph::kinds());
    if (!flame_->has_symbols())
        fmt::print(stderr,
                   "southbridge: the guest has no symbols: the flame graph's frames are 4 KiB "
                   "pages of its "
                   "code, without callers\n");
}

Pictures::~Pictures() = default;

void Pictures::write(const machine::Results& results) {
    if (!options_.cycle_stack.empty())
        write_file(options_.cycle_stack, machine::cycle_stack_svg(results));
    if (packets_) packets_->close();
    if (!options_.packet_latency.empty())
        write_file(options_.packet_latency, machine::packet_latency_svg(results));
    if (!flame_) return;
    flame_->finish();
    if (!options_.flame.empty())
        write_file(
            options_.flame,
            machine::flame_svg(*flame_, results.title.empty() ? results.file : results.title));
    if (!options_.flame_folded.empty())
        write_file(options_.flame_folded, machine::folded_stacks(*flame_));
}

}  // namespace sb::app
