// SPDX-License-Identifier: Apache-2.0
//
// Transfer times against the t0 columns of ATA/ATAPI-6, one row a figure.
#include "tests/devices/ide/ide_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::ide;

namespace {

struct PioRow {
    uint8_t mode;
    uint64_t register_ns;  // 8-bit t0
    uint64_t data_ns;      // 16-bit t0
    uint64_t sector_ns;    // 256 words
};
// ATA/ATAPI-6, register transfers and PIO data transfers; the last column is 256 x t0.
constexpr PioRow pio_rows[]{{0, 600, 600, 153600},
                            {1, 383, 383, 98048},
                            {2, 330, 240, 61440},
                            {3, 180, 180, 46080},
                            {4, 120, 120, 30720}};

struct DmaRow {
    const char* name;
    uint8_t value;  // of the Sector Count register in SET FEATURES 03h
    uint64_t word_ns;
};
constexpr DmaRow dma_rows[]{
    {"Multiword DMA 0", 0x20, 480}, {"Multiword DMA 1", 0x21, 150}, {"Multiword DMA 2", 0x22, 120},
    {"Ultra DMA 0", 0x40, 120},     {"Ultra DMA 1", 0x41, 80},      {"Ultra DMA 2", 0x42, 60},
    {"Ultra DMA 3", 0x43, 45},      {"Ultra DMA 4", 0x44, 30},      {"Ultra DMA 5", 0x45, 20}};

}  // namespace

TEST_CASE("each PIO mode takes its t0 for a register and for a data word") {
    for (const PioRow& row : pio_rows) {
        CAPTURE(int{row.mode});
        struct Times {
            Time reg, word, two_words, sector;
        };
        const Times times = isolated([&] {
            Times t{};
            IdeBoard board;
            board.drive(quick());
            board.run([&](Script& io) {
                REQUIRE(set_mode(io, static_cast<uint8_t>(8 + row.mode)) == (drdy | dsc));
                Time start = io.time();
                io.out8(count, 2);
                t.reg = io.time() - start;
                address(io, 0, 1);
                io.out8(command, 0x20);
                wait_ready(io);
                start = io.time();
                io.in16(data);
                t.word = io.time() - start;
                io.in32(data);
                t.two_words = io.time() - start - t.word;
                read_block(io, 253);
                t.sector = io.time() - start;
            });
            return t;
        });
        CHECK(times.reg == Time::ns(row.register_ns));
        CHECK(times.word == Time::ns(row.data_ns));
        CHECK(times.two_words == Time::ns(2 * row.data_ns));
        CHECK(times.sector == Time::ns(row.sector_ns));
    }
}

TEST_CASE("polled reads run at the mode's rate less the overhead of each block") {
    constexpr unsigned sectors = 64;
    for (const PioRow& row : pio_rows) {
        CAPTURE(int{row.mode});
        const Time took = isolated([&] {
            Time t;
            IdeBoard board;
            board.drive(quick({{"block_overhead", "400ns"}}));
            board.run([&](Script& io) {
                set_mode(io, static_cast<uint8_t>(8 + row.mode));
                address(io, 0, sectors);
                const Time start = io.time();
                std::vector<uint8_t> bytes;
                REQUIRE(pio_read(io, 0x20, sectors, bytes) == (drdy | dsc));
                t = io.time() - start;
            });
            return t;
        });
        const uint64_t ceiling = sectors * row.sector_ns;
        const uint64_t stated = sectors * (row.sector_ns + 400);
        CHECK(took.ps() > ceiling * 1000);
        CHECK(took.ps() < stated * 1000 * 102 / 100 + 2 * 600'000);
    }
}

TEST_CASE("the next block is ready one block overhead after the last word's cycle") {
    for (uint64_t overhead_us : {5, 50}) {
        CAPTURE(overhead_us);
        const Time took = isolated([&] {
            Time t;
            IdeBoard board;
            board.drive(quick({{"block_overhead", std::to_string(overhead_us) + "us"}}));
            board.run([&](Script& io) {
                address(io, 0, 2);
                io.out8(command, 0x20);
                wait_ready(io);
                io.in8(status);
                read_block(io, 256);
                const Time end = io.time();
                io.wait(200_us);
                t = board.irq14.changes.back().first - end;
            });
            return t;
        });
        CHECK(took == Time::us(overhead_us));
    }
}

TEST_CASE("each DMA mode moves data at its rate and no faster") {
    constexpr unsigned sectors = 128;  // 64 KiB
    for (bool to_memory : {true, false}) {
        for (const DmaRow& row : dma_rows) {
            CAPTURE(row.name, to_memory);
            const Time took = isolated([&] {
                Time t;
                IdeBoard board;
                board.drive(quick());
                board.enable();
                board.put_table(0x1000, {{0x20000, 0, true}});
                board.run([&](Script& io) {
                    REQUIRE(set_mode(io, row.value) == (drdy | dsc));
                    address(io, 0, sectors);
                    io.out8(command, to_memory ? 0xc8 : 0xca);
                    dma_start(io, 0x1000, to_memory);
                    const Time start = io.time();
                    io.wait(Time::ns(row.word_ns) * (sectors * 256) * 2);
                    REQUIRE(board.irq14.level());
                    REQUIRE(io.in8(bm_status) == bm_interrupt);
                    t = board.irq14.changes.back().first - start;
                });
                return t;
            });
            const uint64_t ceiling_ps = uint64_t{sectors} * 256 * row.word_ns * 1000;
            CHECK(took.ps() >= ceiling_ps);
            CHECK(took.ps() <= ceiling_ps * 102 / 100);
        }
    }
}
