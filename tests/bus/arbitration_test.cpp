// SPDX-License-Identifier: Apache-2.0
//
// Arbitration policies by what each promises, and the ways of DMA to take the bus from a processor.
// The bus: 30000 ps a clock, one address clock, one data clock a beat, 4 bytes wide.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "bus/arbitration/tdma.h"
#include "tests/bus/bus_masters.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::literals;
using bus::DmaMode;
using sb::test::Kept;
using sb::test::Saturator;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

constexpr Time clock_period = Time::ps(30'000);

/// How many tenures each of three saturated masters had within some time.
std::array<uint64_t, 3> shares(const std::string& policy, std::array<unsigned, 3> weights,
                               std::array<unsigned, 3> priorities = {0, 1, 2}) {
    return test::isolated([&] {
        bus::SystemBusTiming timing;
        timing.arbitration = policy;
        TestBoard board{timing};
        board.add_memory(0, 0x10000);
        std::vector<std::unique_ptr<Saturator>> masters;
        for (unsigned n = 0; n < 3; ++n)
            masters.push_back(std::make_unique<Saturator>(
                board, fmt::format("m{}", n), bus::MasterSettings{priorities[n], weights[n]}, 0x1000 * n, 64));
        board.run([&](Script& io) {
            for (auto& m : masters) m->start(1'000'000);
            io.wait(clock_period * 17 * 600);
        });
        std::array<uint64_t, 3> counts{};
        for (unsigned n = 0; n < 3; ++n) counts[n] = masters[n]->ended.size();
        return counts;
    });
}

bool within_one(uint64_t a, uint64_t b) { return a > b ? a - b <= 1 : b - a <= 1; }

}  // namespace

TEST_CASE("saturated masters share the bus as the policy says") {
    using Counts = std::array<uint64_t, 3>;
    // One who is always there again at the grant takes all of a bus of fixed priority.
    CHECK(shares("fixed", {1, 1, 1}) == Counts{600, 0, 0});
    // Among equals, who has waited longest: each has had its turn before one has its next.
    CHECK(shares("fixed", {1, 1, 1}, {4, 4, 4}) == Counts{200, 200, 200});
    CHECK(shares("fixed", {1, 1, 1}, {4, 3, 3}) == Counts{0, 300, 300});
    const Counts even = shares("round-robin", {5, 1, 1});
    for (uint64_t n : even) CHECK(within_one(n, 200));
    const Counts weighted = shares("weighted", {3, 2, 1});
    CHECK(within_one(weighted[0], 300));
    CHECK(within_one(weighted[1], 200));
    CHECK(within_one(weighted[2], 100));
}

TEST_CASE("round robin makes nobody wait for more than one tenure of each other") {
    bus::SystemBusTiming timing;
    timing.arbitration = "round-robin";
    TestBoard board{timing};
    board.add_memory(0, 0x10000);
    Saturator a{board, "a", 0, 0x1000, 64}, b{board, "b", 1, 0x2000, 32},
        c{board, "c", 2, 0x3000, 4};
    Time longest;
    board.run([&](Script& io) {
        for (auto* m : {&a, &b, &c}) m->start(100'000);
        for (int i = 0; i < 500; ++i) {
            const Time asked = io.time();
            io.read32(0x100);
            longest = std::max(longest, io.time() - asked - clock_period * 2);
            io.wait(Time::ps(static_cast<uint64_t>(i) * 7919 % 100'003));
        }
    });
    CHECK(longest <= clock_period * (17 + 9 + 2));
    CHECK(longest > clock_period * 17);
    CHECK(a.port.stats().worst_wait <= clock_period * (9 + 2 + 2));
}

TEST_CASE("time division begins tenures in their owner's slots alone and waits are the table's") {
    bus::SystemBusTiming timing;
    timing.arbitration = "tdma";
    timing.tdma_slots = {"processor", "a", "idle", "b", "a"};
    timing.tdma_slot_clocks = 20;
    TestBoard board{timing};
    board.add_memory(0, 0x10000);
    Saturator a{board, "a", 0, 0x1000, 256}, b{board, "b", 1, 0x2000, 16};
    Kept bursts{board, observe::Kind::burst}, accesses{board, observe::Kind::access};
    const Time slot = clock_period * 20;
    Time longest;
    std::mt19937_64 random{1};
    board.run([&](Script& io) {
        a.start(100'000);
        b.start(100'000);
        for (int i = 0; i < 2000; ++i) {
            const Time asked = io.time();
            io.read32(0x100);
            longest = std::max(longest, io.time() - asked - clock_period * 2);
            io.wait(Time::ps(random() % 3'000'000));
        }
    });
    REQUIRE(bursts.events.size() > 1000);
    const std::array<std::string, 5> owners{"processor", "a.dma", "", "b.dma", "a.dma"};
    auto in_own_slot = [&](const observe::Event& e, const std::string& source) {
        const Time end = e.at + Time::ps(e.values[2]);
        return owners[e.at / slot % 5] == source && (end - 1_ps) / slot == e.at / slot;
    };
    for (size_t n = 0; n < bursts.events.size(); ++n)
        if (!in_own_slot(bursts.events[n], bursts.sources[n])) FAIL(bursts.events[n].at.ps());
    for (const auto& e : accesses.events) CHECK(in_own_slot(e, "processor"));
    // The processor's slot comes every 100 clocks; the wait is counted from when 2 do not fit.
    const auto& policy = dynamic_cast<const bus::Tdma&>(board.bus.policy());
    const Time worst = policy.longest_wait(0, clock_period * 2);
    CHECK(worst == clock_period * (4 * 20 + 2));
    CHECK(longest <= worst);
    CHECK(longest > worst - clock_period);
    CHECK(policy.longest_wait(1, slot) == slot * 3);  // from the end of one slot of a to the next
    // A tenure of 17 clocks a slot of 20: the rest is too short for another one.
    const bus::BusSummary sum = board.bus.summary(board.sim.now());
    CHECK(sum.balanced());
    CHECK(a.port.stats().held / (clock_period * 17) > 0);
}

TEST_CASE("an access to a device begins with its slot and ends in it") {
    bus::SystemBusTiming timing;
    timing.arbitration = "tdma";
    timing.tdma_slots = {"a", "processor"};
    timing.tdma_slot_clocks = 40;  // 1200 ns: an 8-bit access to a 16550A of 720 ns fits
    TestBoard board{timing};
    board.add_memory(0, 0x10000);
    board.plug("uart16550", "serial");
    Saturator a{board, "a", 0, 0x1000, 64};
    Kept accesses{board, observe::Kind::access};
    const Time slot = clock_period * 40;
    board.run([&](Script& io) {
        a.start(100'000);
        for (int i = 0; i < 200; ++i) {
            io.in8(0x3f8 + 5);
            io.wait(Time::ps(static_cast<uint64_t>(i) * 13'007));
        }
    });
    REQUIRE(accesses.events.size() == 200);
    for (const auto& e : accesses.events) {
        CHECK(e.at % slot == Time{});
        CHECK(e.at / slot % 2 == 1);
        CHECK(Time::ps(e.values[2]) >= 720_ns);
    }
    // Nobody ran over, so who shares the bus with it waits for its slot and no longer.
    CHECK(a.port.stats().worst_wait <= slot + clock_period * 17);
}

TEST_CASE("a burst that is longer than a slot is cut to what fits into one") {
    bus::SystemBusTiming timing;
    timing.arbitration = "tdma";
    timing.tdma_slots = {"a", "processor"};
    timing.tdma_slot_clocks = 10;
    TestBoard board{timing};
    uint8_t* memory = board.add_memory(0, 0x10000);
    Saturator a{board, "a", 0, 0x1000, 100};
    Kept bursts{board, observe::Kind::burst};
    board.run([&](Script& io) {
        std::fill_n(a.port.buffer(), 100, 0x5a);
        a.start(1);
        io.wait(10_us);
    });
    REQUIRE(bursts.events.size() == 3);  // 9 + 9 + 7 beats
    CHECK(bursts.events[0].values[1] == 36);
    CHECK(bursts.events[2].values[1] == 28);
    CHECK(bursts.events[1].at == clock_period * 20);
    CHECK(a.ended == std::vector<Time>{clock_period * 48});
    CHECK(memory[0x1000 + 99] == 0x5a);
}

TEST_CASE("slots of nobody who is there are refused") {
    bus::SystemBusTiming timing;
    timing.arbitration = "tdma";
    timing.tdma_slots = {"processor", "nic"};
    TestBoard board{timing};
    CHECK_THROWS_WITH(board.bus.assign_slots(), Catch::Contains("there is no bus master \"nic\""));
}

TEST_CASE("a processor without a slot is refused") {
    bus::SystemBusTiming timing;
    timing.arbitration = "tdma";
    timing.tdma_slots = {"idle"};
    TestBoard board{timing};
    CHECK_THROWS_WITH(board.bus.assign_slots(), Catch::Contains("processor has no slot"));
}

TEST_CASE("cycle stealing gives the bus to a waiting processor after each beat") {
    bus::SystemBusTiming timing;
    timing.dma_mode = DmaMode::cycle_stealing;
    TestBoard board{timing};
    board.add_memory(0, 0x10000);
    // Two of the highest priorities, and still the processor waits for one beat at most.
    Saturator a{board, "a", 0, 0x1000, 256}, b{board, "b", 1, 0x2000, 256};
    Kept bursts{board, observe::Kind::burst};
    Time longest;
    board.run([&](Script& io) {
        a.start(1000);
        b.start(1000);
        for (int i = 0; i < 1000; ++i) {
            const Time asked = io.time();
            io.read32(0x100);
            longest = std::max(longest, io.time() - asked - clock_period * 2);
            io.wait(Time::ps(static_cast<uint64_t>(i) * 7919 % 100'003));
        }
    });
    CHECK(longest <= clock_period * 2);
    CHECK(longest > clock_period);
    for (const auto& e : bursts.events) CHECK(e.values[1] == 4);
}

TEST_CASE("a burst without a limit is one tenure") {
    bus::SystemBusTiming timing;
    timing.longest_burst = 0;
    TestBoard board{timing};
    board.add_memory(0, 0x20000);
    Saturator a{board, "a", 0, 0x1002, 65536};
    board.run([&](Script& io) {
        a.start(1);
        io.wait(1_ms);
    });
    // 2 bytes, 16383 whole beats, 2 bytes.
    CHECK(a.ended == std::vector<Time>{clock_period * (1 + 16385)});
    CHECK(a.port.stats().transactions == 1);
}

namespace {

struct Run {
    uint64_t ends_hash, moved, abandoned;
    bool balanced, data;
};

/// A processor's accesses at odd times, with a master that wants the bus all the time, or without.
Run with_hidden_dma(bool dma, bool synchronous, unsigned turnaround) {
    return test::isolated([&] {
        bus::SystemBusTiming timing;
        timing.dma_mode = DmaMode::transparent;
        timing.synchronous = synchronous;
        timing.turnaround_clocks = turnaround;
        TestBoard board{timing};
        uint8_t* memory = board.add_memory(0, 0x10000);
        Saturator a{board, "a", 0, 0x1001, 1000};
        for (unsigned n = 0; n < 1000; ++n) a.port.buffer()[n] = static_cast<uint8_t>(n * 7);
        Run run{};
        std::mt19937_64 random{7};
        board.run([&](Script& io) {
            if (dma) a.start(5);
            for (int i = 0; i < 5000; ++i) {
                const uint64_t address = random() % 0x800;
                if (random() % 2)
                    io.write(address, 1, 4);
                else
                    io.read(address, 1u << random() % 3);
                run.ends_hash = run.ends_hash * 1'000'003 + io.time().ps();
                if (random() % 4) io.wait(Time::ps(random() % 200'000));
            }
        });
        run.moved = a.moved;
        run.abandoned = a.port.stats().abandoned;
        run.balanced = board.bus.summary(board.sim.now()).balanced();
        run.data = true;
        for (unsigned n = 0; n < 1000; ++n)
            run.data = run.data && memory[0x1001 + n] == static_cast<uint8_t>(n * 7);
        return run;
    });
}

}  // namespace

TEST_CASE("transparent DMA moves all its data and delays no access of a processor at all") {
    for (const bool synchronous : {false, true})
        for (const unsigned turnaround : {0u, 2u}) {
            INFO(synchronous << " " << turnaround);
            const Run alone = with_hidden_dma(false, synchronous, turnaround);
            const Run shared = with_hidden_dma(true, synchronous, turnaround);
            CHECK(shared.ends_hash == alone.ends_hash);
            CHECK(shared.moved == 5000);
            CHECK(shared.abandoned > 0);
            CHECK(shared.balanced);
            CHECK(shared.data);
        }
}
