// SPDX-License-Identifier: Apache-2.0
//
// What holds for every scenario in the tree: it succeeds, its cycles by cause sum to its time, two
// runs of it are equal, and so is one in lockstep, each to the byte of its event stream.
#include <catch2/catch.hpp>

#include <filesystem>

#include "sim/machine/machine.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::machine;

namespace {

std::vector<std::string> all_scenarios() {
    std::vector<std::string> list;
    for (const auto& entry :
         std::filesystem::directory_iterator(SOUTHBRIDGE_SOURCE_DIR "/scenarios"))
        if (entry.path().extension() == ".toml") list.push_back(entry.path().string());
    std::sort(list.begin(), list.end());
    return list;
}

struct TextSink final : observe::Sink {
    std::string text;
    void event(const observe::Stream& stream, const observe::Event& event) override {
        fmt::format_to(std::back_inserter(text), "{},{},{},{}\n", event.at.ps(),
                       stream.source_name(event.source), observe::info(event.kind).name,
                       stream.describe(event));
    }
};

std::string events_of(const std::string& file, bool lockstep) {
    return test::isolated_text([&] {
        Machine::Options options;
        options.lockstep = lockstep;
        Machine machine{make_plan(Scenario::load(file, {})), options};
        TextSink sink;
        machine.stream().attach(sink, observe::KindSet{}.set());
        machine.run();
        return sink.text;
    });
}

struct Sums {
    int status;
    uint64_t by_cause, by_phase, elapsed_cycles;
};

Sums sums_of(const std::string& file) {
    return test::isolated([&] {
        Machine machine{make_plan(Scenario::load(file, {})), {}};
        machine.run();
        const Results results = machine.results();
        Sums sums{results.exit_status(), results.total.cpu.total(), 0, 0};
        for (const PhaseResult& phase : results.phases) sums.by_phase += phase.cpu.total();
        const Time period = machine.processor().clock().period();
        sums.elapsed_cycles = results.elapsed / period;
        if (results.elapsed % period != Time{}) sums.elapsed_cycles = 0;
        return sums;
    });
}

}  // namespace

TEST_CASE("every scenario succeeds and its cycles sum to its time") {
    const auto scenarios = all_scenarios();
    REQUIRE_FALSE(scenarios.empty());
    for (const std::string& file : scenarios) {
        INFO(file);
        const Sums sums = sums_of(file);
        CHECK(sums.status == 0);
        CHECK(sums.by_cause == sums.elapsed_cycles);
        CHECK(sums.by_phase == sums.elapsed_cycles);
    }
}

TEST_CASE("every scenario gives the same events again and in lockstep") {
    for (const std::string& file : all_scenarios()) {
        INFO(file);
        const std::string events = events_of(file, false);
        CHECK(events.size() > 1000);
        CHECK((events == events_of(file, false)));
        CHECK((events == events_of(file, true)));
    }
}
