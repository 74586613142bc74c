// SPDX-License-Identifier: Apache-2.0
//
// What firmware needs: its ROM, shadow RAM, the configuration device, the display behind memory.
#include <unistd.h>
#include <catch2/catch.hpp>

#include <fstream>

#include "bus/firmware_config.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::isolated_text;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

void configure(Script& io, uint8_t offset, uint8_t value) {
    io.out32(0xcf8, 0x80000000u | (offset & 0xfcu));
    io.out8(static_cast<uint16_t>(0xcfc + offset % 4), value);
}
std::string item(Script& io, uint16_t number, size_t count) {
    io.out16(0x510, number);
    std::string text;
    for (size_t i = 0; i < count; ++i) text.push_back(static_cast<char>(io.in8(0x511)));
    return text;
}

struct RomFile {
    explicit RomFile(size_t bytes) {
        ::close(::mkstemp(path));
        std::string text(bytes, '\x5a');
        for (size_t i = 0; i < bytes; i += 4096) text[i] = static_cast<char>(i / 4096);
        std::ofstream{path, std::ios::binary} << text;
    }
    ~RomFile() { ::unlink(path); }
    char path[32] = "/tmp/southbridge-rom-XXXXXX";
};

}  // namespace

TEST_CASE("the system ROM ends at 4 GiB and its last 128 KiB below 1 MiB") {
    RomFile file{0x40000};
    TestBoard board;
    board.add_memory(0, 0x400000);
    board.plug("pci-host", "pci");
    board.plug("bios", "bios", {{"image", file.path}});
    board.run([&](Script& io) {
        CHECK(io.read(0xfffc1000, 1) == 1);
        CHECK(io.read(0xfffff000, 1) == 63);
        CHECK(io.read(0xff000, 1) == 63);
        CHECK(io.read(0xe0000, 1) == 32);
        CHECK(io.read(0xdf000, 1) == 0xff);  // nothing on the bus
        CHECK(io.read(0x100000, 1) == 0);
        const Time start = io.time();
        io.read32(0xfffff000);
        CHECK(io.time() - start == 30_ns * 96);
    });
}

TEST_CASE("PAM registers route each segment for reads and writes apart") {
    struct Row {
        uint8_t offset, read, write;
        uint32_t first, last;
    };
    const Row rows[] = {{0x59, 0x10, 0x20, 0xf0000, 0xfffff}, {0x5a, 0x01, 0x02, 0xc0000, 0xc3fff},
                        {0x5a, 0x10, 0x20, 0xc4000, 0xc7fff}, {0x5b, 0x01, 0x02, 0xc8000, 0xcbfff},
                        {0x5b, 0x10, 0x20, 0xcc000, 0xcffff}, {0x5c, 0x01, 0x02, 0xd0000, 0xd3fff},
                        {0x5c, 0x10, 0x20, 0xd4000, 0xd7fff}, {0x5d, 0x01, 0x02, 0xd8000, 0xdbfff},
                        {0x5d, 0x10, 0x20, 0xdc000, 0xdffff}, {0x5e, 0x01, 0x02, 0xe0000, 0xe3fff},
                        {0x5e, 0x10, 0x20, 0xe4000, 0xe7fff}, {0x5f, 0x01, 0x02, 0xe8000, 0xebfff},
                        {0x5f, 0x10, 0x20, 0xec000, 0xeffff}};
    RomFile file{0x20000};
    TestBoard board;
    uint8_t* ram = board.add_memory(0, 0x400000);
    board.plug("pci-host", "pci");
    board.plug("bios", "bios", {{"image", file.path}});
    board.run([&](Script& io) {
        for (const Row& row : rows) {
            INFO(row.first);
            for (uint32_t at : {row.first, row.last}) {
                ram[at] = 0x99;
                configure(io, row.offset, 0);
                const uint64_t rom = io.read(at, 1);
                CHECK(rom != 0x99);
                io.write(at, 0x11, 1);
                CHECK(ram[at] == 0x99);
                configure(io, row.offset, row.write);  // the way firmware copies itself
                CHECK(io.read(at, 1) == rom);
                io.write(at, 0x22, 1);
                CHECK(ram[at] == 0x22);
                CHECK(io.read(at, 1) == rom);
                configure(io, row.offset, row.read);
                CHECK(io.read(at, 1) == 0x22);
                io.write(at, 0x33, 1);
                CHECK(ram[at] == 0x22);
                configure(io, row.offset, row.read | row.write);
                io.write(at, 0x44, 1);
                CHECK(io.read(at, 1) == 0x44);
            }
            configure(io, row.offset, 0);
        }
        configure(io, 0x72, 0x0a);
        io.out32(0xcf8, 0x80000070);
        CHECK(io.in8(0xcfe) == 0x0a);
    });
}

TEST_CASE("the display is behind memory, and a hand-off has shadow RAM") {
    TestBoard board;
    uint8_t* ram = board.add_memory(0, 0x400000);
    board.plug("pci-host", "pci", {{"handoff", "firmware"}});
    board.plug("vga", "vga", {{"handoff", "firmware"}});
    board.run([&](Script& io) {
        io.write(0xb8000, 0x0741, 2);
        CHECK(io.read(0xb8000, 2) == 0x0741);
        CHECK(ram[0xb8000] == 0);
        io.write(0xf0000, 0x77, 1);
        CHECK(ram[0xf0000] == 0x77);
    });
}

TEST_CASE("the configuration device gives items byte by byte") {
    TestBoard board;
    board.add_memory(0, 0x1400000);
    board.plug("fw-cfg", "fw", {{"cpus", "2"}, {"bootorder", "/a,/b"}});
    board.board.find<bus::FirmwareConfig>("firmware.config")->file("opt/x", {1, 2, 3});
    board.run([&](Script& io) {
        using namespace std::string_literals;
        CHECK(item(io, 0x0000, 5) == "QEMU\0"s);
        CHECK(item(io, 0x4000, 4) == "QEMU");  // the write bit changes nothing
        CHECK(item(io, 0x0001, 4) == "\1\0\0\0"s);
        CHECK(item(io, 0x0003, 8) == "\0\0\x40\1\0\0\0\0"s);
        CHECK(item(io, 0x0005, 2) == "\2\0"s);
        CHECK(item(io, 0x7777, 3) == "\0\0\0"s);
        const std::string directory = item(io, 0x19, 4 + 3 * 64);
        CHECK(directory.substr(0, 4) == "\0\0\0\3"s);
        CHECK(directory.substr(4, 8) == "\0\0\0\x14\0\x20\0\0"s);
        CHECK(directory.substr(12, 9) == "etc/e820\0"s);
        CHECK(directory.substr(4 + 128, 8) == "\0\0\0\3\0\x22\0\0"s);
        CHECK(directory.substr(12 + 128, 6) == "opt/x\0"s);
        CHECK(item(io, 0x21, 7) == "/a\n/b\0\0"s);
        CHECK(item(io, 0x22, 4) == "\1\2\3\0"s);
        CHECK(item(io, 0x20, 20) == "\0\0\0\0\0\0\0\0\0\0\x40\1\0\0\0\0\1\0\0\0"s);
    });
}
