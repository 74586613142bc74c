// SPDX-License-Identifier: Apache-2.0
//
// The bus master's rules: Intel 82371AB, 5.2 and 9.4; 82801BA, table 5-54.
#include <cstring>

#include "tests/devices/ide/ide_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::ide;

namespace {

constexpr uint32_t table = 0x1000;

bus::SystemBusTiming slow() {
    bus::SystemBusTiming timing;
    timing.clock = Clock{1'000'000};
    return timing;
}

/// Reads or writes by DMA, in Ultra DMA mode 5, and waits long enough for anything to be over.
uint8_t transfer(Script& io, IdeBoard& board, bool to_memory, uint64_t lba, unsigned sectors,
                 const std::vector<Prd>& entries, uint32_t at = table, bool extended = false) {
    board.put_table(at, entries);
    address(io, lba, sectors, extended);
    io.out8(command, extended ? (to_memory ? 0x25 : 0x35) : (to_memory ? 0xc8 : 0xca));
    dma_start(io, at, to_memory);
    io.wait(2_ms + Time::us(20) * sectors);
    return io.in8(bm_status);
}

uint64_t differing(const uint8_t* bytes, uint64_t from, uint64_t count) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; ++i) sum += bytes[i] != ImageFile::byte(from + i);
    return sum;
}

}  // namespace

TEST_CASE("scatter-gather reads land where the table says") {
    struct Row {
        const char* name;
        std::vector<Prd> entries;
    };
    const Row rows[]{
        {"one region", {{0x20000, 4096, true}}},
        {"two regions", {{0x20000, 512, false}, {0x30000, 3584, true}}},
        {"regions of no round size",
         {{0x20002, 1000, false}, {0x21ffe, 34, false}, {0x50006, 3062, true}}},
        {"very small regions",
         {{0x20002, 2, false}, {0x2000e, 2, false}, {0x20016, 4, false}, {0x30000, 4088, true}}},
        {"backwards", {{0x22000, 2048, false}, {0x21000, 2048, true}}},
        {"up to a 64 KiB boundary", {{0x2f800, 2048, false}, {0x30000, 2048, true}}},
    };
    ImageFile image{64 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.enable();
    board.run([&](Script& io) {
        set_mode(io, 0x45);
        for (const Row& row : rows) {
            CAPTURE(row.name);
            std::memset(board.ram + 0x1f000, 0xee, 0x50000);
            CHECK(transfer(io, board, true, 3, 8, row.entries) == bm_interrupt);
            CHECK(io.in8(status) == (drdy | dsc));
            io.out8(bm_command, 0);
            uint64_t from = 3 * 512;
            for (const Prd& prd : row.entries) {
                CHECK(differing(board.ram + prd.address, from, prd.bytes) == 0);
                from += prd.bytes;
            }
            // Nothing else was touched.
            uint64_t total = 0;
            for (uint32_t at = 0x1f000; at < 0x6f000; ++at) {
                bool inside = false;
                for (const Prd& prd : row.entries) inside |= at - prd.address < prd.bytes;
                total += !inside && board.ram[at] != 0xee;
            }
            CHECK(total == 0);
        }
    });
    CHECK(board.findings() == 0);
}

TEST_CASE("scatter-gather writes gather what the table says") {
    ImageFile image{64 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.enable();
    for (uint32_t i = 0; i < 0x20000; ++i)
        board.ram[0x20000 + i] = static_cast<uint8_t>(i * 11 + i / 256);
    const std::vector<Prd> entries{
        {0x20002, 1000, false}, {0x21ffe, 34, false}, {0x30006, 3062, true}};
    board.run([&](Script& io) {
        set_mode(io, 0x45);
        for (bool extended : {false, true}) {
            CHECK(transfer(io, board, false, 5, 8, entries, table, extended) == bm_interrupt);
            CHECK(io.in8(status) == (drdy | dsc));
            io.out8(bm_command, 0);
        }
    });
    const auto bytes = image.contents();
    uint64_t at = 5 * 512;
    for (const Prd& prd : entries) {
        CHECK(std::memcmp(bytes.data() + at, board.ram + prd.address, prd.bytes) == 0);
        at += prd.bytes;
    }
    CHECK(bytes[at] == ImageFile::byte(at));
    CHECK(bytes[5 * 512 - 1] == ImageFile::byte(5 * 512 - 1));
}

TEST_CASE("a size of zero is 64 KiB") {
    ImageFile image{256 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.enable();
    board.run([&](Script& io) {
        set_mode(io, 0x45);
        CHECK(transfer(io, board, true, 0, 256, {{0x20000, 0, false}, {0x30000, 0, true}}) ==
              bm_interrupt);
        CHECK(differing(board.ram + 0x20000, 0, 0x20000) == 0);
    });
}

TEST_CASE("interrupt and active and error tell how a transfer ended") {
    struct Row {
        const char* name;
        bool to_memory;
        std::vector<Prd> entries;
        uint8_t bus_master;  // after a transfer of 4 sectors
        uint8_t drive;
    };
    const Row rows[]{
        {"read, as long", true, {{0x20000, 2048, true}}, bm_interrupt, drdy | dsc},
        {"write, as long", false, {{0x20000, 2048, true}}, bm_interrupt, drdy | dsc},
        {"read, longer", true, {{0x20000, 4096, true}}, bm_interrupt | bm_active, drdy | dsc},
        {"write, longer", false, {{0x20000, 4096, true}}, bm_interrupt | bm_active, drdy | dsc},
        {"read, more entries",
         true,
         {{0x20000, 2048, false}, {0x30000, 2, true}},
         bm_interrupt | bm_active,
         drdy | dsc},
        {"read, shorter", true, {{0x20000, 1024, true}}, 0, drdy | dsc | drq},
        {"read, shorter by a word", true, {{0x20000, 2046, true}}, 0, drdy | dsc | drq},
        {"write, shorter", false, {{0x20000, 1024, true}}, 0, drdy | dsc | drq},
        {"read to nowhere", true, {{0xf0000000, 2048, true}}, bm_error, drdy | dsc | drq},
        {"write from nowhere", false, {{0xf0000000, 2048, true}}, bm_error, drdy | dsc | drq},
        {"read, second region nowhere",
         true,
         {{0x20000, 512, false}, {0xf0000000, 1536, true}},
         bm_error,
         drdy | dsc | drq},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        struct Result {
            uint8_t bus_master, drive, irq, after;
            bool aborted;
        };
        const Result result = isolated([&] {
            Result r{};
            IdeBoard board;
            board.drive(quick());
            board.enable();
            board.run([&](Script& io) {
                set_mode(io, 0x42);
                r.bus_master = transfer(io, board, row.to_memory, 0, 4, row.entries);
                r.irq = board.irq14.level();
                r.drive = io.in8(alternate);
                r.aborted = board.pci.find(1, 1)->received_master_abort;
                io.out8(bm_command, 0);
                io.out8(bm_status, bm_error | bm_interrupt);
                r.after = io.in8(bm_status);
            });
            return r;
        });
        CHECK(result.bus_master == row.bus_master);
        CHECK(result.drive == row.drive);
        CHECK(bool(result.irq) == bool(row.bus_master & bm_interrupt));
        CHECK(result.aborted == bool(row.bus_master & bm_error));
        CHECK(result.after == 0);
    }
}

TEST_CASE("all data is in memory when the interrupt comes even from a slow bus") {
    ImageFile image{64 * 512};
    IdeBoard board{slow()};  // a burst of 64 bytes takes 17 us
    board.drive(quick({{"image", image.path()}}));
    board.enable();
    board.put_table(table, {{0x20000, 8192, true}});
    board.run([&](Script& io) {
        set_mode(io, 0x45);
        address(io, 0, 16);
        io.out8(command, 0xc8);
        dma_start(io, table, true);
        const Time start = io.time();
        CHECK(io.wait_for([&] { return board.irq14.level(); }, 100_ns, 1_s));
        CHECK(differing(board.ram + 0x20000, 0, 8192) == 0);
        // 128 bursts of 17 clocks: the drive was paused, the bus set the pace.
        CHECK(io.time() - start >= 17_us * 128);
        CHECK(io.time() - start <= 17_us * 128 + 200_us);
    });
}

TEST_CASE("all data is in memory when the interrupt comes from behind a PCI bridge that posts it") {
    ImageFile image{64 * 512};
    IdeBoard board{slow(), true};  // a line takes 9 us to memory
    board.drive(quick({{"image", image.path()}}));
    board.enable();
    board.put_table(table, {{0x20000, 8192, true}});
    board.run([&](Script& io) {
        set_mode(io, 0x45);
        address(io, 0, 16);
        io.out8(command, 0xc8);
        dma_start(io, table, true);
        const Time start = io.time();
        CHECK(io.wait_for([&] { return board.irq14.level(); }, 100_ns, 1_s));
        CHECK(differing(board.ram + 0x20000, 0, 8192) == 0);
        // 256 lines of 9 clocks.
        CHECK(io.time() - start >= 9_us * 256);
        CHECK(io.time() - start <= 9_us * 256 + 200_us);
    });
}

TEST_CASE("a region and a table that cross 64 KiB wrap round within it") {
    ImageFile image{64 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.enable();
    board.run([&](Script& io) {
        std::memset(board.ram + 0x20000, 0xee, 0x20000);
        CHECK(transfer(io, board, true, 0, 2, {{0x2ff00, 1024, true}}) == bm_interrupt);
        CHECK(differing(board.ram + 0x2ff00, 0, 256) == 0);
        CHECK(differing(board.ram + 0x20000, 256, 768) == 0);
        CHECK(board.ram[0x30000] == 0xee);
        CHECK(board.findings() == 1);
        io.in8(status);
        io.out8(bm_command, 0);
        board.put_table(0x10000, {{0x36000, 512, true}});
        CHECK(transfer(io, board, true, 4, 2, {{0x34000, 512, false}}, 0x1fff8) == bm_interrupt);
        CHECK(differing(board.ram + 0x34000, 4 * 512, 512) == 0);
        CHECK(differing(board.ram + 0x36000, 5 * 512, 512) == 0);
        CHECK(board.findings() == 2);
    });
}

TEST_CASE("a stopped transfer can be started again with another table") {
    ImageFile image{64 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.enable();
    board.run([&](Script& io) {
        set_mode(io, 0x20);
        CHECK(transfer(io, board, true, 0, 4, {{0x20000, 1024, true}}) == 0);
        io.out8(bm_command, bm_to_memory);
        board.put_table(0x3000, {{0x40000, 1024, true}});
        dma_start(io, 0x3000, true);
        io.wait(2_ms);
        CHECK(io.in8(bm_status) == bm_interrupt);
        CHECK(differing(board.ram + 0x40000, 1024, 1024) == 0);
        // Stopped in the middle: no more data comes, and the drive still waits for the rest.
        io.out8(bm_command, 0);
        io.in8(status);
        board.put_table(table, {{0x20000, 0x8000, true}});
        std::memset(board.ram + 0x20000, 0xee, 0x8000);
        address(io, 0, 64);
        io.out8(command, 0xc8);
        dma_start(io, table, true);
        io.wait(1_ms);
        io.out8(bm_command, 0);
        CHECK(io.in8(bm_status) == 0);
        io.wait(20_ms);
        CHECK(board.ram[0x20000] == ImageFile::byte(0));
        CHECK(board.ram[0x27fff] == 0xee);
        CHECK(io.in8(alternate) == (drdy | dsc | drq));
    });
}

TEST_CASE("started before the command it waits for the drive") {
    ImageFile image{64 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.enable();
    board.put_table(table, {{0x20000, 512, true}});
    board.run([&](Script& io) {
        dma_start(io, table, true);
        io.wait(10_us);
        CHECK(io.in8(bm_status) == bm_active);
        address(io, 9, 1);
        io.out8(command, 0xc8);
        io.wait(1_ms);
        CHECK(io.in8(bm_status) == bm_interrupt);
        CHECK(differing(board.ram + 0x20000, 9 * 512, 512) == 0);
    });
}

TEST_CASE("without bus mastering enabled nothing moves") {
    IdeBoard board;
    board.drive(quick());
    board.enable(0x01);
    std::memset(board.ram + 0x20000, 0xee, 512);
    board.run([&](Script& io) {
        CHECK(transfer(io, board, true, 0, 1, {{0x20000, 512, true}}) == bm_active);
        CHECK(board.ram[0x20000] == 0xee);
    });
    CHECK(board.findings() == 1);
}

TEST_CASE("a direction that differs from the command's moves nothing") {
    ImageFile image{8 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.enable();
    board.put_table(table, {{0x20000, 512, true}});
    board.run([&](Script& io) {
        address(io, 0, 1);
        io.out8(command, 0xca);
        dma_start(io, table, true);
        io.wait(1_ms);
        CHECK(io.in8(bm_status) == bm_active);
        CHECK(io.in8(alternate) == (drdy | dsc | drq));
    });
    CHECK(image.contents()[0] == ImageFile::byte(0));
    CHECK(board.findings() > 0);
}

TEST_CASE("the interrupt bit follows the drive's interrupts in PIO too and edges only") {
    IdeBoard board;
    board.drive(quick());
    board.enable();
    board.run([&](Script& io) {
        io.out8(command, 0xe7);
        wait_ready(io);
        CHECK(io.in8(bm_status) == bm_interrupt);
        io.out8(bm_status, bm_interrupt);
        CHECK(board.irq14.level());
        CHECK(io.in8(bm_status) == 0);  // until another edge (82371AB, 5.2.2)
        run_command(io, 0xe7);
        CHECK(io.in8(bm_status) == bm_interrupt);
    });
}

TEST_CASE("registers keep what they may and no more") {
    IdeBoard board;
    board.drive(quick());
    board.enable();
    board.run([&](Script& io) {
        io.out32(bm_table, 0x12345677);
        CHECK(io.in32(bm_table) == 0x12345674);
        io.out8(bm_status, 0xff);
        CHECK(io.in8(bm_status) == 0x60);
        io.out8(bm_command, 0xf8);
        CHECK(io.in8(bm_command) == bm_to_memory);
        io.out32(bmi + 12, 0xabcdef01);
        CHECK(io.in32(bmi + 12) == 0xabcdef00);
        pci::Function* function = board.pci.find(1, 1);
        CHECK(function->bank.read(0, 4) == 0x244b8086);
        CHECK(function->bank.read(8, 4) >> 8 == 0x010180);
        CHECK((function->bank.write(0x20, 4, 0xffffffff), function->bank.read(0x20, 4)) ==
              0xfffffff1);
        function->bank.write(0x40, 4, 0xa307e377);
        CHECK(function->bank.read(0x40, 4) == 0xa307e377);
    });
}

TEST_CASE("both channels move data at once") {
    ImageFile first{64 * 512}, second{64 * 512};
    IdeBoard board;
    board.drive(quick({{"image", first.path()}}), "disk0");
    board.drive(quick({{"image", second.path()}, {"channel", "secondary"}}), "disk1");
    board.enable();
    board.put_table(0x1000, {{0x20000, 0x4000, true}});
    board.put_table(0x2000, {{0x30000, 0x4000, true}});
    board.run([&](Script& io) {
        for (uint16_t base : {0x1f0, 0x170}) {
            io.out8(static_cast<uint16_t>(base + 6), 0xe0);
            io.out8(static_cast<uint16_t>(base + 2), 32);
            for (uint16_t reg : {3, 4, 5}) io.out8(static_cast<uint16_t>(base + reg), 0);
            io.out8(static_cast<uint16_t>(base + 7), 0xc8);
        }
        io.out32(bmi + 4, 0x1000);
        io.out32(bmi + 12, 0x2000);
        io.out8(bmi, bm_start | bm_to_memory);
        io.out8(bmi + 8, bm_start | bm_to_memory);
        io.wait(10_ms);
        CHECK(io.in8(bmi + 2) == bm_interrupt);
        CHECK(io.in8(bmi + 10) == bm_interrupt);
        CHECK(board.irq14.level());
        CHECK(board.irq15.level());
        CHECK(differing(board.ram + 0x20000, 0, 0x4000) == 0);
        CHECK(differing(board.ram + 0x30000, 0, 0x4000) == 0);
    });
}
