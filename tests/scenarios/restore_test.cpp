// SPDX-License-Identifier: Apache-2.0
//
// A whole machine is saved between two instructions and goes on in another process: its events are
// those that the first machine has from there on, and it ends at the same time with the same
// counts.
#include <catch2/catch.hpp>

#include "sim/kernel/archive.h"
#include "tests/scenarios/guest_run.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::machine;
using namespace sb::test;

namespace {

const Sets disk_and_guest{"sectors=8", "disk.fill=pattern"};

/// What a machine has to show from some time on.
struct Rest {
    std::string archive;  // of the machine at that time, as hexadecimal digits
    Time saved_at, end;
    std::string events;
    nlohmann::json results;
};

std::string hexadecimal(const std::vector<uint8_t>& bytes) {
    std::string text;
    for (uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
    return text;
}

std::vector<uint8_t> from_hexadecimal(const std::string& text) {
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i + 1 < text.size(); i += 2)
        bytes.push_back(static_cast<uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
    return bytes;
}

/// What the machine's components counted. (What it keeps of the guest's own words is not state.)
nlohmann::json counts(Machine& machine) {
    const nlohmann::json all = to_json(machine.results());
    nlohmann::json json;
    for (const char* key : {"outcome", "elapsed_ps", "counters", "buses"})
        json[key] = all[key];
    for (const char* key : {"cycles", "instructions", "interrupts", "exceptions"})
        json[key] = all["total"][key];
    return json;
}

Rest parse(const std::string& text) {
    const nlohmann::json json = nlohmann::json::parse(text);
    return {json.at("archive").get<std::string>(), Time::ps(json.at("saved_at").get<uint64_t>()),
            Time::ps(json.at("end").get<uint64_t>()), json.at("events").get<std::string>(),
            json.at("results")};
}

/// Runs to the first boundary between two instructions at or after `at`, saves, and runs on.
Rest save_at(Time at, const Sets& sets, const std::string& program = "pio_vs_dma") {
    return parse(isolated_text([&] {
        Machine machine{guest_plan(program, sets), {}};
        EventText events;
        machine.stream().attach(events, observe::KindSet{}.set());
        Simulation& sim = machine.simulation();
        sim.run(at);
        while (!machine.processor().between_instructions() && !sim.finished())
            sim.run(sim.now() + Time::ns(1));
        if (sim.finished()) throw Error("the guest ended before the machine was saved");
        Archive archive{Archive::Mode::save};
        sim.archive(archive);
        const Time saved_at = sim.now();
        events.text.clear();
        machine.run();
        return nlohmann::json{{"archive", hexadecimal(archive.serialise())},
                              {"saved_at", saved_at.ps()},
                              {"end", sim.now().ps()},
                              {"events", events.text},
                              {"results", counts(machine)}}
            .dump();
    }));
}

Rest restore(const Rest& saved, const Sets& sets, const std::string& program = "pio_vs_dma",
             bool lockstep = false) {
    return parse(isolated_text([&] {
        Machine machine{guest_plan(program, sets), {.lockstep = lockstep}};
        EventText events;
        machine.stream().attach(events, observe::KindSet{}.set());
        Archive archive = Archive::parse(from_hexadecimal(saved.archive));
        machine.simulation().archive(archive);
        const Time at = machine.simulation().now();
        // Saved again at once, it is the same archive.
        Archive again{Archive::Mode::save};
        machine.simulation().archive(again);
        machine.run();
        return nlohmann::json{{"archive", hexadecimal(again.serialise())},
                              {"saved_at", at.ps()},
                              {"end", machine.simulation().now().ps()},
                              {"events", events.text},
                              {"results", counts(machine)}}
            .dump();
    }));
}

void check_equal(const Rest& first, const Rest& second) {
    CHECK((first.archive == second.archive));
    CHECK(first.saved_at == second.saved_at);
    CHECK(first.end == second.end);
    CHECK(first.results == second.results);
    size_t line = 0, at = 0;
    const size_t shorter = std::min(first.events.size(), second.events.size());
    while (at < shorter && first.events[at] == second.events[at])
        line = first.events[at++] == '\n' ? at : line;
    INFO("first differing event: " << first.events.substr(line, 120)
                                   << "\nrestored: " << second.events.substr(line, 120));
    CHECK((first.events == second.events));
}

/// When the phase of that name begins and how long it is.
std::pair<Time, Time> span_of_phase(const std::string& name, const Sets& sets) {
    const GuestRun run = run_guest("pio_vs_dma", sets, {.events = true});
    const size_t mark = run.events.find("phase=" + name + "\n");
    REQUIRE(mark != std::string::npos);
    const size_t line = run.events.rfind('\n', mark) + 1;
    const auto* phase = run.phase(name);
    REQUIRE(phase);
    return {Time::ps(std::stoull(run.events.substr(line))),
            Time::ps(phase->at("elapsed_ps").get<uint64_t>())};
}

}  // namespace

TEST_CASE("a machine that was saved goes on exactly") {
    for (const char* phase : {"polled", "interrupt", "dma"}) {
        const auto [begin, length] = span_of_phase(phase, disk_and_guest);
        for (unsigned part : {0, 1, 3, 7, 12, 15}) {
            const Time at = begin + Time::ps(length.ps() / 16 * part + 12345);
            INFO(phase << " part " << part << " at " << to_string(at));
            const Rest saved = save_at(at, disk_and_guest);
            CHECK(saved.events.size() > 1000);
            check_equal(saved, restore(saved, disk_and_guest));
        }
    }
}

TEST_CASE("a machine that was saved in the middle of DMA goes on exactly") {
    // Ultra DMA mode 0 of 64 sectors: 2 ms of bursts, with the processor halted.
    const Sets sets{"sectors=64", "disk.fill=pattern", "variant=dma",
                    "udma=0",     "cpu.cache=none",    "irq=pic"};
    const GuestRun run = run_guest("pio_vs_dma", sets, {.events = true});
    std::vector<uint64_t> bursts;
    for (size_t at = run.events.find(",burst,"); at != std::string::npos;
         at = run.events.find(",burst,", at + 1))
        bursts.push_back(std::stoull(run.events.substr(run.events.rfind('\n', at) + 1)));
    REQUIRE(bursts.size() > 100);
    for (size_t n : {size_t{0}, bursts.size() / 3, bursts.size() / 2, bursts.size() - 1})
        for (uint64_t later : {uint64_t{0}, uint64_t{1}, uint64_t{100'000}, uint64_t{300'000}}) {
            const Time at = Time::ps(bursts[n] + later);
            INFO("burst " << n << " of " << bursts.size() << " at " << to_string(at));
            const Rest saved = save_at(at, sets);
            check_equal(saved, restore(saved, sets));
        }
}

TEST_CASE("a machine that was saved goes on exactly with caches and DRAM") {
    for (const char* model : {"cpu.model=486", "cpu.model=pentium", "cpu.model=p6"}) {
        const Sets sets{"sectors=8",       "disk.fill=pattern",  model,
                        "cpu.cache=model", "memory.dram=edo-60", "cpu.l2_size=16KiB"};
        for (const char* phase : {"polled", "dma"}) {
            const auto [begin, length] = span_of_phase(phase, sets);
            for (unsigned part : {1, 7, 12}) {
                const Time at = begin + Time::ps(length.ps() / 16 * part + 12345);
                INFO(model << " " << phase << " part " << part << " at " << to_string(at));
                const Rest saved = save_at(at, sets);
                check_equal(saved, restore(saved, sets));
            }
        }
    }
}

TEST_CASE("a machine that was saved goes on in lockstep too") {
    const auto [begin, length] = span_of_phase("interrupt", disk_and_guest);
    const Rest saved = save_at(begin + Time::ps(length.ps() / 2), disk_and_guest);
    const Rest lockstep = restore(saved, disk_and_guest, "pio_vs_dma", true);
    CHECK(lockstep.end == saved.end);
    CHECK(lockstep.results == saved.results);
}

TEST_CASE("timers and interrupt controllers go on after a restore") {
    const Sets slow{"cpu.clock=4MHz"};  // fewer instructions in the same time
    for (uint64_t ms : {3, 25, 66, 110, 160}) {
        INFO(ms << " ms");
        const Rest saved = save_at(Time::ms(ms), slow, "timer_interrupts");
        check_equal(saved, restore(saved, slow, "timer_interrupts"));
    }
}

TEST_CASE("an archive of another machine is refused") {
    const Rest saved = save_at(Time::us(300), disk_and_guest);
    Sets other = disk_and_guest;
    other.push_back("memory.size=32MiB");
    CHECK_THROWS_WITH(restore(saved, other), Catch::Contains("state archive"));
    Sets fewer = disk_and_guest;
    fewer.insert(fewer.end(), {"more.device=uart16550", "more.port=0x2f8"});
    CHECK_THROWS_WITH(restore(saved, fewer), Catch::Contains("different machine"));
}
