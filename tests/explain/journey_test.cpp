// SPDX-License-Identifier: Apache-2.0
//
// A journey's steps add up to the time measured, for every scenario and phase; and for a PIO and a
// DMA read they are those of the protocol in ATA/ATAPI-6 (9.5, 9.7) and the 82371AB (section 5.2),
// in that order.
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "sim/machine/journey.h"
#include "sim/machine/machine.h"
#include "tests/scenarios/guest_run.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::machine;
using nlohmann::json;

namespace {

struct Told {
    json journeys;  // by phase
    json results;
    std::string text;
};

Told told(const std::function<Plan()>& plan, unsigned number = 0, bool lockstep = false) {
    const std::string all = test::isolated_text([&] {
        Machine::Options options;
        options.lockstep = lockstep;
        Machine machine{plan(), options};
        JourneyRecorder recorder{machine, number};
        machine.attach_to_first(recorder, JourneyRecorder::kinds());
        machine.run();
        recorder.finish();
        json journeys = json::object();
        std::string text;
        for (const Journey* journey : recorder.journeys()) {
            journeys[journey->phase.empty() ? "(no phase)" : journey->phase] =
                journey_json(*journey, machine);
            text += journey_text(*journey, machine);
        }
        return json{{"journeys", journeys}, {"results", to_json(machine.results())}, {"text", text}}
            .dump();
    });
    const json parsed = json::parse(all);
    return {parsed.at("journeys"), parsed.at("results"), parsed.at("text")};
}

std::vector<std::string> scenarios() {
    std::vector<std::string> list;
    for (const auto& entry :
         std::filesystem::directory_iterator(SOUTHBRIDGE_SOURCE_DIR "/scenarios"))
        if (entry.path().extension() == ".toml") list.push_back(entry.path().string());
    std::sort(list.begin(), list.end());
    return list;
}

Told scenario(const std::string& file, bool lockstep = false) {
    return told([&] { return make_plan(Scenario::load(file, {})); }, 0, lockstep);
}

/// The steps begin where those before them end, and groups are as long as their parts.
uint64_t check_steps(const json& steps, uint64_t start) {
    for (const json& step : steps) {
        CHECK(step.at("start_cycle") == start);
        const uint64_t cycles = step.at("total_cycles");
        uint64_t by_cause = 0;
        if (step.contains("cycles"))
            for (const auto& [cause, n] : step.at("cycles").items()) by_cause += n.get<uint64_t>();
        CHECK(by_cause == cycles);
        if (step.contains("rounds_of")) {
            uint64_t parts = 0;
            for (const json& part : step.at("rounds_of"))
                parts += part.at("total_cycles").get<uint64_t>();
            CHECK(parts == cycles);
        }
        start += cycles;
    }
    return start;
}

void check_journey(const json& journey) {
    const uint64_t period = journey.at("period_ps"), cycles = journey.at("total_cycles");
    const uint64_t start = journey.at("start_ps"), elapsed = journey.at("elapsed_ps");
    CHECK(cycles * period == elapsed);
    CHECK(start % period == 0);
    CHECK(check_steps(journey.at("steps"), start / period) == (start + elapsed) / period);
    for (const json& bus : journey.at("buses")) {
        INFO(bus.at("name"));
        uint64_t time = bus.at("turnaround_ps").get<uint64_t>() + bus.at("idle_ps").get<uint64_t>();
        for (const json& master : bus.at("masters")) time += master.at("held_ps").get<uint64_t>();
        CHECK(time == elapsed);
    }
}

void flatten(const json& steps, std::vector<std::string>& words) {
    for (const json& step : steps) {
        if (step.contains("what"))
            words.push_back(step.at("who").get<std::string>() + ": " +
                            step.at("what").get<std::string>());
        for (const char* inner : {"rounds_of", "meanwhile"})
            if (step.contains(inner)) flatten(step.at(inner), words);
    }
}

/// Each of these is found in a step after the one before it.
void check_order(const json& journey, const std::vector<std::string>& expected) {
    std::vector<std::string> words;
    flatten(journey.at("steps"), words);
    size_t at = 0;
    for (const std::string& part : expected) {
        while (at < words.size() && words[at].find(part) == std::string::npos) ++at;
        INFO(part);
        REQUIRE(at < words.size());
        ++at;
    }
}

uint64_t bytes_of(const json& steps, const std::string& who) {
    uint64_t bytes = 0;
    for (const json& step : steps) {
        if (step.value("who", "") == who) bytes += step.value("bytes", uint64_t{0});
        for (const char* inner : {"rounds_of", "meanwhile"})
            if (step.contains(inner)) bytes += bytes_of(step.at(inner), who);
    }
    return bytes;
}

test::Sets small(const std::string& variant) {
    return {"cpu.model=486", "cpu.cache=none", "disk.fill=pattern", "sectors=8",
            "variant=" + variant};
}

}  // namespace

TEST_CASE("in every scenario the steps of each phase sum to its time") {
    for (const std::string& file : scenarios()) {
        INFO(file);
        const Told run = scenario(file);
        REQUIRE(run.journeys.size() == run.results.at("phases").size());
        for (const json& phase : run.results.at("phases")) {
            INFO(phase.at("name"));
            const json& journey = run.journeys.at(phase.at("name").get<std::string>());
            check_journey(journey);
            if (journey.at("transfers") != 1) continue;
            CHECK(journey.at("elapsed_ps") == phase.at("elapsed_ps"));
            CHECK(journey.at("cycles") == phase.at("cycles"));
        }
    }
}

TEST_CASE("the stays in a phase sum to it") {
    std::vector<Told> stays;
    const auto plan = [] { return test::guest_plan("pio_vs_dma", small("all")); };
    uint64_t elapsed = 0;
    for (unsigned number = 1; number <= 3; ++number) {
        const Told run = told(plan, number);
        const json& journey = run.journeys.at("setup");
        CHECK(journey.at("transfer") == number);
        CHECK(journey.at("transfers") == 3);
        check_journey(journey);
        elapsed += journey.at("elapsed_ps").get<uint64_t>();
        if (number == 3)
            for (const json& phase : run.results.at("phases"))
                if (phase.at("name") == "setup") CHECK(phase.at("elapsed_ps") == elapsed);
    }
    CHECK_FALSE(told(plan, 4).journeys.contains("setup"));
}

TEST_CASE("a journey is the same in lockstep") {
    for (const std::string& file : scenarios()) {
        INFO(file);
        const Told fast = scenario(file), slow = scenario(file, true);
        CHECK((fast.text == slow.text));
        CHECK((fast.journeys == slow.journeys));
    }
}

TEST_CASE("a polled read goes by the PIO data-in protocol") {
    const Told run = told([] { return test::guest_plan("pio_vs_dma", small("polled")); });
    const json& journey = run.journeys.at("polled");
    check_order(
        journey,
        {"writes DEVICE ", "writes DEVICE_CONTROL of disk = 02h (nIEN)", "writes FEATURES ",
         "writes SECTOR_COUNT of disk = 08h", "writes LBA_LOW ", "writes LBA_MID ",
         "writes LBA_HIGH ", "writes DEVICE ", "writes COMMAND of disk = 20h", "disk: READ SECTORS",
         "reads STATUS ", "reads DATA of disk, 4 096 bytes", "reads STATUS of disk = 50h"});
    // Two registers and one word for each of the 8 sectors' 256.
    uint64_t words = 0;
    for (const json& step : journey.at("steps"))
        if (step.contains("rounds_of"))
            for (const json& part : step.at("rounds_of"))
                if (part.at("what").get<std::string>().find("reads DATA") == 0)
                    words += part.at("times").get<uint64_t>();
    CHECK(words == 8 * 256);
    CHECK(journey.at("longest_step").get<std::string>().find("DATA of disk (2 048 times)") !=
          std::string::npos);
}

TEST_CASE("a DMA read goes by the bus master protocol to the end of interrupt") {
    const Told run = told([] { return test::guest_plan("pio_vs_dma", small("dma")); });
    const json& journey = run.journeys.at("dma");
    check_journey(journey);
    check_order(journey, {"writes BMIC0 of ide = 08h",
                          "writes BMIDTP0 ",
                          "writes BMIS0 ",
                          "writes SECTOR_COUNT of disk = 08h",
                          "writes COMMAND of disk = C8h",
                          "disk: READ DMA",
                          "writes BMIC0 of ide = 09h (START RWCON)",
                          "ide.channel0: PCI memory-read of 8 bytes from",
                          "pci_bus.host_bridge: burst of 8 bytes",
                          "HLT",
                          "ide.channel0: PCI memory-writes of 64 bytes",
                          "pci_bus.host_bridge: bursts of 32 bytes",
                          "disk: done C8h",
                          "irq14: the line rises",
                          "interrupt 2Eh",
                          "reads BMIS0 ",
                          "reads STATUS ",
                          "irq14: the line falls",
                          "writes EOI of lapic",
                          "IRET",
                          "writes BMIC0 of ide = 08h"});
    // Two counts of the same bytes: the events of the bursts, and the bus's account.
    uint64_t by_account = 0;
    for (const json& bus : journey.at("buses"))
        for (const json& master : bus.at("masters"))
            if (master.at("name") == "ide.channel0")
                by_account += master.at("bytes").get<uint64_t>();
    CHECK(by_account >= 8 * 512 + 8);
    CHECK(bytes_of(journey.at("steps"), "ide.channel0") == by_account);
}

TEST_CASE("a chain of descriptors goes by fetch and data and status and interrupt") {
    const Told run = scenario(SOUTHBRIDGE_SOURCE_DIR "/scenarios/scatter_gather.toml");
    const json& journey = run.journeys.at("chain");
    check_order(journey, {"writes TAILDESC_PNTR of engine",
                          "engine: fetching descriptor",
                          "engine.sg: PCI memory-read of 32 bytes",
                          "pci_bus.host_bridge: burst of 32 bytes",
                          "engine: transfer begins",
                          "engine.data: PCI memory-read",
                          "(memory)",
                          "engine.data: PCI memory-write",
                          "engine: transfer ends",
                          "engine.sg: PCI memory-write",
                          "engine: status written",
                          "engine: interrupt raised",
                          "pirqd: the line rises",
                          "ioapic: sends vector",
                          "intr: the line rises",
                          "interrupt ",
                          "gives the processor vector",
                          "pirqd: the line falls",
                          "writes EOI of lapic",
                          "the service of vector",
                          "IRET"});
    // A master's transaction is whole clocks of PCI's 30 ns, and their phases sum to it.
    constexpr uint64_t clock_ps = 30'000;
    unsigned told = 0;
    const std::function<void(const json&)> check = [&](const json& steps) {
        for (const json& step : steps) {
            if (step.contains("clocks") && step.at("who") == "engine.data") {
                uint64_t clocks = 0;
                for (const auto& [phase, n] : step.at("clocks").items())
                    if (phase != "devsel") clocks += n.get<uint64_t>();
                CHECK(clocks * clock_ps == step.at("bus_ps"));
                CHECK(step.at("clocks").at("address") == step.at("times"));
                // Four bytes to a data phase.
                CHECK(step.at("clocks").at("data").get<uint64_t>() * 4 ==
                      step.value("bytes", uint64_t{0}));
                ++told;
            }
            for (const char* inner : {"rounds_of", "meanwhile"})
                if (step.contains(inner)) check(step.at(inner));
        }
    };
    check(journey.at("steps"));
    CHECK(told > 4);
}

TEST_CASE("an interrupt message is told without a line") {
    const Told run = told([] {
        return make_plan(Scenario::load(SOUTHBRIDGE_SOURCE_DIR "/scenarios/copy_break_even.toml",
                                        {"guest.parameters.interrupt=message"}));
    });
    check_order(run.journeys.at("interrupt"),
                {"engine: interrupt raised", "engine.message: PCI memory-write",
                 "host_bridge: sends vector", "interrupt ", "writes EOI of lapic"});
    CHECK(run.text.find("pirqd: the line rises") == std::string::npos);
}

TEST_CASE("a guest without phases is one journey") {
    const Told run = told([] { return test::guest_plan("hello", {}); });
    REQUIRE(run.journeys.size() == 1);
    const json& journey = run.journeys.at("(no phase)");
    check_journey(journey);
    CHECK(journey.at("elapsed_ps") == run.results.at("elapsed_ps"));
}
