// SPDX-License-Identifier: Apache-2.0
//
// The shapes that the network's scenarios promise in their comments, from what the simulator found out about packets and
// cycles; and that no packet is lost without a word in any of them.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "tests/scenarios/guest_run.h"

using namespace sb;
using namespace sb::test;

namespace {

struct Run {
    GuestRun run;
    const nlohmann::json& packets() const { return run.results.at("packets"); }
    uint64_t count(const char* name) const { return packets().at(name).get<uint64_t>(); }
    double metric(const char* name) const { return packets().at("metrics").at(name).get<double>(); }
    double cpu_left() const {
        return run.results.at("total").at("metrics").at("CPU left").get<double>();
    }
    uint64_t served() const { return run.metric("served"); }
    /// Interrupts that the driver took for each packet that it served.
    double interrupts_per_packet() const {
        return static_cast<double>(run.metric("interrupts")) / static_cast<double>(served());
    }
};

/// A run that went well, and whose packets are all accounted for.
Run good(const std::string& name, const Sets& sets = {}) {
    Run made{run_scenario(name, sets)};
    INFO(name << " " << (sets.empty() ? "" : sets.front()) << "\n"
              << made.run.text() << "\n"
              << made.run.console());
    REQUIRE(made.run.status() == 0);
    REQUIRE(made.count("begun") > 0);
    REQUIRE(made.count("begun") ==
            made.count("served") + made.count("dropped") + made.count("inside"));
    REQUIRE(made.packets().at("balanced").get<bool>());
    uint64_t dropped = 0;
    for (const auto& drop : made.packets().at("drops")) dropped += drop.at("packets").get<uint64_t>();
    REQUIRE(dropped == made.count("dropped"));
    return made;
}

uint64_t counter(const Run& run, const std::string& component, const std::string& name) {
    for (const auto& one : run.run.results.at("counters"))
        if (one.at("component") == component && one.at("name") == name)
            return one.at("value").get<uint64_t>();
    FAIL(component << " has no counter " << name);
    return 0;
}

}  // namespace

TEST_CASE("NICs: interrupts are cheap at low load, polling takes the whole processor") {
    const Run polled = good("nic_polling_irq_dma", {"service=poll", "traffic.rate=2000"});
    const Run interrupt = good("nic_polling_irq_dma", {"service=interrupt", "traffic.rate=2000"});
    CHECK(interrupt.cpu_left() > 80);
    CHECK(polled.cpu_left() < 1);
    CHECK(interrupt.interrupts_per_packet() > 0.9);
    // Polling sees a packet at once, and an interrupt has to be entered first.
    CHECK(polled.metric("host latency p50") < interrupt.metric("host latency p50"));
}

TEST_CASE("NICs: at high load what shares an interrupt among packets serves more of them") {
    const Sets load{"traffic.rate=64000", "milliseconds=25"};
    const auto at_load = [&](const char* service) {
        Sets sets = load;
        sets.push_back(fmt::format("service={}", service));
        return good("nic_polling_irq_dma", sets);
    };
    const Run interrupt = at_load("interrupt"), held = at_load("static"), napi = at_load("napi");
    CHECK(held.interrupts_per_packet() < interrupt.interrupts_per_packet() / 2);
    CHECK(held.served() >= interrupt.served());
    CHECK(napi.served() >= interrupt.served());
}

TEST_CASE("NICs: by programmed I/O the bus is what the processor waits for") {
    const Sets ne2000{"nic.device=ne2000", "traffic.rate=2000", "service=interrupt"};
    const Run slow = good("nic_polling_irq_dma", ne2000);
    Sets faster = ne2000;
    faster.push_back("cpu.clock=400MHz");
    const Run fast = good("nic_polling_irq_dma", faster);
    const auto stalled = [](const Run& run) {
        const auto& total = run.run.results.at("total").at("metrics");
        return total.at("I/O stall").get<double>() / static_cast<double>(run.served());
    };
    // The same time is four times as many cycles.
    CHECK(stalled(fast) > 3.5 * stalled(slow));
    CHECK(stalled(slow) > 100 * 256 / 4);  // a word of the packet takes far more than a cycle
}

TEST_CASE("coalescing: ITR bounds the rate of interrupts, and packets wait for it") {
    const Run free = good("coalescing", {"itr=0"});
    const Run held = good("coalescing", {"itr=400"});
    CHECK(free.interrupts_per_packet() > 0.8);
    // 102.4 us apart at the least: at most 147 in the 15 ms of the run, and one for a start.
    CHECK(held.run.metric("interrupts") <= 148);
    CHECK(held.metric("moderation mean") > 4 * free.metric("moderation mean"));
    CHECK(held.cpu_left() > free.cpu_left());
}

TEST_CASE("coalescing: RDTR delays each packet at low load, and RADV bounds it at high load") {
    const Sets low{"itr=0", "traffic.rate=2000"};
    Sets delayed = low;
    delayed.push_back("rdtr=100");
    const Run plain = good("coalescing", low), late = good("coalescing", delayed);
    CHECK(late.metric("host latency p50") - plain.metric("host latency p50") ==
          Approx(102.4).margin(5));
    // A packet each 12.5 us starts a timer of 102.4 us anew, nearly for ever but for RADV.
    const Run bounded =
        good("coalescing", {"itr=0", "rdtr=100", "radv=50", "traffic.rate=80000"});
    CHECK(bounded.metric("moderation max") <= 51.2 + 30);
}

TEST_CASE("livelock: interrupts collapse, quotas have their plateaus in order, feedback stays flat") {
    const auto out = [](const char* service, const char* rate, const char* user = "0") {
        const Run run = good("livelock", {fmt::format("service={}", service),
                                          fmt::format("traffic.rate={}", rate),
                                          fmt::format("user={}", user), "milliseconds=200"});
        return counter(run, "sink", "received");
    };
    const uint64_t rise = out("interrupt", "3000"), peak = out("interrupt", "5000"),
                   beyond = out("interrupt", "8000"), collapsed = out("interrupt", "12000");
    CHECK(rise < peak);
    CHECK(beyond < peak * 4 / 5);
    CHECK(collapsed < beyond / 2);
    uint64_t before = peak + peak / 2;
    for (const char* quota : {"quota:5", "quota:10", "quota:20", "quota:100", "quota:0"}) {
        INFO(quota);
        const uint64_t plateau = out(quota, "10000");
        CHECK(plateau < before);
        // A plateau: more input changes nothing.
        CHECK(out(quota, "14000") == Approx(plateau).epsilon(0.05).margin(5));
        before = plateau;
    }
    CHECK(out("interrupt", "12000", "1") < out("interrupt", "3000", "1") / 5);
    const uint64_t fed = out("feedback:10", "4000", "1");
    CHECK(out("feedback:10", "12000", "1") == Approx(fed).epsilon(0.1));
}

TEST_CASE("NAPI: hardly an interrupt when saturated, about one a packet when not") {
    const Run small = good("napi_crossover", {"traffic.size=64", "traffic.rate=890000"});
    CHECK(small.interrupts_per_packet() < 0.01);
    CHECK(small.count("dropped") > 0);
    const Run large = good("napi_crossover", {"traffic.size=1440", "traffic.rate=85193"});
    CHECK(large.interrupts_per_packet() > 0.9);
    CHECK(large.count("dropped") == 0);
}

TEST_CASE("adaptive moderation follows a step of the load") {
    for (const char* service : {"adaptive", "dim"}) {
        INFO(service);
        const Run run = good("adaptive_moderation", {fmt::format("service={}", service)});
        const Run fixed = good("adaptive_moderation", {"service=interrupt"});
        CHECK(run.interrupts_per_packet() < fixed.interrupts_per_packet());
    }
}

TEST_CASE("small packets: the wire's limit is never passed, and polling gets nearest to it") {
    const Run polled = good("small_packets", {"service=poll"});
    const Run interrupt = good("small_packets", {"service=interrupt"});
    CHECK(polled.served() > interrupt.served());
    // 672 ns each: 64 bytes, 8 of preamble and 12 of gap at a gigabit.
    for (const Run* run : {&polled, &interrupt}) {
        const uint64_t elapsed = run->run.elapsed_ps() - 3'000'000'000;
        CHECK(run->count("begun") <= elapsed / 672'000 + 1);
        CHECK(counter(*run, "wire", "frames_from_a") + counter(*run, "wire", "frames_from_b") <=
              elapsed / 672'000 + 1);
    }
}
