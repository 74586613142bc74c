// SPDX-License-Identifier: Apache-2.0
//
// The image behind the drive: persistence, snapshots, and images that are not as they should be.
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "tests/devices/ide/ide_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::ide;

namespace {

uint8_t write_one(Script& io, uint64_t lba, uint8_t value) {
    address(io, lba, 1);
    return pio_write(io, 0x30, std::vector<uint8_t>(512, value));
}

uint8_t read_one(Script& io, uint64_t lba, std::vector<uint8_t>& bytes) {
    bytes.clear();
    address(io, lba, 1);
    return pio_read(io, 0x20, 1, bytes);
}

/// The words of the Error that building a drive throws; empty where it throws none.
std::string refused(const TestBoard::Settings& settings) {
    return isolated_text([&] {
        IdeBoard board;
        try {
            board.drive(settings);
        } catch (const Error& error) {
            return std::string{error.what()};
        }
        return std::string{};
    });
}

bool says(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a written sector is in the file when its overhead has passed") {
    ImageFile image{8 * 512};
    IdeBoard board;
    board.drive({{"image", image.path()}});
    board.run([&](Script& io) {
        address(io, 3, 1);
        io.out8(command, 0x30);
        wait_ready(io);
        for (int i = 0; i < 256; ++i) io.out16(data, 0x4242);
        CHECK(image.contents()[3 * 512] == ImageFile::byte(3 * 512));
        wait_ready(io);
        CHECK(image.contents()[3 * 512] == 0x42);  // while the run still goes on
        CHECK(image.contents()[4 * 512 - 1] == 0x42);
    });
    CHECK(image.contents().size() == 8 * 512);
}

TEST_CASE("a sector written by DMA is in the file although the rest never comes") {
    ImageFile image{8 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.enable();
    std::memset(board.ram + 0x20000, 0x77, 1024);
    board.put_table(0x1000, {{0x20000, 600, true}});
    board.run([&](Script& io) {
        address(io, 0, 2);
        io.out8(command, 0xca);
        dma_start(io, 0x1000, false);
        io.wait(1_ms);
    });
    CHECK(image.contents()[511] == 0x77);
    CHECK(image.contents()[512] == ImageFile::byte(512));
}

TEST_CASE("a snapshot leaves the image alone and reads back what was written") {
    ImageFile image{8 * 512};
    const auto before = image.contents();
    ::chmod(image.path().c_str(), 0444);
    IdeBoard board;
    board.drive(quick({{"image", image.path()}, {"snapshot", "true"}}));
    board.run([&](Script& io) {
        CHECK(write_one(io, 2, 0x99) == (drdy | dsc));
        std::vector<uint8_t> bytes;
        CHECK(read_one(io, 2, bytes) == (drdy | dsc));
        CHECK(bytes == std::vector<uint8_t>(512, 0x99));
        CHECK(read_one(io, 3, bytes) == (drdy | dsc));
        CHECK(bytes[0] == ImageFile::byte(3 * 512));
    });
    CHECK(image.contents() == before);
}

TEST_CASE("a blank disk reads zeros and keeps what is written") {
    IdeBoard board;
    board.drive(quick({{"size", "1MiB"}}));
    board.run([&](Script& io) {
        std::vector<uint8_t> bytes;
        CHECK(read_one(io, 2047, bytes) == (drdy | dsc));
        CHECK(bytes == std::vector<uint8_t>(512));
        CHECK(write_one(io, 2047, 1) == (drdy | dsc));
        CHECK(read_one(io, 2047, bytes) == (drdy | dsc));
        CHECK(bytes == std::vector<uint8_t>(512, 1));
        CHECK(read_one(io, 2048, bytes) == (drdy | dsc | err));
    });
}

TEST_CASE("a last sector that is cut short is padded and becomes whole when written") {
    ImageFile image{2 * 512 + 100};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    CHECK(board.findings() == 1);
    board.run([&](Script& io) {
        std::vector<uint8_t> bytes;
        CHECK(read_one(io, 2, bytes) == (drdy | dsc));
        REQUIRE(bytes.size() == 512);
        CHECK(bytes[99] == ImageFile::byte(2 * 512 + 99));
        CHECK(bytes[100] == 0);
        CHECK(bytes[511] == 0);
        CHECK(write_one(io, 2, 0x31) == (drdy | dsc));
        CHECK(read_one(io, 2, bytes) == (drdy | dsc));
        CHECK(bytes[511] == 0x31);
    });
    CHECK(image.contents().size() == 3 * 512);
    CHECK(image.contents()[3 * 512 - 1] == 0x31);
}

TEST_CASE("an image truncated during the run gives uncorrectable sectors") {
    ImageFile image{8 * 512};
    IdeBoard board;
    board.drive(quick({{"image", image.path()}}));
    board.enable();
    board.put_table(0x1000, {{0x20000, 8 * 512, true}});
    board.run([&](Script& io) {
        REQUIRE(::truncate(image.path().c_str(), 2 * 512 + 10) == 0);
        std::vector<uint8_t> bytes;
        address(io, 0, 8);
        CHECK(pio_read(io, 0x20, 8, bytes) == (drdy | dsc | err));
        CHECK(bytes.size() == 1024);
        CHECK(io.in8(error) == unc);
        CHECK(io.in8(lba_low) == 2);
        CHECK(io.in8(count) == 6);
        address(io, 1, 4);
        io.out8(command, 0xc8);
        dma_start(io, 0x1000, true);
        io.wait(5_ms);
        CHECK(io.in8(bm_status) == (bm_active | bm_interrupt));
        CHECK(io.in8(status) == (drdy | dsc | err));
        CHECK(io.in8(error) == unc);
        CHECK(board.ram[0x20000] == ImageFile::byte(512));
    });
}

TEST_CASE("images that can not serve are refused with what to do") {
    ImageFile empty{0}, locked{512};
    ::chmod(locked.path().c_str(), 0444);
    CHECK(says(refused({{"image", empty.path()}}), "is empty; give it a size"));
    CHECK(says(refused({{"image", locked.path()}}), "set snapshot = true"));
    CHECK(refused({{"image", locked.path()}, {"snapshot", "true"}}).empty());
    CHECK(says(refused({{"image", "/nonexistent/disk.img"}}), "can not be opened"));
    CHECK(says(refused({{"image", "/tmp"}}), "is not a file"));
    CHECK(says(refused({{"serial", "a number of 27 characters"}}), "has room for 20"));
}

TEST_CASE("drives that can not be plugged are refused with what to do") {
    const std::string twice = isolated_text([] {
        IdeBoard board;
        board.drive({}, "disk0");
        try {
            board.drive({}, "disk1");
        } catch (const Error& error) {
            return std::string{error.what()};
        }
        return std::string{};
    });
    CHECK(says(twice, "two drives as device 0"));
    const std::string alone = isolated_text([] {
        TestBoard board;
        try {
            board.plug("ata-disk", "disk0");
        } catch (const Error& error) {
            return std::string{error.what()};
        }
        return std::string{};
    });
    CHECK(says(alone, "describe its controller (piix-ide) before the drive"));
}

TEST_CASE("disk images are offered by drive number with their checksum") {
    // CRC-32 of 512 zero bytes is 0xb2aa7578 (zlib's crc32).
    ImageFile image{4 * 512};
    IdeBoard board;
    board.drive({{"size", "512B"}}, "disk0");
    board.drive({{"image", image.path()}, {"channel", "secondary"}, {"unit", "1"}}, "disk3");
    auto* first = board.board.find<bus::DiskImage>("disk.0");
    auto* last = board.board.find<bus::DiskImage>("disk.3");
    REQUIRE(first);
    REQUIRE(last);
    CHECK(board.board.find<bus::DiskImage>("disk.1") == nullptr);
    CHECK(first->sectors() == 1);
    CHECK(first->crc32(0, 1) == 0xb2aa7578);
    std::vector<uint8_t> bytes(1024);
    CHECK(last->read(1, bytes));
    CHECK(bytes[1023] == ImageFile::byte(3 * 512 - 1));
    CHECK_FALSE(last->read(3, bytes));
}

TEST_CASE("what was written to a snapshot is part of the saved state") {
    ImageFile image{8 * 512};
    const auto saved = isolated_text([&] {
        IdeBoard board;
        board.drive(quick({{"image", image.path()}, {"snapshot", "true"}}));
        board.run([&](Script& io) {
            write_one(io, 5, 0xab);
            set_mode(io, 0x0b);
        });
        Archive archive{Archive::Mode::save};
        board.sim.archive(archive);
        const auto bytes = archive.serialise();
        return std::string(bytes.begin(), bytes.end());
    });
    CHECK(saved.size() > 512);
    const auto held = isolated([&] {
        IdeBoard board;
        board.drive(quick({{"image", image.path()}, {"snapshot", "true"}}));
        const std::vector<uint8_t> bytes(saved.begin(), saved.end());
        Archive archive = Archive::parse(bytes);
        board.sim.archive(archive);
        std::array<uint8_t, 512> sector{};
        board.board.find<bus::DiskImage>("disk.0")->read(5, sector);
        return unsigned{sector[511]};
    });
    CHECK(held == 0xab);
}

TEST_CASE("a machine saved in the middle of a DMA transfer goes on as if it had not been") {
    struct Result {
        Time at;
        uint32_t crc;
        uint8_t status;
        bool operator==(const Result&) const = default;
    };
    constexpr Time cut = 700_us;  // of about 8 ms that 64 sectors take in Multiword DMA mode 0
    auto prepare = [](IdeBoard& board) {
        for (uint32_t i = 0; i < 0x8000; ++i) board.ram[0x20000 + i] = static_cast<uint8_t>(i * 31);
        board.put_table(0x1000, {{0x20000, 0x3000, false}, {0x23000, 0x5000, true}});
    };
    auto begin = [](Script& io) {
        address(io, 3, 64);
        io.out8(command, 0xca);
        dma_start(io, 0x1000, false);
    };
    auto result = [](IdeBoard& board, Script& io) {
        io.wait_until(20_ms);
        return Result{board.irq14.changes.back().first,
                      board.board.find<bus::DiskImage>("disk.0")->crc32(0, 128), io.in8(bm_status)};
    };
    const TestBoard::Settings settings = quick({{"size", "64KiB"}, {"block_overhead", "2us"}});
    const Result whole = isolated([&] {
        Result r{};
        IdeBoard board;
        board.drive(settings);
        board.enable();
        prepare(board);
        board.run([&](Script& io) {
            begin(io);
            r = result(board, io);
        });
        return r;
    });
    const std::string saved = isolated_text([&] {
        IdeBoard board;
        board.drive(settings);
        board.enable();
        prepare(board);
        board.run([&](Script& io) {
            begin(io);
            io.wait_until(cut);
        });
        Archive archive{Archive::Mode::save};
        board.sim.archive(archive);
        const auto bytes = archive.serialise();
        return std::string(bytes.begin(), bytes.end());
    });
    const Result resumed = isolated([&] {
        Result r{};
        IdeBoard board;
        board.drive(settings);
        prepare(board);
        const std::vector<uint8_t> bytes(saved.begin(), saved.end());
        Archive archive = Archive::parse(bytes);
        board.sim.archive(archive);
        board.run([&](Script& io) { r = result(board, io); });
        return r;
    });
    CHECK(whole.status == bm_interrupt);
    CHECK(whole.at > cut);
    CHECK(resumed == whole);
}
