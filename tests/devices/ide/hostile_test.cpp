// SPDX-License-Identifier: Apache-2.0
//
// Guests that do what no driver should: nothing may crash, hang, or loop without time passing, and
// after a soft reset and a stop the controller must work as before.
#include <cstring>
#include <random>

#include "tests/devices/ide/ide_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::ide;

namespace {

void recover(Script& io) {
    io.out8(bm_command, 0);
    io.out8(bm_status, bm_error | bm_interrupt);
    io.out8(device, 0);
    io.out8(control, srst);
    io.wait(5_us);
    io.out8(control, 0);
    io.wait(5_ms);
}

/// The drive and the engine do their work: one sector by DMA.
void check_works(Script& io, IdeBoard& board) {
    recover(io);
    REQUIRE(io.in8(status) == (drdy | dsc));
    board.put_table(0x380000, {{0x390000, 512, true}});
    std::memset(board.ram + 0x390000, 0, 512);
    address(io, 5, 1);
    io.out8(command, 0xc8);
    dma_start(io, 0x380000, true);
    io.wait(5_ms);
    REQUIRE(io.in8(bm_status) == bm_interrupt);
    REQUIRE(io.in8(status) == (drdy | dsc));
    io.out8(bm_command, 0);
    uint64_t wrong = 0;
    for (unsigned i = 0; i < 512; ++i)
        wrong += board.ram[0x390000 + i] != ImageFile::byte(5 * 512 + i);
    REQUIRE(wrong == 0);
}

}  // namespace

TEST_CASE("descriptor tables of any kind end or wait and never hang") {
    struct Row {
        const char* name;
        std::vector<Prd> entries;
        uint32_t at;
        enum { none, always, reading } finding;
    };
    const std::vector<Prd> endless(8192, Prd{0x40000, 2, false});
    const Row rows[]{
        {"no end and 2 bytes each: wraps round its 64 KiB", endless, 0x10000, Row::always},
        {"regions that overlap",
         {{0x20000, 4096, false}, {0x20100, 4096, true}},
         0x1000,
         Row::none},
        {"a region over a 64 KiB boundary", {{0x2fff0, 8192, true}}, 0x1000, Row::always},
        {"64 KiB from an odd place", {{0x20002, 0, true}}, 0x1000, Row::always},
        {"odd address and size", {{0x20001, 8193, true}}, 0x1000, Row::always},
        {"a table over a 64 KiB boundary",
         {{0x20000, 2048, false}, {0x30000, 2048, true}},
         0x1fff8,
         Row::always},
        {"the table is its own region",
         {{0x1000, 4096, false}, {0x1000, 4096, false}},
         0x1000,
         Row::reading},
        {"a region in ROM", {{0xfff00000, 8192, true}}, 0x1000, Row::reading},
        {"a region at the end of memory", {{0x3ffff0, 0, true}}, 0x1000, Row::always},
        {"a region at the end of all addresses", {{0xfffffffe, 0, true}}, 0x1000, Row::always},
        {"a table of zeros", {{0, 0, false}, {0, 0, false}}, 0x1000, Row::none},
    };
    for (const Row& row : rows) {
        for (bool to_memory : {true, false}) {
            CAPTURE(row.name, to_memory);
            struct Result {
                uint64_t findings, calls;
            };
            const Result result = isolated([&] {
                Result r{};
                ImageFile image{64 * 512};
                IdeBoard board;
                board.plug("rom", "rom", {{"address", "0xfff00000"}, {"size", "64KiB"}});
                board.drive(quick({{"image", image.path()}, {"snapshot", "true"}}));
                board.enable();
                board.run([&](Script& io) {
                    set_mode(io, 0x45);
                    board.put_table(row.at, row.entries);
                    address(io, 0, 64);
                    io.out8(command, to_memory ? 0xc8 : 0xca);
                    dma_start(io, row.at, to_memory);
                    io.wait(20_ms);
                    r.calls = board.sim.timer_calls();
                    r.findings = board.findings();
                    if (!to_memory) return;  // sector 5 may have been written
                    check_works(io, board);
                });
                REQUIRE(board.sim.outcome().kind == Outcome::Kind::guest_exit);
                return r;
            });
            CHECK((result.findings > 0) ==
                  (row.finding == Row::always || (row.finding == Row::reading && to_memory)));
            CHECK(result.calls < 100'000);
        }
    }
}

TEST_CASE("a table that is nowhere is a bus error") {
    ImageFile image{64 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.enable();
    board.run([&](Script& io) {
        for (uint32_t at : {0xe0000000u, 0xfffffffcu, 0x400000u}) {
            address(io, 0, 1);
            io.out8(command, 0xc8);
            dma_start(io, at, true);
            io.wait(1_ms);
            CHECK(io.in8(bm_status) == bm_error);
            check_works(io, board);
        }
    });
}

TEST_CASE("commands and parameters written while busy are findings and change nothing") {
    ImageFile image{64 * 512};
    IdeBoard board;
    board.drive({{"image", image.path()}, {"snapshot", "true"}});
    board.enable();
    board.run([&](Script& io) {
        address(io, 7, 2);
        io.out8(command, 0x20);
        io.out8(lba_low, 30);
        io.out8(count, 200);
        io.out8(command, 0x30);
        CHECK(board.findings() == 3);
        CHECK(wait_ready(io) == (drdy | dsc | drq));
        io.out8(command, 0xec);  // DRQ is set: as bad
        CHECK(board.findings() == 4);
        const auto words = read_block(io, 256);
        CHECK(words[0] == (ImageFile::byte(7 * 512) | ImageFile::byte(7 * 512 + 1) << 8));
        wait_ready(io);
        read_block(io, 256);
        CHECK(wait_ready(io) == (drdy | dsc));
        CHECK(io.in8(lba_low) == 7);
        io.in16(data);  // nothing is there to read
        io.out16(data, 1);
        CHECK(board.findings() == 6);
        CHECK(io.in8(alternate) == (drdy | dsc));
        check_works(io, board);
    });
}

TEST_CASE("reading Status within 400 ns of a command or a selection is a finding") {
    IdeBoard board;
    board.drive(quick({{"pio_mode", "4"}}), "disk0");
    board.drive(quick({{"pio_mode", "4"}, {"unit", "1"}}), "disk1");
    board.run([&](Script& io) {
        io.out8(command, 0xe7);
        io.wait(399_ns);
        CHECK(board.findings() == 0);
        io.in8(status);
        CHECK(board.findings() == 1);
        io.out8(command, 0xe7);
        io.wait(400_ns);
        io.in8(status);
        io.out8(device, device_1);
        io.in8(alternate);
        CHECK(board.findings() == 1);
        io.in8(status);
        CHECK(board.findings() == 2);
        io.out8(device, device_1);  // it was selected before
        io.wait(300_ns);
        io.in8(status);
        CHECK(board.findings() == 2);
    });
}

TEST_CASE("the engine is started twice and turned round and stopped at random") {
    ImageFile image{64 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}, {"snapshot", "true"}}));
    board.enable();
    board.put_table(0x1000, {{0x20000, 4096, false}, {0x30000, 4096, true}});
    std::mt19937 random{1};
    board.run([&](Script& io) {
        for (unsigned i = 0; i < 300; ++i) {
            address(io, 0, 16);
            io.out8(command, random() % 2 ? 0xc8 : 0xca);
            for (unsigned j = 0; j < 6; ++j) {
                io.out8(bm_command, static_cast<uint8_t>(random()));
                io.wait(Time::ns(random() % 40'000));
                if (random() % 4 == 0) io.out32(bm_table, random());
                if (random() % 4 == 0) io.out8(device, static_cast<uint8_t>(random()));
                if (random() % 8 == 0) io.in8(status);
            }
            recover(io);
            io.out32(bm_table, 0x1000);
        }
        CHECK(io.in8(status) == (drdy | dsc));
    });
    CHECK(board.sim.outcome().kind == Outcome::Kind::guest_exit);
}

TEST_CASE("random accesses of all widths to all registers") {
    for (uint32_t seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        const uint64_t calls = isolated([&] {
            ImageFile image{64 * 512};
            IdeBoard board;
            board.drive(
                quick({{"image", image.path()}, {"snapshot", "true"}, {"reset_time", "10us"}}),
                "disk0");
            if (seed % 2) board.drive(quick({{"size", "64KiB"}, {"unit", "1"}}), "disk1");
            board.enable();
            std::mt19937 random{seed};
            for (uint32_t i = 0; i < IdeBoard::memory_bytes; ++i)
                board.ram[i] = static_cast<uint8_t>(random());
            constexpr uint16_t bases[]{0x1f0, 0x1f0, 0x170, bmi};
            board.run([&](Script& io) {
                for (unsigned i = 0; i < 60'000; ++i) {
                    const unsigned bytes = 1u << random() % 3;
                    auto port = static_cast<uint16_t>(bases[random() % 4] + random() % 16);
                    if (random() % 16 == 0) port = control;
                    // Often enough, a command that moves data, by a drive that can.
                    constexpr uint8_t usual[]{0x20, 0x24, 0x25, 0x30, 0x35,
                                              0xc4, 0xc5, 0xc8, 0xca, 0xec};
                    if (random() % 64 == 0) {
                        io.out8(control, 0);
                        address(io, random() % 70, random() % 20);
                        io.out8(command, usual[random() % 10]);
                    } else if (random() % 2) {
                        io.out(port, random(), bytes);
                    } else {
                        io.in(port, bytes);
                    }
                    if (random() % 64 == 0) io.wait(Time::us(random() % 100));
                }
                recover(io);
                io.wait(100_ms);
                REQUIRE(io.in8(status) == (drdy | dsc));
            });
            REQUIRE(board.sim.outcome().kind == Outcome::Kind::guest_exit);
            return board.sim.timer_calls();
        });
        CHECK(calls > 100);
    }
}
