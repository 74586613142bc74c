// SPDX-License-Identifier: Apache-2.0
//
// How sectors are named (ATA/ATAPI-6, clause 6), what happens past the end, and the two-deep
// parameter registers.
#include "tests/devices/ide/ide_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::ide;

TEST_CASE("CHS and LBA28 and LBA48 name the same sectors") {
    ImageFile image{2048 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.run([&](Script& io) {
        // Cylinder 1, head 2, sector 3 of 16 heads and 63 sectors: (1*16+2)*63+2 = 1136.
        const unsigned lba = 1136;
        auto check = [&](uint8_t opcode) {
            std::vector<uint8_t> bytes;
            CHECK(pio_read(io, opcode, 1, bytes) == (drdy | dsc));
            REQUIRE(bytes.size() == 512);
            CHECK(bytes[0] == ImageFile::byte(lba * 512));
            CHECK(bytes[511] == ImageFile::byte(lba * 512 + 511));
        };
        io.out8(count, 1);
        io.out8(lba_low, 3);
        io.out8(lba_mid, 1);
        io.out8(lba_high, 0);
        io.out8(device, 2);
        check(0x20);
        address(io, lba, 1);
        check(0x21);
        address(io, lba, 1, true);
        check(0x24);
        // With 8 heads of 32 sectors: 1136 = (4*8+3)*32 + 16.
        io.out8(count, 32);
        io.out8(device, 7);
        run_command(io, 0x91);
        io.out8(count, 1);
        io.out8(lba_low, 17);
        io.out8(lba_mid, 4);
        io.out8(lba_high, 0);
        io.out8(device, 3);
        check(0x20);
    });
}

TEST_CASE("an address that does not exist is IDNF with the sector's address") {
    struct Row {
        const char* name;
        uint8_t opcode;
        bool extended;
        uint64_t lba;
        unsigned sectors;
        unsigned good;  // sectors that are transferred first
        uint64_t failing;
    };
    const Row rows[]{{"read at the end", 0x20, false, 64, 1, 0, 64},
                     {"read across the end", 0x20, false, 62, 4, 2, 64},
                     {"read far out", 0x20, false, 0x0fffffff, 1, 0, 0x0fffffff},
                     {"read EXT across the end", 0x24, true, 63, 65536, 1, 64},
                     {"read EXT at the top", 0x24, true, 0xffffffffffff, 1, 0, 0xffffffffffff},
                     {"write at the end", 0x30, false, 64, 1, 0, 64},
                     {"write across the end", 0x30, false, 63, 2, 1, 64},
                     {"verify across the end", 0x40, false, 0, 256, 0, 64},
                     {"seek", 0x70, false, 64, 1, 0, 64}};
    ImageFile image{64 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.run([&](Script& io) {
        for (const Row& row : rows) {
            CAPTURE(row.name);
            address(io, row.lba, row.sectors, row.extended);
            std::vector<uint8_t> bytes;
            uint8_t end = 0;
            const bool writes = (row.opcode & 0xf0) == 0x30;
            if (writes) {
                bytes.assign(512 * (row.good + 1), 0);
                end = pio_write(io, row.opcode, bytes);
            } else {
                end = pio_read(io, row.opcode, row.sectors, bytes);
                CHECK(bytes.size() == 512 * row.good);
            }
            CHECK(end == (drdy | dsc | err));
            CHECK(io.in8(error) == idnf);
            uint64_t shown = io.in8(lba_low) | io.in8(lba_mid) << 8 | io.in8(lba_high) << 16;
            if (row.extended) {
                io.out8(control, hob);
                shown |= uint64_t{io.in8(lba_low)} << 24 | uint64_t{io.in8(lba_mid)} << 32 |
                         uint64_t{io.in8(lba_high)} << 40;
                io.out8(control, 0);
            } else {
                shown |= uint64_t{io.in8(device)} << 24 & 0x0f000000;
            }
            CHECK(shown == row.failing);
        }
    });
}

TEST_CASE("CHS sectors outside the track and heads beyond the last do not exist") {
    struct Row {
        uint8_t sector, head;
        bool good;
    };
    IdeBoard board;
    board.drive(quick());
    board.run([&](Script& io) {
        io.out8(count, 32);
        io.out8(device, 7);
        run_command(io, 0x91);  // 8 heads of 32 sectors
        for (Row row :
             {Row{1, 0, true}, {32, 7, true}, {0, 0, false}, {33, 0, false}, {1, 8, false}}) {
            CAPTURE(int{row.sector}, int{row.head});
            io.out8(device, row.head);
            io.out8(count, 1);
            io.out8(lba_low, row.sector);
            io.out8(lba_mid, 0);
            io.out8(lba_high, 0);
            CHECK(((run_command(io, 0x40) & err) == 0) == row.good);
            CHECK(io.in8(error) == (row.good ? 0 : idnf));
        }
    });
}

TEST_CASE("48-bit commands need LBA addressing") {
    IdeBoard board;
    board.drive(quick());
    board.run([&](Script& io) {
        address(io, 0, 1, true, 0);
        std::vector<uint8_t> bytes;
        CHECK(pio_read(io, 0x24, 1, bytes) == (drdy | dsc | err));
        CHECK(io.in8(error) == abrt);
    });
}

TEST_CASE("parameters are two deep and HOB shows the first one written") {
    IdeBoard board;
    board.drive(quick());
    board.run([&](Script& io) {
        for (uint16_t reg : {count, lba_low, lba_mid, lba_high}) {
            CAPTURE(reg);
            io.out8(reg, 0x12);
            io.out8(reg, 0x34);
            CHECK(io.in8(reg) == 0x34);
            io.out8(control, hob);
            CHECK(io.in8(reg) == 0x12);
            io.out8(lba_low, 0x55);  // a write to the Command Block clears HOB
            if (reg != lba_low) CHECK(io.in8(reg) == 0x34);
            io.out8(control, 0);
        }
    });
}

TEST_CASE("a sector count of zero is 256 sectors or 65536") {
    IdeBoard board;
    bus::Device& disk = board.drive(quick({{"size", "64MiB"}}));
    board.run([&](Script& io) {
        auto verified = [&] {
            for (const Counter* counter : disk.counters())
                if (std::string{counter->name()} == "sectors_read") return counter->value();
            return uint64_t{0};
        };
        address(io, 0, 0);
        CHECK(run_command(io, 0x40) == (drdy | dsc));
        CHECK(verified() == 256);
        address(io, 0, 0, true);
        CHECK(run_command(io, 0x42) == (drdy | dsc));
        CHECK(verified() == 256 + 65536);
    });
}
