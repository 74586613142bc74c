// SPDX-License-Identifier: Apache-2.0
//
// Threshold and delay: PG034, "SG Interrupt Threshold and Interrupt Coalescing", "SG Delay
// Interrupt", CDMACR and CDMASR.
#include "tests/devices/cdma/cdma_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::cdma;

namespace {

constexpr uint32_t ring = 0x1000;

uint32_t chain(CdmaBoard& board, unsigned count, uint32_t bytes = 64, uint32_t at = ring) {
    std::vector<Bd> bds(count, Bd{.from = 0x10000, .to = 0x20000, .control = bytes});
    return board.put_chain(at, bds);
}

}  // namespace

TEST_CASE("the threshold counts completed descriptors down") {
    struct Row {
        uint32_t threshold;
        unsigned descriptors;
        uint32_t left;
        bool interrupt;
    };
    const Row rows[]{{1, 1, 1, true}, {1, 5, 1, true},  {2, 1, 1, false},
                     {2, 2, 2, true}, {2, 3, 1, true},  {4, 3, 1, false},
                     {4, 4, 4, true}, {4, 10, 2, true}, {255, 9, 246, false}};
    for (const Row& row : rows) {
        CAPTURE(row.threshold, row.descriptors);
        struct Result {
            uint32_t sr;
            bool level;
        };
        const Result result = isolated([&] {
            CdmaBoard board;
            Result r{};
            const uint32_t last = chain(board, row.descriptors);
            board.run([&](Script& io) {
                run_chain(io, ring, last, ioc_enable | threshold(row.threshold));
                r.sr = io.read32(sr);
                r.level = board.irq.level();
            });
            return r;
        });
        CHECK(result.sr == (rest | threshold(row.left) | (row.interrupt ? ioc : 0)));
        CHECK(result.level == row.interrupt);
    }
}

TEST_CASE("the count goes on over chains and a write to CDMACR reloads it") {
    CdmaBoard board;
    board.run([&](Script& io) {
        const uint32_t last = chain(board, 3);
        run_chain(io, ring, last, threshold(8));
        CHECK(io.read32(sr) == (rest | threshold(5)));
        const uint32_t next = chain(board, 4);
        io.write32(tail, next);  // from the fourth of the old ring, which is the first of the new
        CHECK(wait_idle(io) == (rest | 0));
        CHECK(io.read32(sr) == (rest | threshold(1)));
        io.write32(cr, sg | threshold(8));
        CHECK(io.read32(sr) == (rest | threshold(8)));
        // Zero is no threshold.
        io.write32(cr, sg | threshold(0));
        CHECK(io.read32(cr) == (sg | threshold(8)));
        CHECK(board.found("threshold of zero"));
    });
}

TEST_CASE("interrupt bits are cleared by writing one and masked by their enables") {
    CdmaBoard board;
    const uint32_t last = chain(board, 1);
    board.run([&](Script& io) {
        run_chain(io, ring, last, 0);
        CHECK(!board.irq.level());
        io.write32(cr, sg | ioc_enable | threshold(1));
        CHECK(board.irq.level());
        io.write32(sr, dly | err);
        CHECK(board.irq.level());
        io.write32(sr, ioc);
        CHECK(!board.irq.level());
        CHECK(state(io) == rest);
    });
    CHECK(board.findings() == 0);
}

TEST_CASE("the delay interrupt comes 125 clocks times IRQDelay after the core went idle") {
    struct Row {
        const char* clock;
        uint64_t period_ps;
        uint32_t delay;
    };
    const Row rows[]{{"100MHz", 10'000, 1},
                     {"100MHz", 10'000, 3},
                     {"100MHz", 10'000, 255},
                     {"125MHz", 8'000, 7}};
    for (const Row& row : rows) {
        CAPTURE(row.clock, row.delay);
        const Time delayed = isolated([&] {
            CdmaBoard board{prompt({{"clock", row.clock}})};
            const uint32_t last = chain(board, 3);
            Time began;
            board.run([&](Script& io) {
                io.write32(cr, sg | delay_enable | threshold(4) | delay(row.delay));
                io.write32(current, ring);
                began = io.time();
                io.write32(tail, last);
                io.wait(1_ms);
                CHECK(io.read32(sr) == (rest | dly | threshold(4)));
            });
            REQUIRE(board.irq.changes.size() == 1);
            return board.irq.changes[0].first - began;
        });
        // The starting write, then the bus is never free: three fetches of 8 words, three times 2
        // bursts of 16, three statuses of 1, each with an address clock.
        const Time bus = Time::ns(30) * (2 + 3 * 9 + 3 * 2 * 17 + 3 * 2);
        CHECK(delayed == bus + Time::ps(row.period_ps) * (125 * row.delay));
    }
}

TEST_CASE("the delay timer counts while idle and shows its count") {
    CdmaBoard board;
    board.run([&](Script& io) {
        const uint32_t last = chain(board, 2);
        run_chain(io, ring, last, delay_enable | threshold(9) | delay(100));
        // 100 ns a poll: less than one unit of 1.25 us has passed.
        CHECK(io.read32(sr) == (rest | threshold(7)));
        io.wait(Time::ns(1250) * 10);
        CHECK(io.read32(sr) == (rest | threshold(7) | delay(10)));
        // Busy again: it starts anew.
        chain(board, 3);
        io.write32(tail, ring);
        CHECK(wait_idle(io) == rest);
        CHECK(io.read32(sr) == (rest | threshold(6)));
        io.wait(Time::us(124));
        CHECK(state(io) == rest);
        io.wait(Time::us(2));
        CHECK(io.read32(sr) == (rest | dly | threshold(9)));
        CHECK(board.irq.level());
        // Nothing completed since: it does not come again.
        io.write32(sr, dly);
        io.wait(1_ms);
        CHECK(state(io) == rest);
        // Simple mode clears it.
        chain(board, 3);
        io.write32(tail, ring + 64);
        io.wait(1_ms);
        CHECK(state(io) == (rest | dly));
        io.write32(cr, delay_enable | threshold(1));
        CHECK(state(io) == rest);
        CHECK(!board.irq.level());
    });
    CHECK(board.findings() == 0);
}
