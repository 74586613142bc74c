// SPDX-License-Identifier: Apache-2.0
//
// IDENTIFY DEVICE against ATA/ATAPI-6, clause 8: one row a word.
#include <numeric>

#include "tests/devices/ide/ide_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::ide;

namespace {

std::vector<uint16_t> identify(Script& io) {
    io.out8(command, 0xec);
    CHECK((wait_ready(io) & drq) != 0);
    auto words = read_block(io, 256);
    CHECK(io.in8(status) == (drdy | dsc));
    return words;
}

std::string text(const std::vector<uint16_t>& words, size_t first, size_t count) {
    std::string out;
    for (size_t i = first; i < first + count; ++i) {
        out += static_cast<char>(words[i] >> 8);
        out += static_cast<char>(words[i]);
    }
    return out.substr(0, out.find_last_not_of(' ') + 1);
}

}  // namespace

TEST_CASE("IDENTIFY DEVICE describes the drive") {
    IdeBoard board;
    board.drive({{"size", "1GiB"}, {"model", "A model of 1 GiB"}, {"serial", "S-42"}});
    board.run([&](Script& io) {
        io.out8(device, 0);
        const auto words = identify(io);
        struct Row {
            size_t word;
            unsigned value;
            const char* what;
        };
        const Row rows[]{
            {0, 0x0040, "ATA, not removable"},
            {1, 2080, "cylinders: 2097152 / (16 x 63)"},
            {3, 16, "heads"},
            {6, 63, "sectors per track"},
            {47, 0x8010, "READ MULTIPLE: at most 16 sectors"},
            {49, 0x0f00, "DMA, LBA, IORDY"},
            {53, 0x0007, "words 54-58, 64-70 and 88 are valid"},
            {54, 2080, "current cylinders"},
            {55, 16, "current heads"},
            {56, 63, "current sectors per track"},
            {57, 2096640 & 0xffff, "current capacity"},
            {58, 2096640 >> 16, "current capacity"},
            {59, 0, "no multiple setting"},
            {60, 0, "LBA sectors: 2097152 = 0x200000"},
            {61, 0x20, "LBA sectors"},
            {63, 0x0107, "Multiword DMA 0-2, mode 0 selected"},
            {64, 0x0003, "PIO 3 and 4"},
            {65, 120, "least Multiword DMA cycle, ns"},
            {66, 120, "recommended Multiword DMA cycle, ns"},
            {67, 120, "least PIO cycle without flow control, ns"},
            {68, 120, "least PIO cycle with IORDY, ns"},
            {80, 0x0070, "ATA/ATAPI-4 to -6"},
            {82, 0x4068, "NOP, look-ahead, write cache, power management"},
            {83, 0x7400, "FLUSH CACHE EXT, FLUSH CACHE, 48-bit"},
            {84, 0x4000, "valid"},
            {85, 0x4068, "enabled"},
            {86, 0x3400, "enabled"},
            {87, 0x4000, "valid"},
            {88, 0x003f, "Ultra DMA 0-5, none selected"},
            {93, 0x604b, "80-conductor cable, device 0 by jumper, passed, answers for device 1"},
            {100, 0, "48-bit sectors"},
            {101, 0x20, "48-bit sectors"},
            {102, 0, "48-bit sectors"},
            {103, 0, "48-bit sectors"},
        };
        for (const Row& row : rows) {
            CAPTURE(row.word, row.what);
            CHECK(unsigned{words[row.word]} == row.value);
        }
        CHECK(text(words, 10, 10) == "S-42");
        CHECK(text(words, 27, 20) == "A model of 1 GiB");
        CHECK((words[255] & 0xff) == 0xa5);
        const unsigned sum =
            std::accumulate(words.begin(), words.end(), 0u,
                            [](unsigned s, auto w) { return s + (w & 0xff) + (w >> 8); });
        CHECK(sum % 256 == 0);
    });
}

TEST_CASE("IDENTIFY DEVICE follows the settings") {
    IdeBoard board;
    board.drive(quick());
    board.run([&](Script& io) {
        io.out8(device, 0);
        set_mode(io, 0x22);
        CHECK(identify(io)[63] == 0x0407);
        set_mode(io, 0x45);
        auto words = identify(io);
        CHECK(words[63] == 0x0007);  // selecting Ultra DMA deselects Multiword DMA
        CHECK(words[88] == 0x203f);
        io.out8(count, 8);
        CHECK(run_command(io, 0xc6) == (drdy | dsc));
        CHECK(identify(io)[59] == 0x0108);
        io.out8(features, 0x82);  // disable write cache
        CHECK(run_command(io, 0xef) == (drdy | dsc));
        io.out8(features, 0x55);  // disable look-ahead
        CHECK(run_command(io, 0xef) == (drdy | dsc));
        CHECK(identify(io)[85] == 0x4008);
        io.out8(count, 32);
        io.out8(device, 7);  // 8 heads
        CHECK(run_command(io, 0x91) == (drdy | dsc));
        words = identify(io);
        CHECK(words[55] == 8);
        CHECK(words[56] == 32);
    });
}

TEST_CASE("a disk beyond 28 bits says so in words 60 and 100") {
    IdeBoard board;
    board.drive(quick({{"size", "1024GiB"}}), "disk0");
    board.run([&](Script& io) {
        const auto words = identify(io);
        CHECK(words[60] == 0xffff);
        CHECK(words[61] == 0x0fff);
        CHECK(words[102] == 0);
        CHECK(words[101] == 0x8000);
        CHECK(words[1] == 16383);
        // The last sector, by its 48-bit address.
        address(io, 0x7fffffff, 1, true);
        std::vector<uint8_t> bytes;
        CHECK(pio_read(io, 0x24, 1, bytes) == (drdy | dsc));
        address(io, 0x80000000, 1, true);
        CHECK(pio_read(io, 0x24, 1, bytes) == (drdy | dsc | err));
        CHECK(io.in8(error) == idnf);
    });
}
