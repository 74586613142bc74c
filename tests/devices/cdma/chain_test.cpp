// SPDX-License-Identifier: Apache-2.0
//
// Chains of descriptors: PG034, "Scatter Gather Mode", "Scatter Gather Transfer Descriptor
// Definition".
#include "tests/devices/cdma/cdma_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::cdma;

namespace {

constexpr uint32_t ring = 0x1000;

}  // namespace

TEST_CASE("a chain is carried out up to its tail") {
    CdmaBoard board;
    fill(board.ram + 0x10000, 0x10000);
    const uint32_t last = board.put_chain(ring, {{.from = 0x10000, .to = 0x80000, .control = 100},
                                                 {.from = 0x10064, .to = 0x80064, .control = 4000},
                                                 {.from = 0x11004, .to = 0x81004, .control = 1}});
    board.run([&](Script& io) {
        CHECK(run_chain(io, ring, last) == (rest | ioc));
        CHECK(differing(board.ram + 0x80000, 4101) == 0);
        CHECK(board.ram[0x80000 + 4101] == 0);
        for (uint32_t at = ring; at <= last; at += 64) CHECK(board.status_of(at) == completed);
        CHECK(io.read32(current) == last);
        CHECK(io.read32(tail) == last);
    });
    CHECK(board.findings() == 0);
}

TEST_CASE("a chain takes the clocks of core and bus to the picosecond") {
    // As in the simple transfer; a descriptor's fetch is 9 bus clocks, its status 2. 19 core clocks
    // from the fetch to the data.
    const Time tick = 30_ns, core = 10_ns, burst = tick * 17;
    const Time fetch = tick * 9, status = tick * 2;
    const Time own = tick * 2;  // without latencies, the write that starts it is still on the bus
    struct Row {
        const char* name;
        TestBoard::Settings settings;
        unsigned descriptors;
        Time time;
    };
    const Row rows[]{
        {"one", {}, 1, core * (10 + 19 + 23) + fetch + burst * 2 + status},
        {"one, no latencies", prompt(), 1, own + fetch + burst * 2 + status},
        // Nothing overlaps: all of it, as often as there are descriptors; only the start is once.
        {"three, one at a time",
         {{"prefetch", "0"}},
         3,
         core * 10 + (core * (19 + 23) + fetch + burst * 2 + status) * 3},
        // Prefetched, the bus is never idle.
        {"three, no latencies", prompt(), 3, own + (fetch + burst * 2 + status) * 3},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const Time time = isolated([&] {
            CdmaBoard board{row.settings};
            std::vector<Bd> bds(row.descriptors, Bd{.from = 0x10000, .to = 0x20000, .control = 64});
            const uint32_t last = board.put_chain(ring, bds);
            Time began;
            board.run([&](Script& io) {
                io.write32(cr, sg | ioc_enable | threshold(row.descriptors));
                io.write32(current, ring);
                began = io.time();
                io.write32(tail, last);
                io.wait(1_ms);
            });
            REQUIRE(board.irq.changes.size() == 1);
            return board.irq.changes[0].first - began;
        });
        CHECK(time == row.time);
    }
}

TEST_CASE("the chain goes on behind its tail and is extended while it runs") {
    CdmaBoard board;
    fill(board.ram + 0x10000, 0x10000);
    std::vector<Bd> bds;
    for (uint32_t i = 0; i < 8; ++i)
        bds.push_back({.from = 0x10000 + 512 * i, .to = 0x80000 + 512 * i, .control = 512});
    const uint32_t last = board.put_chain(ring, bds);
    board.run([&](Script& io) {
        CHECK(run_chain(io, ring, ring + 64) == (rest | ioc));
        CHECK(io.read32(current) == ring + 64);
        CHECK(board.ram[0x80000 + 1024] == 0);
        io.write32(tail, ring + 128);  // the third
        io.write32(tail, ring + 192);  // and, while it is worked at, the fourth
        CHECK((state(io) & idle) == 0);
        wait_idle(io);
        CHECK(io.read32(current) == ring + 192);
        io.write32(tail, last);
        wait_idle(io);
        CHECK(differing(board.ram + 0x80000, 8 * 512) == 0);
        for (uint32_t at = ring; at <= last; at += 64) CHECK(board.status_of(at) == completed);
        // Where SGMode is not toggled, CURDESC_PNTR is not looked at; the next is the first again,
        // which is stale.
        CHECK(board.findings() == 0);
        io.write32(current, ring + 128);
        CHECK(board.found("not toggled"));
        io.write32(tail, last);
        CHECK(wait_idle(io) == (rest | ioc | sg_int | err));
        CHECK(io.read32(current) == ring);
    });
}

TEST_CASE("errors of a chain set their bits and leave the failing descriptor in CURDESC") {
    const Bd good{.from = 0x10000, .to = 0x80000, .control = 256};
    struct Row {
        const char* name;
        Bd bd;  // the second of three
        uint32_t bits;
        uint32_t status;
    };
    auto with = [&](auto change) {
        Bd bd = good;
        change(bd);
        return bd;
    };
    const Row rows[]{
        {"zero bytes", with([](Bd& b) { b.control = 0; }), dma_int, status_int},
        {"reserved control bits alone", with([](Bd& b) { b.control = 0xfc000000; }), dma_int,
         status_int},
        {"from nowhere", with([](Bd& b) { b.from = nowhere; }), dma_dec, status_dec},
        {"to nowhere", with([](Bd& b) { b.to = nowhere; }), dma_dec, status_dec},
        {"to past 4 GiB", with([](Bd& b) { b.to |= uint64_t{7} << 32; }), dma_dec, status_dec},
        {"from what refuses", with([](Bd& b) { b.from = refusing; }), dma_slv, status_slv},
        {"stale", with([](Bd& b) { b.status = completed; }), sg_int, completed},
    };
    for (const Row& row : rows) {
        for (const char* prefetch : {"0", "1", "4"}) {
            CAPTURE(row.name, prefetch);
            struct Result {
                uint32_t sr = 0, current = 0, status[3]{}, wrong = 0;
                bool irq = false, before = false;
            };
            const Result result = isolated([&] {
                CdmaBoard board{{{"address_width", "64"}, {"prefetch", prefetch}}};
                fill(board.ram, CdmaBoard::memory_bytes);
                Result r{};
                Bd head = good;
                head.to = 0x90000;
                const uint32_t last = board.put_chain(ring, {head, row.bd, good});
                board.run([&](Script& io) {
                    begin_chain(io, ring, last, error_enable | threshold(5));
                    io.write32(tail_msb, 0);
                    r.sr = wait_idle(io);
                    r.current = io.read32(current);
                    r.irq = board.irq.level();
                    for (uint32_t i = 0; i < 3; ++i) r.status[i] = board.status_of(ring + 64 * i);
                    r.before = differing(board.ram + 0x90000, 256, 0x10000) == 0;
                    r.wrong =
                        static_cast<uint32_t>(differing(board.ram + 0x2000, 0x8e000, 0x2000) +
                                              differing(board.ram + 0x90100, 0x300000, 0x90100));
                    soft_reset(io);
                });
                return r;
            });
            CHECK(result.sr == (rest | row.bits | err));
            CHECK(result.current == ring + 64);
            CHECK(result.irq);
            CHECK(result.status[0] == completed);
            CHECK(result.status[1] == row.status);
            CHECK(result.status[2] == 0);
            CHECK(result.before);
            CHECK(result.wrong == 0);
        }
    }
}

TEST_CASE("descriptors that can not be fetched are errors of the chain") {
    struct Row {
        const char* name;
        uint32_t first, next;  // the first descriptor is at `first`, or nowhere
        uint32_t bits, current;
    };
    const Row rows[]{
        {"the first, nowhere", nowhere, 0, sg_dec, nowhere},
        {"the first, refused", refusing, 0, sg_slv, refusing},
        {"the second, nowhere", ring, nowhere, sg_dec, nowhere},
        {"the second, refused", ring, refusing, sg_slv, refusing},
        {"the second, behind the memory", ring, 0x400000, sg_dec, 0x400000},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        struct Result {
            uint32_t sr = 0, current = 0;
            bool before = false, found = false;
        };
        const auto result = isolated([&]() -> Result {
            CdmaBoard board;
            fill(board.ram + 0x10000, 256);
            Result r{};
            board.put(ring, {.next = row.next, .from = 0x10000, .to = 0x80000, .control = 256});
            board.run([&](Script& io) {
                r.sr = run_chain(io, row.first, 0x2000, threshold(3));
                r.current = io.read32(current);
                r.before = row.first != ring || (board.status_of(ring) == completed &&
                                                 differing(board.ram + 0x80000, 256) == 0);
                r.found = board.found(row.bits == sg_dec ? "SGDecErr" : "SGSlvErr");
            });
            return r;
        });
        CHECK(result.sr == (rest | row.bits | err));
        CHECK(result.current == row.current);
        CHECK(result.before);
        CHECK(result.found);
    }
}

TEST_CASE("a descriptor that its own transfer overwrites is carried out as it was fetched") {
    CdmaBoard board;
    board.run([&](Script& io) {
        board.put(ring, {.from = 0x10000, .to = ring, .control = 64});
        std::memset(board.ram + 0x10000, 0x5a, 64);
        CHECK(run_chain(io, ring, ring) == (rest | ioc));
        CHECK(board.ram[ring] == 0x5a);
        CHECK(board.status_of(ring) == completed);
    });
}

TEST_CASE("descriptors are fetched once each") {
    // The first transfer overwrites the third descriptor. Prefetched, it is carried out as it was;
    // fetched one at a time, as it is then.
    for (const bool ahead : {true, false}) {
        CAPTURE(ahead);
        const uint8_t moved = isolated([&] {
            CdmaBoard board{{{"prefetch", ahead ? "4" : "0"}}};
            board.ram[0x10000] = 1;
            board.ram[0x10001] = 2;
            const Bd other{.next = ring, .from = 0x10001, .to = 0x80000, .control = 1};
            const uint32_t last =
                board.put_chain(ring, {{.from = 0x30000, .to = ring + 128, .control = 4000},
                                       {.from = 0x10000, .to = 0x90000, .control = 1},
                                       {.from = 0x10000, .to = 0x80000, .control = 1}});
            board.put(0x30000, other);
            board.run([&](Script& io) { run_chain(io, ring, last); });
            return board.ram[0x80000];
        });
        CHECK(moved == (ahead ? 1 : 2));
    }
}

TEST_CASE("a cyclic chain goes round until it is reset") {
    CdmaBoard board;
    fill(board.ram + 0x10000, 0x1000);
    board.put_chain(ring, {{.from = 0x10000, .to = 0x80000, .control = 64, .status = completed},
                           {.from = 0x10040, .to = 0x80040, .control = 64},
                           {.from = 0x10080, .to = 0x80080, .control = 64}});
    board.run([&](Script& io) {
        begin_chain(io, ring, 0x50, cyclic | ioc_enable | threshold(9));
        unsigned interrupts = 0;
        for (unsigned i = 0; i < 10; ++i) {
            REQUIRE(io.wait_for([&] { return board.irq.level(); }, 100_ns, 1_ms));
            io.write32(sr, ioc);
            ++interrupts;
        }
        CHECK((state(io) & idle) == 0);
        CHECK(differing(board.ram + 0x80000, 192) == 0);
        CHECK(board.findings() == 0);
        io.write32(cr, sg | threshold(9));  // CyclicBD can not be cleared now
        CHECK((io.read32(cr) & cyclic) != 0);
        soft_reset(io);
        CHECK(state(io) == rest);
        std::memset(board.ram + 0x80000, 0, 192);
        io.wait(1_ms);
        CHECK(board.ram[0x80000] == 0);
    });
}

TEST_CASE("a ring without an end halts at a descriptor that it has completed") {
    for (const unsigned length : {1u, 2u, 7u}) {
        CAPTURE(length);
        const uint32_t sr = isolated([&] {
            CdmaBoard board{{{"prefetch", "0"}}};
            std::vector<Bd> bds(length, Bd{.from = 0x10000, .to = 0x20000, .control = 8});
            board.put_chain(ring, bds);
            uint32_t r = 0;
            board.run([&](Script& io) {
                r = run_chain(io, ring, 0x8000, threshold(100));
                CHECK(io.read32(current) == ring);
            });
            return r;
        });
        CHECK(sr == (rest | sg_int | err));
    }
}

TEST_CASE("pointers that are not on 64-byte boundaries lose their low bits") {
    CdmaBoard board;
    fill(board.ram + 0x10000, 64);
    board.put(ring, {.next = ring + 0x55, .from = 0x10000, .to = 0x80000, .control = 32});
    board.put(ring + 64, {.next = ring, .from = 0x10020, .to = 0x80020, .control = 32});
    board.run([&](Script& io) {
        begin_chain(io, ring + 4, ring + 64 + 8);
        CHECK(board.findings() == 2);
        CHECK(wait_idle(io) == (rest | ioc));
        CHECK(board.findings() == 3);
        CHECK(io.read32(current) == ring + 64);
        CHECK(differing(board.ram + 0x80000, 64) == 0);
    });
}

TEST_CASE("descriptor pointers are zero in simple mode") {
    CdmaBoard board;
    board.put_chain(ring, {{.from = 0x10000, .to = 0x20000, .control = 8}});
    board.run([&](Script& io) {
        run_chain(io, ring, ring);
        CHECK(io.read32(current) == ring);
        io.write32(cr, threshold(1));
        CHECK(io.read32(current) == 0);
        CHECK(io.read32(tail) == 0);
        CHECK(board.findings() == 0);
        io.write32(current, ring);
        io.write32(tail, ring);
        CHECK(io.read32(current) == 0);
        CHECK(io.read32(tail) == 0);
        CHECK(board.findings() == 2);
        CHECK((state(io) & idle) != 0);
        // And BTT starts nothing in scatter-gather mode.
        io.write32(cr, sg | threshold(1));
        io.write32(btt, 64);
        CHECK((state(io) & idle) != 0);
        CHECK(board.findings() == 3);
    });
}

TEST_CASE("with 64-bit addresses the upper half of the tail starts the chain") {
    CdmaBoard board{{{"address_width", "64"}}};
    fill(board.ram + 0x10000, 64);
    board.put_chain(ring, {{.from = 0x10000, .to = 0x20000, .control = 64}});
    board.run([&](Script& io) {
        begin_chain(io, ring, ring);
        io.wait(10_us);
        CHECK(state(io) == rest);
        CHECK(board.ram[0x20000] == 0);
        io.write32(tail_msb, 0);
        CHECK(wait_idle(io) == (rest | ioc));
        CHECK(differing(board.ram + 0x20000, 64) == 0);
    });
    CHECK(board.findings() == 0);
}
