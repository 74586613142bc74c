// SPDX-License-Identifier: Apache-2.0
//
// Expansion ROMs: PCI 2.2, 6.2.5.2 and 6.3.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/bus/pci_fixture.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::test;

namespace {

constexpr uint32_t enable_rom = 1, command = 0x04, rom_register = 0x30;

std::vector<uint8_t> image(size_t bytes) {
    std::vector<uint8_t> rom{0x55, 0xaa};
    while (rom.size() < bytes) rom.push_back(static_cast<uint8_t>(rom.size() * 3));
    return rom;
}

/// Distinct findings of a component: an address that nobody claims is the bus's.
size_t found_by(const PciBoard& board, const std::string& component) {
    size_t count = 0;
    for (const Finding& finding : board.sim.findings().list())
        count += finding.component == component;
    return count;
}

}  // namespace

TEST_CASE("an expansion ROM is sized like a base address, and at least 2 KiB") {
    struct Row {
        size_t bytes;
        uint32_t mask;
    };
    for (const Row& row : {Row{512, 0xfffff800}, Row{2048, 0xfffff800}, Row{2049, 0xfffff000},
                           Row{75264, 0xfffe0000}}) {
        INFO(row.bytes);
        CHECK(isolated([&] {
                  PciBoard board;
                  Card card{board, "card", 3};
                  card.function.add_rom(image(row.bytes));
                  card.reset();
                  // As firmware does it: all bits but the enable bit.
                  card.function.bank.write(rom_register, 4, 0xfffffffe);
                  return static_cast<uint32_t>(card.function.bank.read(rom_register, 4));
              }) == row.mask);
    }
}

TEST_CASE("a function without an expansion ROM reads its register as zero") {
    PciBoard board;
    Card card{board, "card", 3};
    card.reset();
    card.function.bank.write(rom_register, 4, 0xffffffff);
    CHECK(card.function.bank.read(rom_register, 4) == 0);
}

TEST_CASE("an expansion ROM answers where both of its enable bits are set") {
    PciBoard board;
    Card card{board, "card", 3};
    card.function.add_rom(image(3000));
    card.reset();
    const auto rom = image(3000);
    board.run([&](Script& io) {
        auto config = [&](uint32_t offset, unsigned bytes, uint64_t value) {
            io.wait(Time{});
            card.function.bank.write(offset, bytes, value);
        };
        config(rom_register, 4, 0xe000'0000 | enable_rom);
        CHECK(io.read(0xe000'0000, 2) == 0xffff);  // MEM is clear
        config(command, 2, 2);
        CHECK(io.read(0xe000'0000, 2) == 0xaa55);
        CHECK(card.function.claims(0xe000'0fff));
        CHECK(io.read(0xe000'0000 + 2999, 1) == rom[2999]);
        CHECK(io.read(0xe000'0000 + 3000, 4) == 0xffffffff);  // behind the image
        CHECK(found_by(board, "card") == 0);
        io.write(0xe000'0000, 0, 4);
        CHECK(io.read(0xe000'0000, 2) == 0xaa55);
        CHECK(found_by(board, "card") == 1);
        config(rom_register, 4, 0xe000'0000);
        CHECK(io.read(0xe000'0000, 2) == 0xffff);
        CHECK_FALSE(card.function.claims(0xe000'0000));
        config(rom_register, 4, 0xe100'0000 | enable_rom);
        CHECK(io.read(0xe100'0000, 2) == 0xaa55);
        CHECK(card.function.bank.read(rom_register, 4) == 0xe100'0001);
        card.function.bank.reset();
        CHECK(card.function.bank.read(rom_register, 4) == 0);
        CHECK(io.read(0xe100'0000, 2) == 0xffff);
    });
}

TEST_CASE("an expansion ROM's chip takes its time for each byte") {
    Time took[2];
    for (unsigned i = 0; i < 2; ++i)
        took[i] = isolated([&] {
            PciBoard board;
            Card card{board, "card", 3};
            card.function.add_rom(image(3000), i ? Time::ns(120) : Time{});
            card.reset();
            card.function.bank.write(rom_register, 4, 0xe000'0000 | enable_rom);
            card.function.bank.write(command, 2, 2);
            Time t;
            board.run([&](Script& io) {
                const Time start = io.time();
                io.read32(0xe000'0000);
                t = io.time() - start;
            });
            return t;
        });
    // In whole PCI clocks of 30 ns: 480 ns are 16.
    CHECK(took[1] - took[0] == 480_ns);
}

TEST_CASE("a file that is no expansion ROM is refused") {
    const std::string path = std::filesystem::temp_directory_path() / "southbridge_rom_test.rom";
    struct Row {
        const char* content;  // null: no file
        const char* says;
    };
    const Row rows[] = {
        {nullptr, "can not be read"}, {"", "55 AA"}, {"U", "55 AA"}, {"MZ and more", "55 AA"}};
    for (const Row& row : rows) {
        std::filesystem::remove(path);
        if (row.content) std::ofstream{path} << row.content;
        const std::string said = isolated_text([&] {
            TestBoard board;
            Config config{{pci::rom_key()}};
            config.set("rom", path);
            try {
                pci::load_rom({board.board, "card", config});
                return std::string{"nothing"};
            } catch (const Error& e) {
                return std::string{e.what()};
            }
        });
        CHECK_THAT(said, Catch::Contains(row.says));
    }
    std::filesystem::remove(path);
}
