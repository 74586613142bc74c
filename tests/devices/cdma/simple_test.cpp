// SPDX-License-Identifier: Apache-2.0
//
// Registers and simple mode: PG034, "Register Space", "Programming Sequence".
#include "tests/devices/cdma/cdma_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::cdma;

TEST_CASE("registers after reset are those of PG034") {
    CdmaBoard board;
    board.run([&](Script& io) {
        struct Row {
            uint32_t at, value;
        };
        const Row rows[]{{cr, 0x00010000}, {sr, 0x0001000a}, {current, 0}, {current_msb, 0},
                         {tail, 0},        {tail_msb, 0},    {sa, 0},      {sa_msb, 0},
                         {da, 0},          {da_msb, 0},      {btt, 0}};
        for (const Row& row : rows) {
            CAPTURE(row.at);
            CHECK(io.read32(row.at) == row.value);
        }
        // Reserved bits of CDMACR stay zero.
        io.write32(cr, 0xfffffffb);
        CHECK(io.read32(cr) == 0xffff7078);
    });
    pci::Function* function = board.pci.find(4, 0);
    CHECK(function->vendor_id == 0x10ee);
    CHECK(function->device_id == 0x7034);
    CHECK(function->bank.read(0x09, 3) == 0x088000);
    CHECK(function->interrupt_pin == 1);
}

TEST_CASE("a simple transfer copies exactly what it is told to") {
    struct Row {
        uint32_t from, to, bytes;
    };
    const Row rows[]{
        {0x10000, 0x20000, 1},       {0x10000, 0x20000, 64},    {0x10001, 0x20000, 64},
        {0x10000, 0x20003, 64},      {0x10001, 0x20002, 63},    {0x1003f, 0x20001, 129},
        {0x10ffe, 0x20ff9, 5000},    {0x10000, 0x20000, 4096},  {0x10003, 0x20003, 3},
        {0x10000, 0x20000, 100'000}, {0x13fff, 0x40001, 65'537}};
    CdmaBoard board;
    fill(board.ram + 0x10000, 0x30000);
    board.run([&](Script& io) {
        for (const Row& row : rows) {
            CAPTURE(row.from, row.to, row.bytes);
            // Where source and target meet, a source that is not overwritten.
            const uint32_t to = row.to + 0x40000;
            std::memset(board.ram + to - 64, 0xee, row.bytes + 128);
            CHECK(copy(io, row.from, to, row.bytes) == (rest | ioc));
            CHECK(differing(board.ram + to, row.bytes, row.from - 0x10000) == 0);
            for (uint32_t i = 1; i <= 64; ++i) {
                CHECK(board.ram[to - i] == 0xee);
                CHECK(board.ram[to + row.bytes + i - 1] == 0xee);
            }
            io.write32(sr, ioc);
            CHECK(state(io) == rest);
        }
    });
    CHECK(board.findings() == 0);
}

namespace {

/// The time from the write of BTT to the interrupt.
Time transfer_time(const TestBoard::Settings& settings, uint32_t from, uint32_t to,
                   uint32_t bytes) {
    return isolated([&] {
        CdmaBoard board{settings};
        Time began;
        board.run([&](Script& io) {
            io.write32(cr, ioc_enable | threshold(1));
            io.write32(sa, from);
            io.write32(da, to);
            began = io.time();
            io.write32(btt, bytes);
            io.wait(1_ms);
        });
        REQUIRE(board.irq.changes.size() == 1);
        return board.irq.changes[0].first - began;
    });
}

}  // namespace

TEST_CASE("a simple transfer takes the clocks of core and bus to the picosecond") {
    // The bus: 30 ns a clock, 1 address clock and 1 a beat of 4 bytes, at most 16 beats. The core:
    // 10 ns a clock; 10 clocks to the first read, 23 from a burst's last read beat to its write.
    // Without latencies, the first read waits until the write that starts it is off the bus.
    const Time burst = 30_ns * 17, core = 10_ns, own = 30_ns * 2;
    struct Row {
        const char* name;
        TestBoard::Settings settings;
        uint32_t from, to, bytes;
        Time time;
    };
    const Row rows[]{
        {"one byte", {}, 0x10000, 0x20000, 1, core * 33 + 30_ns * 4},
        {"one burst", {}, 0x10000, 0x20000, 64, core * 33 + burst * 2},
        // The second read hides the way of the first through the buffer.
        {"two bursts", {}, 0x10000, 0x20000, 128, core * 10 + burst * 4},
        {"a long transfer", {}, 0x10000, 0x20000, 6400, core * 10 + burst * 200},
        // Reads of 60 and 4 bytes, one write.
        {"an unaligned source", {}, 0x10004, 0x20000, 64, core * 33 + 30_ns * (16 + 2 + 17)},
        {"no latencies", prompt(), 0x10000, 0x20000, 64, own + burst * 2},
        {"a slower clock", {{"clock", "50MHz"}}, 0x10000, 0x20000, 64, core * 66 + burst * 2},
        {"short bursts", prompt({{"burst_length", "2"}}), 0x10000, 0x20000, 64, own + 30_ns * 48},
        {"a deep buffer", prompt({{"buffer_bursts", "8"}}), 0x10000, 0x20000, 512,
         own + burst * 16},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        CHECK(transfer_time(row.settings, row.from, row.to, row.bytes) == row.time);
    }
}

TEST_CASE("a transfer onto itself reads ahead of its writes by the buffer") {
    // A second computation: bursts end at multiples of 64 bytes; reads go first as long as the
    // buffer has room.
    struct Row {
        uint32_t from, to, bytes, bursts;
    };
    std::vector<Row> rows;
    for (uint32_t bursts : {2u, 3u, 8u})
        for (uint32_t distance : {1u, 4u, 63u, 64u, 65u, 128u, 192u, 1000u})
            for (bool up : {false, true})
                rows.push_back({up ? 0x10003 : 0x10003 + distance,
                                up ? 0x10003 + distance : 0x10003, 3000, bursts});
    for (const Row& row : rows) {
        CAPTURE(row.from, row.to, row.bursts);
        const bool same = isolated([&] {
            CdmaBoard board{{{"buffer_bursts", std::to_string(row.bursts)}}};
            fill(board.ram, 0x20000);
            std::vector<uint8_t> expected(board.ram, board.ram + 0x20000), held;
            uint32_t read = 0, written = 0;
            while (written < row.bytes) {
                const uint32_t from = row.from + read, to = row.to + written;
                const uint32_t in = std::min(64 - from % 64, row.bytes - read);
                if (in > 0 && held.size() + in <= 64 * row.bursts) {
                    held.insert(held.end(), &expected[from], &expected[from] + in);
                    read += in;
                } else {
                    const uint32_t out = std::min(64 - to % 64, row.bytes - written);
                    std::copy_n(held.begin(), out, &expected[to]);
                    held.erase(held.begin(), held.begin() + out);
                    written += out;
                }
            }
            board.run([&](Script& io) { copy(io, row.from, row.to, row.bytes); });
            return std::equal(expected.begin(), expected.end(), board.ram);
        });
        CHECK(same);
    }
}

TEST_CASE("what may be written only while idle is ignored while busy") {
    CdmaBoard board;
    fill(board.ram + 0x10000, 0x10000);
    board.run([&](Script& io) {
        io.write32(sa, 0x10000);
        io.write32(da, 0x80000);
        io.write32(btt, 10'000);
        CHECK(state(io) == sg_included);
        for (uint32_t reg : {sa, da, btt}) {
            const uint32_t before = io.read32(reg);
            const uint64_t findings = board.findings();
            io.write32(reg, 0x1234);
            CHECK(io.read32(reg) == before);
            CHECK(board.findings() == findings + 1);
        }
        for (uint32_t bit : {sg, fixed_read, fixed_write, cyclic}) {
            const uint64_t findings = board.findings();
            io.write32(cr, bit | threshold(1));
            CHECK(io.read32(cr) == threshold(1));
            CHECK(board.findings() == findings + 1);
        }
        // Interrupt enables are not among them.
        io.write32(cr, ioc_enable | threshold(1));
        CHECK(io.read32(cr) == (ioc_enable | threshold(1)));
        CHECK(wait_idle(io) == (rest | ioc));
        CHECK(differing(board.ram + 0x80000, 10'000) == 0);
    });
    CHECK(board.irq.level());
}

TEST_CASE("errors of a simple transfer set their bits and halt the core until it is reset") {
    struct Row {
        const char* name;
        uint32_t from, from_high, to, to_high, bytes, bits;
        const char* finding;
    };
    const Row rows[]{
        {"zero bytes", 0x10000, 0, 0x20000, 0, 0, dma_int, "DMAIntErr"},
        {"from nowhere", nowhere, 0, 0x20000, 0, 64, dma_dec, "DMADecErr"},
        {"to nowhere", 0x10000, 0, nowhere, 0, 64, dma_dec, "DMADecErr"},
        {"from a target that refuses", refusing, 0, 0x20000, 0, 64, dma_slv, "DMASlvErr"},
        {"to a target that refuses", 0x10000, 0, refusing, 0, 64, dma_slv, "DMASlvErr"},
        {"over the end of memory", 0x3fff00, 0, 0x20000, 0, 4096, dma_dec, "DMADecErr"},
        {"past 4 GiB", 0x10000, 0, 0x20000, 1, 64, dma_dec, "DMADecErr"},
        {"from past 4 GiB", 0x10000, 1, 0x20000, 0, 64, dma_dec, "DMADecErr"},
        {"at the end of all addresses", 0x10000, 0, 0xffffff00, 0xffffffff, 4096, dma_dec,
         "DMADecErr"},
        {"over 4 GiB", 0xfffff000, 0, 0x20000, 0, 8192, dma_dec, "DMADecErr"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const bool right = isolated([&] {
            CdmaBoard board{{{"address_width", "64"}}};
            fill(board.ram, CdmaBoard::memory_bytes);
            bool good = true;
            auto check = [&](bool condition) {
                CHECK(condition);
                good &= condition;
            };
            board.run([&](Script& io) {
                io.write32(cr, error_enable | ioc_enable | threshold(1));
                io.write32(sa_msb, row.from_high);
                io.write32(da_msb, row.to_high);
                check(copy(io, row.from, row.to, row.bytes) == (rest | row.bits | err));
                check(board.irq.level());
                check(board.found(row.finding));
                // Halted: starting does nothing, and clearing the interrupt does not help.
                io.write32(sr, err);
                check(!board.irq.level());
                io.write32(sa_msb, 0);
                io.write32(da_msb, 0);
                const uint64_t findings = board.findings();
                check(copy(io, 0x10000, 0x30000, 64) == (rest | row.bits));
                check(board.findings() == findings + 1);
                // Nothing but (part of) the target was written.
                check(differing(board.ram, 0x20000) == 0);
                check(differing(board.ram + 0x30000, 0x100000, 0x30000) == 0);
                soft_reset(io);
                check(io.read32(sr) == 0x0001000a);
                check(copy(io, 0x10000, 0x30000, 64) == (rest | ioc));
                check(differing(board.ram + 0x30000, 64, 0x10000) == 0);
            });
            return good;
        });
        CHECK(right);
    }
}

TEST_CASE("more bytes than BTT has bits for are cut off") {
    CdmaBoard board;
    board.run([&](Script& io) {
        CHECK(copy(io, 0x10000, 0x20000, 0xfc000040) == (rest | ioc));
        CHECK(io.read32(btt) == 64);
        CHECK(board.found("67108863"));
    });
}

TEST_CASE("with 32-bit addresses the upper halves do not exist") {
    CdmaBoard board;
    fill(board.ram + 0x10000, 64);
    board.run([&](Script& io) {
        io.write32(sa_msb, 0);
        CHECK(board.findings() == 0);
        for (uint32_t reg : {sa_msb, da_msb, current_msb, tail_msb}) {
            if (reg == current_msb) io.write32(cr, sg | threshold(1));
            const uint64_t findings = board.findings();
            io.write32(reg, 1);
            CHECK(io.read32(reg) == 0);
            CHECK(board.findings() == findings + 1);
            CHECK((state(io) & idle) != 0);
        }
        io.write32(cr, threshold(1));
        CHECK(copy(io, 0x10000, 0x20000, 64) == (rest | ioc));
        CHECK(differing(board.ram + 0x20000, 64) == 0);
    });
}

TEST_CASE("a soft reset lets the burst under way end and forgets the rest") {
    for (Time after : {50_ns, 150_ns, 700_ns, 1300_ns, 2_us}) {
        CAPTURE(after.ps());
        const bool right = isolated([&] {
            CdmaBoard board;
            fill(board.ram + 0x10000, 0x10000);
            bool good = true;
            auto check = [&](bool condition) {
                CHECK(condition);
                good &= condition;
            };
            board.run([&](Script& io) {
                io.write32(cr, ioc_enable | threshold(7));
                io.write32(sa, 0x10000);
                io.write32(da, 0x80000);
                io.write32(btt, 50'000);
                io.wait(after);
                io.write32(cr, reset);
                check(io.read32(cr) == (ioc_enable | threshold(7) | reset));
                io.write32(sa, 0x4444);  // ignored
                io.wait(2_us);
                check(io.read32(cr) == 0x00010000);
                check(io.read32(sr) == 0x0001000a);
                check(io.read32(sa) == 0);
                check(board.found("in reset"));
                uint32_t moved = 0;
                while (board.ram[0x80000 + moved] == pattern(moved) && moved < 50'000) ++moved;
                check(moved % 64 == 0);
                for (uint32_t i = moved; i < 50'000; ++i) good &= board.ram[0x80000 + i] == 0;
                check(copy(io, 0x10000, 0x80000, 50'000) == (rest | ioc));
                check(differing(board.ram + 0x80000, 50'000) == 0);
            });
            check(board.irq.changes.empty());
            return good;
        });
        CHECK(right);
    }
}

TEST_CASE("nothing moves while bus mastering is disabled") {
    CdmaBoard board;
    fill(board.ram + 0x10000, 64);
    board.enable(0x02);
    board.run([&](Script& io) {
        io.write32(sa, 0x10000);
        io.write32(da, 0x20000);
        io.write32(btt, 64);
        io.wait(1_ms);
        CHECK(state(io) == sg_included);
        CHECK(board.ram[0x20000] == 0);
        CHECK(board.found("bus mastering"));
        soft_reset(io);
        CHECK(state(io) == rest);
        board.enable();
        CHECK(copy(io, 0x10000, 0x20000, 64) == (rest | ioc));
    });
}

TEST_CASE("a transfer and a chain go on where they were when bus mastering comes back") {
    for (const bool chain : {false, true}) {
        CAPTURE(chain);
        const bool right = isolated([&] {
            CdmaBoard board;
            fill(board.ram + 0x10000, 4096);
            const uint32_t ring = 0x4000;
            const uint32_t last =
                board.put_chain(ring, {{.from = 0x10000, .to = 0x20000, .control = 2048},
                                       {.from = 0x10800, .to = 0x20800, .control = 2048}});
            bool good = true;
            board.run([&](Script& io) {
                if (chain) {
                    begin_chain(io, ring, last);
                } else {
                    io.write32(sa, 0x10000);
                    io.write32(da, 0x20000);
                    io.write32(btt, 4096);
                }
                io.wait(5_us);
                board.enable(0x02);  // in the middle
                io.wait(100_us);
                good &= (state(io) & idle) == 0 && differing(board.ram + 0x20000, 4096) > 0;
                board.enable();
                good &= wait_idle(io) == (rest | ioc);
                good &= differing(board.ram + 0x20000, 4096) == 0;
            });
            return good && board.found("bus mastering");
        });
        CHECK(right);
    }
}
