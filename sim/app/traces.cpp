// SPDX-License-Identifier: Apache-2.0
#include "sim/app/traces.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>

#include "bus/pci_bus.h"
#include "sim/observe/csv.h"
#include "sim/observe/ordered.h"
#include "sim/observe/perfetto.h"
#include "sim/observe/selection.h"
#include "sim/observe/vcd.h"
#include "sim/observe/wave_layout.h"

namespace sb::app {
namespace {

using machine::Machine;

Time time_of(const char* option, const std::string& text, Time fallback) {
    if (text.empty()) return fallback;
    const Key key{.name = option, .type = ValueType::duration, .fallback = "", .doc = ""};
    try {
        return Time::ps(std::get<uint64_t>(parse_value(key, text)));
    } catch (const Error& error) {
        throw Error(fmt::format("{}: {}", option, error.what()));
    }
}

observe::TraceSetup setup_of(Machine& machine) {
    observe::TraceSetup setup;
    setup.cpu_period = machine.processor().clock().period();
    setup.clocks.push_back(
        {observe::VcdWriter::system_bus, machine.chassis().bus.timing().clock.period()});
    if (const pci::LocalBus* pci = machine.chassis().pci.local()) {
        setup.clocks.push_back({observe::VcdWriter::pci_bus, pci->timing().clock.period()});
        for (const bus::MasterStats* master : pci->masters())
            setup.pci_masters.push_back(master->name);
    }
    for (const machine::Symbol& symbol : machine.symbols().list())
        setup.symbols.add(symbol.address, symbol.size, machine::demangled(symbol.name));
    setup.symbols.sort();
    return setup;
}

/// A full disk ends the run, rather than let it go on for nothing.
void stop_on_failure(observe::OutputFile& file) {
    file.on_failure = [] { Machine::request_stop(); };
}

/// A writer that wants events in order, behind what puts them so and what selects them. It draws one
/// machine: the first.
template <typename Writer>
struct Drawn {
    Drawn(const std::string& path, Machine& machine, const observe::Selection& selection,
          observe::KindSet kinds)
        : writer{path, setup_of(machine), selection.from(), selection.to()},
          ordered{writer},
          selected{selection, ordered, false} {
        stop_on_failure(writer.output());
        machine.attach_to_first(selected, kinds);
    }
    void close(Machine& machine) {
        ordered.finish(machine.stream());
        writer.close(machine.processor().local_time());
    }
    std::string late_words() const {
        return ordered.late() == 0
                   ? std::string{}
                   : fmt::format("; {} events came too late for their place, and are drawn later",
                                 ordered.late());
    }
    Writer writer;
    observe::Ordered ordered;
    observe::Selected selected;
};

struct Listed {
    Listed(const std::string& path, Machine& machine, const observe::Selection& selection,
           observe::KindSet kinds)
        : writer{path}, selected{selection, writer, true} {
        stop_on_failure(writer.file());
        machine.stream().attach(selected, kinds);
    }
    observe::CsvWriter writer;
    observe::Selected selected;
};

}  // namespace

struct Traces::Parts {
    explicit Parts(const observe::Selection& chosen) : selection{chosen} {}
    observe::Selection selection;
    std::optional<Drawn<observe::VcdWriter>> vcd;
    std::optional<Drawn<observe::PerfettoWriter>> perfetto;
    std::optional<Listed> events;
};

void trace_options(CLI::App& command, TraceOptions& options) {
    const auto add = [&](const char* name, std::string& value, const char* type, const char* doc) {
        command.add_option(name, value, doc)->type_name(type)->group("Traces");
    };
    add("--vcd", options.vcd, "FILE", "write a waveform, and its layout beside it, for GTKWave");
    add("--perfetto", options.perfetto, "FILE", "write a timeline for ui.perfetto.dev");
    add("--events", options.events, "FILE", "write the events as CSV");
    add("--from", options.from, "TIME", "traces begin at this simulated time, e.g. 1.5ms");
    add("--to", options.to, "TIME", "traces end before this simulated time");
    add("--only", options.only, "LIST",
        "traces of these kinds (burst), sources (ide) or both (ide:line) only; commas between");
}

Traces::Traces(const TraceOptions& options, Machine& machine, bool instructions)
    : machine_{machine} {
    if (!options.any()) {
        for (const auto& [name, text] :
             {std::pair{"--from", &options.from}, {"--to", &options.to}, {"--only", &options.only}})
            if (!text->empty())
                throw Error(fmt::format(
                    "{}: nothing is traced; add --vcd, --perfetto or --events FILE", name));
        return;
    }
    parts_ = std::make_unique<Parts>(observe::Selection{machine.stream(), options.only,
                                                        time_of("--from", options.from, {}),
                                                        time_of("--to", options.to, Time::max())});
    const observe::Selection& selection = parts_->selection;
    observe::KindSet kinds = selection.kinds();
    const auto instruction = static_cast<size_t>(observe::Kind::instruction);
    if (options.only.empty() && !instructions) kinds.reset(instruction);
    if (!options.vcd.empty()) parts_->vcd.emplace(options.vcd, machine, selection, kinds);
    if (!options.perfetto.empty())
        parts_->perfetto.emplace(options.perfetto, machine, selection, kinds);
    if (!options.events.empty()) parts_->events.emplace(options.events, machine, selection, kinds);
}

Traces::~Traces() = default;

void Traces::close() {
    if (!parts_) return;
    if (auto& vcd = parts_->vcd) {
        vcd->close(machine_);
        const std::string& path = vcd->writer.file().path();
        const std::string layout_path = observe::layout_path(path);
        observe::OutputFile layout{layout_path};
        layout.text(observe::wave_layout(vcd->writer.file(), machine_.processor().local_time()));
        layout.close();
        notes_.push_back(
            fmt::format("Waveform: gtkwave {} {}{}", path, layout_path, vcd->late_words()));
        for (const std::string& note : vcd->writer.notes())
            notes_.push_back(fmt::format("  {}", note));
    }
    if (auto& perfetto = parts_->perfetto) {
        perfetto->close(machine_);
        notes_.push_back(fmt::format("Timeline: open {} in ui.perfetto.dev{}",
                                     perfetto->writer.output().path(), perfetto->late_words()));
    }
    if (auto& events = parts_->events) {
        events->writer.close();
        notes_.push_back(fmt::format("Events: {}", events->writer.file().path()));
    }
}

}  // namespace sb::app
