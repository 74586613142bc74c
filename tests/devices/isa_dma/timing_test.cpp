// SPDX-License-Identifier: Apache-2.0
//
// Cycle times by hand, to the picosecond, in DMA clocks of 240 ns: 8237A data sheet (231466-005),
// "DMA Operation" (states), with the AT's one wait state; PIIX4 data sheet (290562), 8.4.2
// and 8.4.3.
#include <catch2/catch.hpp>

#include "tests/devices/isa_dma/dma_fixture.h"

using namespace sb;
using namespace sb::literals;
using namespace sb::test;

namespace {

struct Row {
    const char* what;
    TestBoard::Settings settings;
    uint8_t command = 0;
    DmaSetup setup;
    std::vector<uint64_t> ends;  // DMA clocks from DRQ to the end of each transfer
};

}  // namespace

TEST_CASE("8237A transfers end at the clocks of their states") {
    // From DRQ: 1 clock to HRQ, then S1 S2 S3 SW S4.
    const DmaSetup blocks{.channel = 1, .mode = block | to_memory, .address = 0x1000, .count = 3};
    const DmaSetup crossing{.channel = 1, .mode = block | to_memory, .address = 0x10fe, .count = 3};
    const DmaSetup singles{.channel = 1, .mode = single | to_memory, .count = 3};
    const Row rows[] = {
        {"single: 5 clocks each, and one without HRQ between", {}, 0, singles, {6, 12, 18, 24}},
        {"block: 8 SYSCLKs repeated", {}, 0, blocks, {6, 10, 14, 18}},
        {"block across A8: S1 again", {}, 0, crossing, {6, 10, 15, 19}},
        {"without wait states", {{"wait_states", "0"}}, 0, blocks, {5, 8, 11, 14}},
        {"four wait states", {{"wait_states", "4"}}, 0, blocks, {9, 16, 23, 30}},
        {"compressed", {}, 0x08, blocks, {5, 8, 11, 14}},
        {"compressed without wait states: S2 S4",
         {{"wait_states", "0"}},
         0x08,
         crossing,
         {4, 6, 9, 11}},
        {"extended write changes the strobe only", {}, 0x20, blocks, {6, 10, 14, 18}},
        {"verify as a transfer",
         {},
         0,
         {.channel = 1, .mode = block | verify, .count = 3},
         {6, 10, 14, 18}},
        {"demand from memory",
         {},
         0,
         {.channel = 2, .mode = demand | from_memory, .count = 3},
         {6, 10, 14, 18}},
        {"words", {}, 0, {.channel = 5, .mode = demand | to_memory, .count = 3}, {6, 10, 14, 18}},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        const auto ends = isolated([&] {
            DmaBoard board{row.settings};
            DmaDevice client{board, row.setup.channel};
            std::array<uint64_t, 4> clocks{};
            board.run([&](Script& io) {
                io.out8(row.setup.channel < 4 ? 0x08 : 0xd0, row.command);
                program(io, row.setup);
                io.wait_until(100_us + 7_ps);
                client.want(4);
                io.wait(100_us);
                if (client.ended.size() != clocks.size()) return;
                for (size_t i = 0; i < clocks.size(); ++i)
                    clocks[i] = (client.ended[i] - (100_us + 7_ps)).ps();
            });
            return clocks;
        });
        for (size_t i = 0; i < ends.size(); ++i) CHECK(ends[i] == row.ends[i] * dma_clock_ps);
    }
}

TEST_CASE("8237A HRQ HLDA DACK and TC of a single transfer") {
    DmaBoard board;
    DmaDevice client{board, 1};
    std::map<std::string, std::unique_ptr<LineLog>> logs;
    for (const char* name : {"drq1", "hrq", "hlda", "dack1", "tc"})
        logs[name] = std::make_unique<LineLog>(board.sim, board.board.line(name));
    Time t;
    board.run([&](Script& io) {
        program(io, {.channel = 1, .mode = single | to_memory, .count = 0});
        t = board.synchronise(io);
        client.want(1);
        io.wait(20_us);
    });
    auto edges = [&](const char* name, Time up, Time down_at) {
        INFO(name);
        const auto& changes = logs[name]->changes;
        REQUIRE(changes.size() == 2);
        CHECK(changes[0] == std::pair{up, true});
        CHECK(changes[1] == std::pair{down_at, false});
    };
    const Time end = t + 1'440'000_ps;
    edges("drq1", t, end);
    edges("hrq", t + 240'000_ps, end);
    edges("hlda", t + 240'000_ps, end);
    edges("dack1", t + 360'000_ps, end);  // nine SYSCLKs of 120 ns
    edges("tc", t + 1'200'000_ps, end);   // S4
    CHECK(client.counted_out == std::vector{end});
}

TEST_CASE("8237A DACK and the bus stay for a whole block") {
    DmaBoard board;
    DmaDevice client{board, 1};
    LineLog dack{board.sim, board.board.line("dack1")}, hrq{board.sim, board.board.line("hrq")};
    Time t;
    board.run([&](Script& io) {
        program(io, {.channel = 1, .mode = block | from_memory, .count = 9});
        t = board.synchronise(io);
        client.want(10);
        io.wait(50_us);
    });
    REQUIRE(hrq.changes.size() == 2);
    REQUIRE(dack.changes.size() == 2);
    CHECK(hrq.changes[1].first - hrq.changes[0].first == dma_clocks(5 + 9 * 4));
    // 9 SYSCLKs, and 8 for each repeated transfer (PIIX4, 8.4.2).
    CHECK(dack.changes[1].first - dack.changes[0].first == Time::ps(120'000 * (9 + 9 * 8)));
}

TEST_CASE("8237A memory to memory takes eight states and the wait states of two cycles") {
    for (const uint64_t waits : {0u, 1u, 3u}) {
        INFO(waits << " wait states");
        const uint64_t held = isolated([&] {
            DmaBoard board{TestBoard::Settings{{"wait_states", std::to_string(waits)}}};
            LineLog hlda{board.sim, board.board.line("hlda")};
            board.run([&](Script& io) {
                io.out8(0x08, 0x01);
                program(io,
                        {.channel = 0, .mode = block | from_memory, .address = 0x1000, .count = 9});
                program(io,
                        {.channel = 1, .mode = block | to_memory, .address = 0x2000, .count = 9});
                io.out8(0x09, 0x04);
                io.wait(100_us);
            });
            if (hlda.changes.size() != 2) return uint64_t{0};
            return (hlda.changes[1].first - hlda.changes[0].first).ps();
        });
        CHECK(held == 10 * (8 + 2 * waits) * dma_clock_ps);
    }
}

TEST_CASE("8237A the processor waits for the whole cycle and goes between single transfers") {
    DmaBoard board;
    DmaDevice client{board, 1};
    board.run([&](Script& io) {
        program(io, {.channel = 1, .mode = single | to_memory, .count = 9});
        Time t = board.synchronise(io);
        client.want(2);
        // The processor's accesses take two bus clocks of 30 ns each.
        io.wait_until(t + 500_ns);
        io.read32(0x1000);
        CHECK(io.time() == t + dma_clocks(6) + 60_ns);
        // HRQ is away for a clock: three more accesses begin before the second transfer.
        io.read32(0x1000);
        io.read32(0x1000);
        io.read32(0x1000);
        CHECK(io.time() == t + dma_clocks(6) + 240_ns);
        io.read32(0x1000);
        CHECK(io.time() == t + dma_clocks(12) + 60_ns);

        // In block mode it waits for all of them.
        program(io, {.channel = 1, .mode = block | to_memory, .count = 9});
        t = board.synchronise(io);
        client.want(10);
        io.wait_until(t + 500_ns);
        io.read32(0x1000);
        CHECK(io.time() == t + dma_clocks(1 + 5 + 9 * 4) + 60_ns);
    });
    const auto& masters = board.bus.masters();
    const auto dma = std::find_if(masters.begin(), masters.end(),
                                  [](const auto* m) { return m->name == "dma.port"; });
    REQUIRE(dma != masters.end());
    CHECK((*dma)->bytes == 12);
    CHECK((*dma)->held == dma_clocks(2 * 5 + 5 + 9 * 4));
    const bus::BusSummary summary = board.bus.summary(board.sim.now());
    CHECK(summary.held() + summary.turnaround + summary.idle == summary.elapsed);
}

TEST_CASE("8237A HRQ waits for the processor's access to end") {
    DmaBoard board;
    DmaDevice client{board, 1};
    LineLog hlda{board.sim, board.board.line("hlda")};
    board.run([&](Script& io) {
        program(io, {.channel = 1, .mode = single | to_memory, .count = 9});
        const Time t = board.synchronise(io);
        client.want(1);
        io.wait_until(t + 200_ns);
        io.in8(0x80);  // 720 ns of ISA
        CHECK(io.time() == t + 920_ns);
        io.wait(20_us);
        REQUIRE_FALSE(hlda.changes.empty());
        CHECK(hlda.changes[0].first == t + 920_ns);
        CHECK(client.ended.at(0) == t + 920_ns + dma_clocks(5));
    });
}
