// SPDX-License-Identifier: Apache-2.0
//
// The protocols of ATA/ATAPI-6, clause 9: what Status and INTRQ do in the course of a command.
#include "tests/devices/ide/ide_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::ide;

TEST_CASE("PIO data-in: an interrupt announces each block and none the end") {
    ImageFile image{8 * 512};
    IdeBoard board;
    board.drive({{"image", image.path()}});
    board.run([&](Script& io) {
        address(io, 2, 3);
        const Time start = io.time();
        io.out8(command, 0x20);
        CHECK(io.in8(alternate) == (bsy | drdy | dsc));
        for (unsigned sector = 2; sector < 5; ++sector) {
            CHECK(wait_ready(io) == (drdy | dsc | drq));
            if (sector == 2) CHECK(board.irq14.changes.at(0).first == start + 66_us);
            CHECK(board.irq14.level());
            io.in8(alternate);
            CHECK(board.irq14.level());  // only Status clears it
            CHECK(io.in8(status) == (drdy | dsc | drq));
            CHECK_FALSE(board.irq14.level());
            const auto words = read_block(io, 255);
            CHECK(words[1] ==
                  (ImageFile::byte(sector * 512 + 2) | ImageFile::byte(sector * 512 + 3) << 8));
            CHECK(io.in8(alternate) == (drdy | dsc | drq));
            io.in16(data);
            CHECK(io.in8(alternate) == (sector < 4 ? bsy | drdy | dsc : drdy | dsc));
        }
        io.wait(1_ms);
        CHECK_FALSE(board.irq14.level());
        CHECK(board.irq14.changes.size() == 6);
    });
}

TEST_CASE("PIO data-out: no interrupt for the first block but for each further and the end") {
    ImageFile image{8 * 512};
    IdeBoard board;
    board.drive({{"image", image.path()}});
    board.run([&](Script& io) {
        address(io, 1, 2);
        io.out8(command, 0x30);
        CHECK(wait_ready(io) == (drdy | dsc | drq));
        CHECK(io.time() >= 907_us);
        CHECK(board.irq14.changes.empty());
        for (int i = 0; i < 256; ++i) io.out16(data, 0x1111);
        CHECK(io.in8(alternate) == (bsy | drdy | dsc));
        CHECK(wait_ready(io) == (drdy | dsc | drq));
        CHECK(board.irq14.level());
        io.in8(status);
        for (int i = 0; i < 256; ++i) io.out16(data, 0x2222);
        CHECK_FALSE(board.irq14.level());
        CHECK(wait_ready(io) == (drdy | dsc));
        CHECK(board.irq14.level());
        CHECK(io.in8(status) == (drdy | dsc));
    });
    const auto bytes = image.contents();
    CHECK(bytes[511] == ImageFile::byte(511));
    CHECK(bytes[512] == 0x11);
    CHECK(bytes[1535] == 0x22);
    CHECK(bytes[1536] == ImageFile::byte(1536));
}

TEST_CASE("READ and WRITE MULTIPLE move blocks of the set size and a shorter last one") {
    ImageFile image{64 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.run([&](Script& io) {
        std::vector<uint8_t> bytes;
        address(io, 0, 10);
        CHECK(pio_read(io, 0xc4, 10, bytes, 4) == (drdy | dsc | err));  // no setting: aborted
        CHECK(io.in8(error) == abrt);
        for (unsigned bad : {3u, 17u, 32u, 255u}) {
            io.out8(count, static_cast<uint8_t>(bad));
            CHECK(run_command(io, 0xc6) == (drdy | dsc | err));
        }
        io.out8(count, 4);
        CHECK(run_command(io, 0xc6) == (drdy | dsc));
        for (bool extended : {false, true}) {
            bytes.clear();
            address(io, 5, 10, extended);
            const size_t before = board.irq14.changes.size();
            CHECK(pio_read(io, extended ? 0x29 : 0xc4, 10, bytes, 4) == (drdy | dsc));
            CHECK(board.irq14.changes.size() - before == 6);  // three blocks: 4, 4 and 2 sectors
            CHECK(bytes.size() == 5120);
            CHECK(bytes[5119] == ImageFile::byte(15 * 512 - 1));
            std::vector<uint8_t> written(6 * 512, extended ? 0x5a : 0xa5);
            address(io, 20, 6, extended);
            CHECK(pio_write(io, extended ? 0x39 : 0xc5, written, 4) == (drdy | dsc));
            CHECK(image.contents()[26 * 512 - 1] == written[0]);
            CHECK(image.contents()[26 * 512] == ImageFile::byte(26 * 512));
        }
    });
}

TEST_CASE("nIEN keeps INTRQ low and shows a pending interrupt when cleared") {
    IdeBoard board;
    board.drive(quick());
    board.run([&](Script& io) {
        io.out8(control, nien);
        io.out8(command, 0xe7);
        wait_ready(io);
        CHECK(board.irq14.changes.empty());
        io.out8(control, 0);
        CHECK(board.irq14.level());
        io.in8(status);
        CHECK_FALSE(board.irq14.level());
    });
}

TEST_CASE("writing a command clears a pending interrupt") {
    IdeBoard board;
    board.drive();
    board.run([&](Script& io) {
        io.out8(command, 0xe7);
        wait_ready(io);
        CHECK(board.irq14.level());
        io.out8(command, 0xe7);
        CHECK_FALSE(board.irq14.level());
    });
}

TEST_CASE("each command without data ends with its status and one interrupt") {
    struct Row {
        const char* name;
        uint8_t opcode, features, count;
        uint8_t status, error;
    };
    constexpr uint8_t good = drdy | dsc, bad = drdy | dsc | err;
    const Row rows[]{
        {"NOP", 0x00, 0, 0, bad, abrt},
        {"RECALIBRATE", 0x10, 0, 0, good, 0},
        {"READ VERIFY SECTORS", 0x40, 0, 8, good, 0},
        {"READ VERIFY SECTORS without retry", 0x41, 0, 8, good, 0},
        {"READ VERIFY SECTORS EXT", 0x42, 0, 8, good, 0},
        {"SEEK", 0x70, 0, 1, good, 0},
        {"INITIALIZE DEVICE PARAMETERS", 0x91, 0, 63, good, 0},
        {"INITIALIZE DEVICE PARAMETERS of no sectors", 0x91, 0, 0, bad, abrt},
        {"SET MULTIPLE MODE", 0xc6, 0, 16, good, 0},
        {"STANDBY IMMEDIATE", 0xe0, 0, 0, good, 0},
        {"IDLE IMMEDIATE", 0xe1, 0, 0, good, 0},
        {"STANDBY", 0xe2, 0, 0, good, 0},
        {"IDLE", 0xe3, 0, 0, good, 0},
        {"CHECK POWER MODE", 0xe5, 0, 0, good, 0},
        {"FLUSH CACHE", 0xe7, 0, 0, good, 0},
        {"FLUSH CACHE EXT", 0xea, 0, 0, good, 0},
        {"SET FEATURES: PIO default", 0xef, 0x03, 0x00, good, 0},
        {"SET FEATURES: PIO default without IORDY", 0xef, 0x03, 0x01, good, 0},
        {"SET FEATURES: PIO 4", 0xef, 0x03, 0x0c, good, 0},
        {"SET FEATURES: PIO 5 is none", 0xef, 0x03, 0x0d, bad, abrt},
        {"SET FEATURES: single-word DMA", 0xef, 0x03, 0x10, bad, abrt},
        {"SET FEATURES: Multiword DMA 2", 0xef, 0x03, 0x22, good, 0},
        {"SET FEATURES: Multiword DMA 3 is none", 0xef, 0x03, 0x23, bad, abrt},
        {"SET FEATURES: Ultra DMA 5", 0xef, 0x03, 0x45, good, 0},
        {"SET FEATURES: Ultra DMA 6", 0xef, 0x03, 0x46, bad, abrt},
        {"SET FEATURES: write cache", 0xef, 0x02, 0, good, 0},
        {"SET FEATURES: no write cache", 0xef, 0x82, 0, good, 0},
        {"SET FEATURES: look-ahead", 0xef, 0xaa, 0, good, 0},
        {"SET FEATURES: no look-ahead", 0xef, 0x55, 0, good, 0},
        {"SET FEATURES: unknown", 0xef, 0x42, 0, bad, abrt},
        {"READ NATIVE MAX ADDRESS", 0xf8, 0, 0, good, 0},
        {"IDENTIFY PACKET DEVICE", 0xa1, 0, 0, bad, abrt},
        {"PACKET", 0xa0, 0, 0, bad, abrt},
        {"vendor specific", 0xff, 0, 0, bad, abrt},
    };
    IdeBoard board;
    board.drive();
    board.run([&](Script& io) {
        for (const Row& row : rows) {
            CAPTURE(row.name);
            address(io, 0, row.count, false, 0xe0);
            io.out8(features, row.features);
            const size_t before = board.irq14.changes.size();
            io.out8(command, row.opcode);
            CHECK(io.in8(alternate) == (bsy | drdy | dsc));
            wait_ready(io);
            CHECK(board.irq14.changes.size() == before + 1);
            CHECK(io.in8(status) == row.status);
            CHECK(io.in8(error) == row.error);
        }
    });
}

TEST_CASE("CHECK POWER MODE returns the mode that the last command left") {
    IdeBoard board;
    board.drive(quick());
    board.run([&](Script& io) {
        auto mode = [&] {
            run_command(io, 0xe5);
            return unsigned{io.in8(count)};
        };
        CHECK(mode() == 0xff);
        run_command(io, 0xe1);
        CHECK(mode() == 0x80);
        run_command(io, 0xe0);
        CHECK(mode() == 0x00);
        address(io, 0, 1);
        std::vector<uint8_t> bytes;
        pio_read(io, 0x20, 1, bytes);
        CHECK(mode() == 0xff);
    });
}

TEST_CASE("READ NATIVE MAX ADDRESS gives the last sector in 28 and in 48 bits") {
    IdeBoard board;
    board.drive(quick({{"size", "1024GiB"}}));
    board.run([&](Script& io) {
        io.out8(device, lba_mode);
        CHECK(run_command(io, 0xf8) == (drdy | dsc));
        CHECK(io.in8(lba_low) == 0xff);
        CHECK((io.in8(device) & 0x0f) == 0x0f);
        CHECK(run_command(io, 0x27) == (drdy | dsc));
        CHECK(io.in8(lba_high) == 0xff);
        io.out8(control, hob);
        CHECK(io.in8(lba_low) == 0x7f);
        CHECK(io.in8(lba_mid) == 0x00);
        io.out8(control, 0);
    });
}

TEST_CASE("a command's overhead depends on what came before it") {
    struct Row {
        const char* name;
        bool first_writes, then_writes;
        Time overhead;
    };
    // DiskSim's Cheetah 9LP: reference figures, section 5.
    const Row rows[]{{"read after read", false, false, 66_us},
                     {"read after write", true, false, 273_us},
                     {"write after read", false, true, 907_us},
                     {"write after write", true, true, 896_us}};
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const Time took = isolated([&] {
            Time t;
            IdeBoard board;
            board.drive();
            board.run([&](Script& io) {
                auto one = [&](bool writes) {
                    std::vector<uint8_t> bytes(writes ? 512 : 0);
                    address(io, 0, 1);
                    writes ? pio_write(io, 0x30, bytes) : pio_read(io, 0x20, 1, bytes);
                };
                one(row.first_writes);
                address(io, 0, 1);
                const Time start = io.time();
                io.out8(command, row.then_writes ? 0x30 : 0x20);
                while (io.in8(alternate) & bsy) {
                }
                t = io.time() - start;
            });
            return t;
        });
        CHECK(took >= row.overhead);
        CHECK(took <= row.overhead + 1800_ns);  // polled by cycles of 600 ns
    }
}
