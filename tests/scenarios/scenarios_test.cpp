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

/// What a run emits. With an event for each instruction the processor goes step by step in the fast
/// mode too, so the fast mode proper is the one without.
struct How {
    bool lockstep = false;
    bool instructions = false;
    std::vector<std::string> sets = {};
};

std::string events_of(const std::string& file, const How& how) {
    return test::isolated_text([&] {
        Machine::Options options;
        options.lockstep = how.lockstep;
        Machine machine{make_plan(Scenario::load(file, how.sets)), options};
        TextSink sink;
        auto wanted = observe::KindSet{}.set();
        if (!how.instructions) wanted.reset(static_cast<size_t>(observe::Kind::instruction));
        machine.stream().attach(sink, wanted);
        machine.run();
        const Results results = machine.results();
        sink.text += fmt::format("{} {} {}\n", results.outcome.code, results.elapsed.ps(),
                                 results.total.cpu.instructions);
        const auto add_cycles = [&](const MachineResult& result) {
            for (const PhaseResult& phase : result.phases)
                for (uint64_t cycles : phase.cpu.cycles) sink.text += fmt::format("{} ", cycles);
        };
        add_cycles(results);
        for (const MachineResult& other : results.others) add_cycles(other);
        return sink.text;
    });
}

struct Sums {
    int status;
    bool cycles_balance, buses_balance;
};

/// The cycles by cause, and those by phase, are the time.
bool cycles_balance(const MachineResult& result) {
    uint64_t by_phase = 0;
    for (const PhaseResult& phase : result.phases) by_phase += phase.cpu.total();
    const Time period = Clock{result.cpu_hz}.period();
    return period * by_phase == result.elapsed && period * result.total.cpu.total() == result.elapsed;
}

/// Held by all masters, turnaround and idle are the time; bytes by master are those by target. With
/// several machines the time goes on after a guest has ended.
bool buses_balance(const MachineResult& result, bool alone) {
    return !result.buses.empty() &&
           std::all_of(result.buses.begin(), result.buses.end(), [&](const bus::BusSummary& bus) {
               return bus.balanced() && bus.bytes_by_master() > 0 &&
                      (alone ? bus.elapsed == result.elapsed : bus.elapsed >= result.elapsed);
           });
}

Sums sums_of(const std::string& file) {
    return test::isolated([&] {
        Machine machine{make_plan(Scenario::load(file, {})), {}};
        machine.run();
        const Results results = machine.results();
        const bool alone = results.others.empty();
        Sums sums{results.exit_status(), cycles_balance(results), buses_balance(results, alone)};
        for (const MachineResult& other : results.others) {
            sums.cycles_balance &= cycles_balance(other);
            sums.buses_balance &= buses_balance(other, alone);
        }
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
        CHECK(sums.cycles_balance);
        CHECK(sums.buses_balance);
    }
}

TEST_CASE("every scenario gives the same events again and in lockstep") {
    for (const std::string& file : all_scenarios()) {
        INFO(file);
        const std::string events = events_of(file, {});
        CHECK(events.size() > 1000);
        CHECK((events == events_of(file, {})));
        CHECK((events == events_of(file, {.lockstep = true})));
        CHECK((events_of(file, {.instructions = true}) ==
               events_of(file, {.lockstep = true, .instructions = true})));
    }
}

TEST_CASE("every scenario is equal in lockstep with caches and with each DRAM") {
    const std::vector<std::vector<std::string>> choices{
        {"cpu.cache=model", "memory.dram=none"},
        {"cpu.cache=model", "memory.dram=edo-60"},
        {"cpu.cache=model", "memory.dram=sdram-pc100"},
        {"cpu.cache=perfect", "memory.dram=sdram-pc100"},
    };
    for (const std::string& file : all_scenarios())
        for (const auto& sets : choices) {
            INFO(file << " " << sets.front() << " " << sets.back());
            const std::string events = events_of(file, {.sets = sets});
            CHECK(events.size() > 1000);
            CHECK((events == events_of(file, {.lockstep = true, .sets = sets})));
        }
}

TEST_CASE("the main scenario is equal in lockstep whatever is set") {
    const std::string file = SOUTHBRIDGE_SOURCE_DIR "/scenarios/pio_vs_dma.toml";
    const std::vector<std::vector<std::string>> choices{
        {"cpu.model=pentium", "cpu.clock=133MHz"},
        {"cpu.model=ideal", "cpu.cache=perfect"},
        {"cpu.clock=17MHz", "bus.clock=66MHz", "bus.width=8"},
        {"bus.longest_burst=1", "memory.first_wait=3", "memory.next_wait=1"},
        {"bus.arbitration=round-robin", "bus.turnaround_clocks=1", "bus.posted_writes=4"},
        {"bus.dma_mode=transparent", "bus.synchronous=true"},
        {"bus.dma_mode=cycle-stealing", "bus.arbitration=weighted", "bus.processor_weight=2"},
        {"bus.arbitration=tdma", "bus.tdma_slots=processor,pci_bus,processor",
         "bus.tdma_slot_clocks=24"},
        {"guest.parameters.irq=pic", "guest.parameters.pio=0"},
        {"guest.parameters.udma=5", "guest.parameters.segments=7"},
        {"cpu.cache=model"},
        {"cpu.cache=model", "cpu.l1_size=1KiB", "memory.dram=edo-60"},
        {"cpu.cache=model", "cpu.model=pentium", "memory.dram=sdram-pc100", "bus.width=8"},
        {"cpu.cache=model", "cpu.model=pentium", "cpu.l1_size=1KiB", "cpu.l2_size=4KiB"},
        {"cpu.cache=model", "cpu.model=p6", "bus.width=8", "cpu.snoop=false"},
        {"cpu.cache=none", "memory.dram=edo-60"},
        {"memory.dram=sdram-pc100"},
    };
    for (const auto& choice : choices) {
        std::vector<std::string> sets = choice;
        sets.push_back("guest.parameters.sectors=16");
        INFO(choice.front());
        CHECK((events_of(file, {.sets = sets}) == events_of(file, {.lockstep = true, .sets = sets})));
    }
}
