// SPDX-License-Identifier: Apache-2.0
//
// The shapes that the DMA scenarios promise in their comments, from the guests' own figures and
// from the phases that the simulator measured; and the guests that test the DMA library and its
// drivers.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/scenarios/guest_run.h"

using namespace sb;
using namespace sb::test;

namespace {

/// A run that went well: the guest has checked all of the data itself.
GuestRun good(const std::string& name, const Sets& sets = {}) {
    GuestRun run = run_scenario(name, sets);
    INFO(name << "\n" << run.text() << "\n" << run.console());
    REQUIRE(run.status() == 0);
    return run;
}

uint64_t elapsed(const GuestRun& run, const std::string& phase) {
    const nlohmann::json* found = run.phase(phase);
    INFO(phase);
    REQUIRE(found);
    return found->at("elapsed_ps").get<uint64_t>();
}

/// Equal to within `per_mille` of the larger.
bool near(uint64_t a, uint64_t b, uint64_t per_mille) {
    const uint64_t difference = a > b ? a - b : b - a;
    return difference * 1000 <= std::max(a, b) * per_mille;
}

}  // namespace

TEST_CASE("the DMA library's own logic") {
    const GuestRun run = run_guest("dma_lists", {});
    INFO(run.console());
    CHECK(run.status() == 0);
}

TEST_CASE("in each DMA scenario every bus's time and bytes add up") {
    for (const char* name : {"arbitration", "copy_break_even", "descriptor_chains", "dma_modes",
                             "isa_dma", "pci_latency", "scatter_gather", "snooping"}) {
        const GuestRun run = good(name);
        REQUIRE_FALSE(run.results.at("buses").empty());
        for (const nlohmann::json& bus : run.results.at("buses")) {
            INFO(name << " " << bus.at("name"));
            uint64_t held = 0, by_master = 0, by_target = 0;
            for (const nlohmann::json& master : bus.at("masters")) {
                held += master.at("held_ps").get<uint64_t>();
                by_master += master.at("bytes").get<uint64_t>();
            }
            for (const nlohmann::json& target : bus.at("targets"))
                by_target += target.at("bytes").get<uint64_t>();
            const auto time = [&](const char* key) { return bus.at(key).get<uint64_t>(); };
            CHECK(held + time("turnaround_ps") + time("idle_ps") == time("elapsed_ps"));
            CHECK(by_master == by_target);
            CHECK(by_master > 0);
        }
    }
}

TEST_CASE("the engine's driver in every way to learn of the end") {
    for (const char* completion : {"polling", "interrupt"})
        for (const char* irq : {"pic", "apic"}) {
            // A cyclic chain never rests: by fixed priority the processor would get nothing.
            const GuestRun run =
                run_guest("dma_engine",
                          {"engine.device=axi-cdma", "bus.arbitration=round-robin",
                           fmt::format("completion={}", completion), fmt::format("irq={}", irq)});
            INFO(completion << " " << irq << "\n" << run.text() << "\n" << run.console());
            CHECK(run.status() == 0);
        }
}

TEST_CASE("the engine's driver by messages") {
    const GuestRun run = run_guest("dma_engine", {"engine.device=axi-cdma", "completion=message",
                                                  "bus.arbitration=round-robin"});
    INFO(run.text() << "\n" << run.console());
    CHECK(run.status() == 0);
}

TEST_CASE("packets go through a FIFO by key-hole transfers and come back") {
    const GuestRun run =
        run_guest("dma_engine", {"engine.device=axi-cdma", "fifo.device=axi-stream-fifo", "fifo=1",
                                 "bus.arbitration=round-robin"});
    INFO(run.text() << "\n" << run.console());
    CHECK(run.status() == 0);
}

TEST_CASE("a cache that watches the bus keeps more than one that the program empties") {
    const GuestRun watched = good("snooping");
    const GuestRun emptied = good("snooping", {"cpu.snoop=false", "flush=wbinvd"});
    CHECK(elapsed(watched, "process") < elapsed(emptied, "process"));
    CHECK(watched.metric("ns_total") < emptied.metric("ns_total"));
}

TEST_CASE("the sound card's driver plays and records and goes round a double buffer") {
    for (const char* irq : {"pic", "apic"})
        for (const char* rate : {"20000", "8000"}) {
            const GuestRun run =
                run_guest("sound", {"sound.device=sound-blaster", fmt::format("irq={}", irq),
                                    fmt::format("rate={}", rate)});
            INFO(irq << " " << rate << "\n" << run.text() << "\n" << run.console());
            CHECK(run.status() == 0);
        }
}

TEST_CASE(
    "transparent DMA costs the processor nothing and the other modes cost more the more they "
    "copy") {
    const GuestRun burst = good("dma_modes", {"bus.dma_mode=burst"});
    const GuestRun stealing = good("dma_modes", {"bus.dma_mode=cycle-stealing"});
    const GuestRun transparent = good("dma_modes", {"bus.dma_mode=transparent"});
    // The same instructions in both phases: to the picosecond where nobody is in the way.
    CHECK(elapsed(transparent, "with_dma") == elapsed(transparent, "alone"));
    CHECK(transparent.metric("slowdown_percent_x100") == 0);
    for (const GuestRun* run : {&burst, &stealing}) {
        CHECK(elapsed(*run, "alone") == elapsed(transparent, "alone"));
        CHECK(run->metric("dma_bytes_per_second") > 0);
    }
    CHECK(elapsed(burst, "with_dma") > elapsed(stealing, "with_dma"));
    CHECK(elapsed(stealing, "with_dma") > elapsed(transparent, "with_dma"));
    CHECK(burst.metric("dma_bytes_per_second") > stealing.metric("dma_bytes_per_second"));
    CHECK(stealing.metric("dma_bytes_per_second") > transparent.metric("dma_bytes_per_second"));
}

TEST_CASE("longer bursts copy more and slow the processor more") {
    uint64_t slowdown = 0, rate = 0;
    for (const char* longest : {"2", "4", "8", "16"}) {
        INFO(longest);
        const GuestRun run =
            good("dma_modes", {fmt::format("bus.longest_burst={}", longest), "dma_kib=4096"});
        CHECK(run.metric("slowdown_percent_x100") > slowdown);
        CHECK(run.metric("dma_bytes_per_second") > rate);
        slowdown = run.metric("slowdown_percent_x100");
        rate = run.metric("dma_bytes_per_second");
    }
}

TEST_CASE("round robin is fair to a descriptor and fixed priority is not") {
    constexpr uint64_t piece = 256;
    const GuestRun fair = good("arbitration");
    const auto bytes = [](const GuestRun& run) {
        std::vector<uint64_t> list;
        for (int i = 0; i < 3; ++i) list.push_back(run.metric(fmt::format("bytes_engine_{}", i)));
        return list;
    };
    const auto shares = bytes(fair);
    const auto [least, most] = std::minmax_element(shares.begin(), shares.end());
    // To one burst, which the guest sees as whole descriptors, at times some registers apart.
    CHECK(*least > 100 * piece);
    CHECK(*most - *least <= piece);
    CHECK(fair.metric("bytes_processor") > 0);

    const auto starved =
        bytes(good("arbitration", {"bus.arbitration=fixed", "bus.processor_priority=0"}));
    CHECK(starved[0] > 100 * piece);
    CHECK(starved[1] + starved[2] <= 2 * piece);
}

namespace {

constexpr const char* tdma_slots =
    "bus.tdma_slots=processor,engine0.data,engine1.data,engine2.data,engine0.sg,engine1.sg,"
    "engine2.sg";

}  // namespace

TEST_CASE("weights share the bus by tenures") {
    constexpr uint64_t piece = 256;
    const GuestRun run = good("arbitration", {"bus.arbitration=weighted", "engine0.bus_weight=4"});
    const uint64_t first = run.metric("bytes_engine_0");
    for (const char* other : {"bytes_engine_1", "bytes_engine_2"}) {
        const uint64_t fourfold = 4 * run.metric(other);
        CHECK(fourfold > 100 * piece);
        // To a descriptor of the other's at both ends: four of the first's each.
        CHECK((first > fourfold ? first - fourfold : fourfold - first) <= 8 * piece);
    }
}

namespace {

// What docs/buses.md promises, with tenures counted by hand: a clock for the address and one a
// beat, of 30 ns. An engine's bursts have 16 beats of data, or the 8 words of a descriptor; a
// processor's longest access is to a device behind ISA.
struct Master {
    const char* name;
    uint64_t tenure_ns;
    uint64_t weight;
};
constexpr uint64_t data_ns = 17 * 30, descriptor_ns = 9 * 30, isa_ns = 720;
constexpr Master masters[] = {
    {"engine0.data", data_ns, 4},  {"engine0.sg", descriptor_ns, 4},
    {"engine1.data", data_ns, 2},  {"engine1.sg", descriptor_ns, 2},
    {"engine2.data", data_ns, 1},  {"engine2.sg", descriptor_ns, 1},
    {"processor_port", isa_ns, 1},
};
constexpr uint64_t slots = std::size(masters), slot_ns = 64 * 30;

/// The sum over all but `own` of `tenures` of each.
template <typename Tenures>
uint64_t others_ns(const Master& own, Tenures tenures) {
    uint64_t sum = 0;
    for (const Master& other : masters)
        if (&other != &own) sum += tenures(other) * other.tenure_ns;
    return sum;
}

}  // namespace

TEST_CASE("no master waits longer than its policy promises") {
    struct Policy {
        const char* name;
        Sets sets;
        /// What `own` waits for at most.
        uint64_t (*bound_ns)(const Master& own);
        /// What an engine's data has to have waited for, or the test has seen no contention.
        uint64_t least_ns;
    };
    const Policy policies[] = {
        {"round-robin",
         {},
         [](const Master& own) {
             return others_ns(own, [](const Master&) { return uint64_t{1}; });
         },
         2 * data_ns},
        {"weighted",
         {"engine0.bus_weight=4", "engine1.bus_weight=2"},
         [](const Master& own) {
             return others_ns(own, [](const Master& other) { return other.weight + 1; });
         },
         2 * data_ns},
        // The rest of its own slot is a little too short for it.
        {"tdma",
         {tdma_slots},
         [](const Master& own) {
             // A device's access is kept to a slot that could take the longest: a whole one.
             const bool processor = own.tenure_ns == isa_ns;
             return (slots - 1) * slot_ns + (processor ? slot_ns : own.tenure_ns);
         },
         (slots - 1) * slot_ns},
    };
    for (const Policy& policy : policies) {
        Sets sets = policy.sets;
        sets.push_back(fmt::format("bus.arbitration={}", policy.name));
        const GuestRun run = good("arbitration", sets);
        unsigned seen = 0;
        for (const nlohmann::json& bus : run.results.at("buses"))
            for (const nlohmann::json& entry : bus.at("masters"))
                for (const Master& master : masters) {
                    if (entry.at("name") != master.name) continue;
                    ++seen;
                    const uint64_t worst_ps = entry.at("worst_wait_ps").get<uint64_t>();
                    INFO(policy.name << " " << master.name);
                    CHECK(worst_ps <= 1000 * policy.bound_ns(master));
                    if (master.tenure_ns == data_ns) CHECK(worst_ps >= 1000 * policy.least_ns);
                }
        CHECK(seen == std::size(masters));
    }
}

TEST_CASE("a chain takes one interrupt where single transfers take one for each page") {
    const GuestRun run = good("scatter_gather");
    CHECK(run.metric("interrupts_cpu") == 0);
    CHECK(run.metric("interrupts_single") == 8);
    CHECK(run.metric("interrupts_chain") == 1);
    CHECK(run.metric("interrupts_bounce") == 1);
    CHECK(run.metric("ns_chain") < run.metric("ns_single"));
    // Everything is moved twice: by the processor, as in the first way, and by the engine.
    CHECK(run.metric("ns_bounce") > run.metric("ns_cpu"));
    CHECK(run.metric("ns_bounce") > run.metric("ns_chain"));
    CHECK(near(run.metric("ns_bounce"), run.metric("ns_cpu") + run.metric("ns_chain"), 100));
}

TEST_CASE("a chain's time grows by the same amount for each descriptor") {
    const GuestRun run = good("descriptor_chains");
    std::map<unsigned, uint64_t> ns;
    for (unsigned n = 1; n <= 256; n *= 2) ns[n] = run.metric(fmt::format("ns_chain_{}", n));
    for (unsigned n = 2; n <= 256; n *= 2) {
        INFO(n);
        CHECK(ns[n] >= ns[n / 2]);
    }
    // The clock counts in 838 ns, and the longest chain has an interrupt more.
    const uint64_t slope_256 = (ns[256] - ns[128]) / 128, slope_128 = (ns[128] - ns[64]) / 64;
    INFO(slope_256 << " and " << slope_128 << " ns a descriptor");
    CHECK(slope_256 > 0);
    CHECK(near(slope_256, slope_128, 150));
}

TEST_CASE("coalesced interrupts are the chain's length by the threshold") {
    const GuestRun run = good("descriptor_chains");
    for (unsigned threshold = 1; threshold <= 64; threshold *= 2) {
        INFO(threshold);
        CHECK(run.metric(fmt::format("interrupts_threshold_{}", threshold)) == 64 / threshold);
    }
    // 63 by the threshold and the one left over by the delay.
    CHECK(run.metric("interrupts_delay") == 2);
}

TEST_CASE("PCI's latency timer gives throughput for latency") {
    const GuestRun run = good("pci_latency");
    uint64_t throughput = 0, shortest = ~uint64_t{0};
    for (const char* timer : {"0", "8", "16", "32", "64", "128", "248"}) {
        INFO(timer);
        const uint64_t bytes = run.metric(fmt::format("bytes_per_second_{}", timer));
        const uint64_t ns = run.metric(fmt::format("ns_latency_{}", timer));
        CHECK(bytes * 1001 >= throughput * 1000);  // the clock counts in 838 ns
        throughput = bytes;
        shortest = std::min(shortest, ns);
    }
    CHECK(run.metric("bytes_per_second_248") > 2 * run.metric("bytes_per_second_0"));
    // Cut to single data phases a little copy takes longest; behind long bursts it waits again.
    CHECK(run.metric("ns_latency_0") > run.metric("ns_latency_248"));
    CHECK(run.metric("ns_latency_248") > shortest);
}

TEST_CASE("the processor wins with small copies and the engine pays later with an interrupt") {
    const GuestRun run = good("copy_break_even");
    const uint64_t polling = run.metric("break_even_polling");
    const uint64_t interrupt = run.metric("break_even_interrupt");
    CHECK(polling != 16);
    CHECK(interrupt != 16);
    if (interrupt != 0) {
        CHECK(polling != 0);
        CHECK(polling <= interrupt);
    }
}

TEST_CASE("each sample costs the processor the same bus time at any rate") {
    // The time is the bus's for one cycle of the 8237A; so the slowdown goes with the rate.
    const GuestRun fast = good("isa_dma", {"rate=22050"});
    const GuestRun slow = good("isa_dma", {"rate=11025", "bytes=128"});
    CHECK(fast.metric("interrupts") == 1);
    CHECK(fast.metric("slowdown_percent_x100") > 0);
    CHECK(
        near(fast.metric("slowdown_percent_x100"), 2 * slow.metric("slowdown_percent_x100"), 150));
    CHECK(near(fast.metric("ns_of_bus_a_sample"), slow.metric("ns_of_bus_a_sample"), 150));
}

TEST_CASE("a block of the 8237A stops the processor for four clocks a byte") {
    constexpr uint64_t bytes = 1024;
    const GuestRun run = good("isa_dma", {"mode=block", fmt::format("bytes={}", bytes)});
    CHECK(run.metric("interrupts") == 1);
    // 240 ns each, and one more for the first S1. The start that it is compared with may have
    // waited for a sample itself.
    CHECK(near(run.metric("ns_standing_still"), (4 * bytes + 1) * 240, 10));
}

TEST_CASE("every setting that a scenario's comment offers works") {
    unsigned offered = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(SOUTHBRIDGE_SOURCE_DIR "/scenarios")) {
        if (file.path().extension() != ".toml") continue;
        std::ifstream text(file.path());
        for (std::string line; std::getline(text, line);) {
            if (line.rfind("#   --set ", 0) != 0) continue;
            Sets sets;
            std::istringstream words(line);
            for (std::string word; words >> word;)
                if (word == "--set" && words >> word) sets.push_back(word);
            INFO(line);
            good(file.path().stem().string(), sets);
            ++offered;
        }
    }
    CHECK(offered >= 10);
}

// The alternatives that comments name in words: "or message", "pio0 ... pio4".
TEST_CASE("every alternative that a scenario's comment names works") {
    struct Offer {
        const char* scenario;
        const char* key;
        std::vector<const char*> values;
    };
    const Offer offers[] = {
        {"arbitration", "processor", {"0", "1"}},
        {"ata_timing",
         "mode",
         {"pio0", "pio1", "pio2", "pio3", "pio4", "mwdma0", "mwdma1", "mwdma2", "udma0", "udma1",
          "udma2", "udma3", "udma4", "udma5"}},
        {"copy_break_even", "interrupt", {"intx", "message"}},
        {"descriptor_chains", "completion", {"interrupt", "message"}},
        {"dma_modes", "bus.dma_mode", {"burst", "cycle-stealing", "transparent"}},
        {"isa_dma", "mode", {"single", "demand", "block"}},
        {"isa_dma", "rate", {"11025"}},
        {"scatter_gather", "completion", {"interrupt", "polling", "message"}},
        {"snooping", "flush", {"none", "wbinvd"}},
    };
    for (const Offer& offer : offers)
        for (const char* value : offer.values)
            good(offer.scenario, {fmt::format("{}={}", offer.key, value)});
}

TEST_CASE("a run too short for its question names what to change") {
    // A loop in the cache is over before the engine has completed a descriptor.
    const GuestRun nothing =
        run_scenario("dma_modes", {"words=256", "rounds=1", "dma_kib=64", "cpu.cache=model",
                                   "bus.dma_mode=cycle-stealing", "memory.dram=edo-60"});
    CHECK(nothing.status() != 0);
    CHECK(nothing.console().find("nothing was completed: raise words") != std::string::npos);
    // By fixed priority the processor comes last, when the engines are done.
    const GuestRun starved = run_scenario("arbitration", {"bus.arbitration=fixed"});
    CHECK(starved.status() != 0);
    CHECK(starved.console().find("guest.parameters.kib") != std::string::npos);
    CHECK(starved.console().find("bus.processor_priority=0") != std::string::npos);
}
