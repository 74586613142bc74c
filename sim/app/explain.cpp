// SPDX-License-Identifier: Apache-2.0
#include "sim/app/explain.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/machine/journey.h"
#include "sim/machine/machine.h"

namespace sb::app {
namespace {

using machine::Journey;

std::string known_phases(const machine::JourneyRecorder& recorder) {
    std::string list;
    for (const auto& [phase, stays] : recorder.stays())
        if (!phase.empty())
            list += fmt::format("{}{}{}", list.empty() ? "" : ", ", phase,
                                stays > 1 ? fmt::format(" ({} times)", stays) : "");
    return list.empty() ? "the guest names none" : "there are: " + list;
}

/// The last phase that moved bytes; else the last that has a name; else what is outside of all.
const Journey* choose(const std::vector<const Journey*>& journeys,
                      const machine::Results& results) {
    const Journey* chosen = nullptr;
    bool moved = false;
    for (const Journey* journey : journeys) {
        if (journey->phase.empty()) continue;
        const bool moves = std::any_of(
            results.phases.begin(), results.phases.end(),
            [&](const machine::PhaseResult& p) { return p.name == journey->phase && p.bytes > 0; });
        if (moved && !moves) continue;
        chosen = journey;
        moved = moves;
    }
    return chosen || journeys.empty() ? chosen : journeys.front();
}

const Journey& find(const ExplainOptions& options, const machine::JourneyRecorder& recorder,
                    const machine::Results& results) {
    const auto journeys = recorder.journeys();
    const auto named = [&](const auto& entry) { return entry.first == options.phase; };
    const auto& stays = recorder.stays();
    if (!options.phase.empty() && std::none_of(stays.begin(), stays.end(), named))
        throw Error(fmt::format("--phase {}: the run has no such phase; {}", options.phase,
                                known_phases(recorder)));
    const Journey* chosen = nullptr;
    if (options.phase.empty())
        chosen = choose(journeys, results);
    else
        for (const Journey* journey : journeys)
            if (journey->phase == options.phase) chosen = journey;
    if (!chosen)
        throw Error(fmt::format("--transfer {}: no phase{} is entered so often; {}",
                                options.transfer, options.phase.empty() ? "" : " " + options.phase,
                                known_phases(recorder)));
    return *chosen;
}

}  // namespace

void explain_options(CLI::App& command, ExplainOptions& options) {
    command
        .add_option(
            "--phase", options.phase,
            "the phase to explain (default: the last one that moved bytes, else the last one)")
        ->type_name("NAME");
    command
        .add_option("--transfer", options.transfer,
                    "which stay in the phase: 1 is the first (default: the longest)")
        ->check(CLI::Range(1u, 1'000'000'000u))
        ->type_name("N");
    command.add_flag("--lockstep", options.run.lockstep,
                     "yield after every instruction: slower, with the same text");
    command.add_flag("--json", options.run.json, "the same as data");
    command.footer(
        "Examples:\n"
        "  southbridge explain scenarios/pio_vs_dma.toml\n"
        "  southbridge explain scenarios/pio_vs_dma.toml --phase polled --set "
        "guest.parameters.sectors=8\n"
        "  southbridge explain scenarios/pio_vs_dma.toml --phase setup --transfer 2 --json");
}

int explain(const ExplainOptions& options) {
    const auto scenario = machine::Scenario::load(options.run.scenario, options.run.sets);
    machine::Machine::Options machine_options;
    machine_options.lockstep = options.run.lockstep;
    machine::Machine machine{machine::make_plan(scenario), machine_options};
    machine::JourneyRecorder recorder{machine, options.transfer};
    machine.attach_to_first(recorder, machine::JourneyRecorder::kinds());
    run_machine(machine);
    recorder.finish();
    const machine::Results results = machine.results();
    const Journey& journey = find(options, recorder, results);
    if (options.run.json)
        fmt::print("{}\n",
                   machine::journey_json(journey, machine)
                       .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    else
        fmt::print("{}", machine::journey_text(journey, machine));
    if (!results.success())
        fmt::print(stderr, "southbridge: the run did not succeed: {}\n", results.outcome.text);
    return results.exit_status();
}

}  // namespace sb::app
