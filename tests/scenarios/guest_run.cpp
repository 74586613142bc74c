// SPDX-License-Identifier: Apache-2.0
#include "tests/scenarios/guest_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "sim/machine/report.h"
#include "tests/support/isolated.h"

namespace sb::test {

using namespace machine;

const nlohmann::json* GuestRun::phase(const std::string& name) const {
    for (const nlohmann::json& phase : results.at("phases"))
        if (phase.at("name") == name) return &phase;
    return nullptr;
}

void EventText::event(const observe::Stream& stream, const observe::Event& event) {
    fmt::format_to(std::back_inserter(text), "{},{},{},{}\n", event.at.ps(),
                   stream.source_name(event.source), observe::info(event.kind).name,
                   stream.describe(event));
}

namespace {

Sets scenario_sets(const Sets& sets) {
    Sets all;
    for (const std::string& set : sets) {
        const bool parameter = set.substr(0, set.find('=')).find('.') == std::string::npos;
        all.push_back(parameter ? "guest.parameters." + set : set);
    }
    return all;
}

}  // namespace

Plan guest_plan(const std::string& program, const Sets& sets) {
    Sets all;
    if (!program.empty()) {
        const bool path = program.find('/') != std::string::npos;
        all.push_back("guest.program=" +
                      (path ? program : SOUTHBRIDGE_BINARY_DIR "/guest/" + program + ".elf"));
    }
    for (const std::string& set : scenario_sets(sets)) all.push_back(set);
    return make_plan(Scenario::parse("", "test", all));
}

uint64_t GuestRun::metric(const std::string& name) const {
    return results.at("guest_metrics").at(name).get<uint64_t>();
}

namespace {

GuestRun run_plan(const std::function<Plan()>& plan, const RunOptions& options) {
    const std::string both = isolated_text([&] {
        Machine::Options machine_options;
        machine_options.lockstep = options.lockstep;
        Machine machine{plan(), machine_options};
        EventText events;
        if (options.events) machine.stream().attach(events, observe::KindSet{}.set());
        if (options.prepare) options.prepare(machine);
        machine.run();
        const Results results = machine.results();
        nlohmann::json json = to_json(results);
        json["report"] = report(results, {});
        return json.dump() + "\n" + events.text;
    });
    const size_t end = both.find('\n');
    if (end == std::string::npos) throw std::runtime_error(both);
    return {nlohmann::json::parse(both.substr(0, end)), both.substr(end + 1)};
}

}  // namespace

GuestRun run_guest(const std::string& program, const Sets& sets, const RunOptions& options) {
    return run_plan([&] { return guest_plan(program, sets); }, options);
}

GuestRun run_scenario(const std::string& name, const Sets& sets, const RunOptions& options) {
    const std::string file = SOUTHBRIDGE_SOURCE_DIR "/scenarios/" + name + ".toml";
    return run_plan([&] { return make_plan(Scenario::load(file, scenario_sets(sets))); }, options);
}

TempFile::TempFile(const std::string& content) {
    path_ = SOUTHBRIDGE_BINARY_DIR "/test_file_XXXXXX";
    const int file = ::mkstemp(path_.data());
    if (file < 0) throw std::runtime_error("no temporary file");
    ::close(file);
    std::ofstream(path_, std::ios::binary).write(content.data(), std::ssize(content));
}

TempFile::~TempFile() { ::unlink(path_.c_str()); }

std::string TempFile::content() const {
    std::ifstream in{path_, std::ios::binary};
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace sb::test
