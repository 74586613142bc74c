// SPDX-License-Identifier: Apache-2.0
//
// The Linux/x86 boot protocol (Documentation/x86/boot.rst, zero-page.rst) as a loader keeps it,
// with images that are made here; and what is left in low memory for a guest without firmware.
#include <catch2/catch.hpp>

#include <cstring>
#include <fstream>
#include <map>
#include <numeric>
#include <random>

#include "sim/machine/loader.h"
#include "sim/machine/low_memory.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::machine;
using Catch::Contains;

namespace {

constexpr uint32_t memory_bytes = 8u << 20;
constexpr size_t setup_bytes = 5 * 512;  // the boot sector and four sectors of setup

template <typename T>
void put(std::string& image, size_t at, T value) {
    std::memcpy(image.data() + at, &value, sizeof value);
}

/// A kernel of protocol 2.12 whose protected-mode part is `code`.
std::string kernel(const std::string& code) {
    std::string image(setup_bytes, '\0');
    put<uint8_t>(image, 0x1f1, 4);
    put<uint16_t>(image, 0x1fe, 0xaa55);
    put<uint8_t>(image, 0x201, 0x66);  // the header ends at 268h
    image.replace(0x202, 4, "HdrS");
    put<uint16_t>(image, 0x206, 0x20c);
    put<uint8_t>(image, 0x211, 1);  // loaded high
    put<uint32_t>(image, 0x1f4, static_cast<uint32_t>((code.size() + 15) / 16));
    put<uint32_t>(image, 0x214, 0x100000);
    put<uint32_t>(image, 0x22c, 0x7fffffff);
    put<uint32_t>(image, 0x238, 255);
    return image + code;
}

struct File {
    std::string path =
        std::string(SOUTHBRIDGE_BINARY_DIR) + "/linux_loader_test_" + std::to_string(::getpid());
    explicit File(const std::string& bytes, const char* suffix = "") {
        path += suffix;
        write(bytes);
    }
    ~File() { std::remove(path.c_str()); }
    void write(const std::string& bytes) {
        std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<long>(bytes.size()));
    }
};

template <typename T>
T get(const uint8_t* memory, uint32_t at) {
    T value;
    std::memcpy(&value, memory + at, sizeof value);
    return value;
}

}  // namespace

TEST_CASE("a Linux kernel finds its code and zero page and command line and RAM disk") {
    test::TestBoard board;
    const uint8_t* memory = board.add_memory(0, memory_bytes);
    File file{kernel("protected-mode code")};
    File disk{std::string(5000, 'd'), ".initrd"};
    const LoadedGuest guest = load_guest(file.path, "console=ttyS0 quiet", board.memory, disk.path);
    CHECK_FALSE(guest.real_mode);
    CHECK(guest.entry == 0x100000);
    CHECK(guest.code_selector == 0x10);  // __BOOT_CS and __BOOT_DS
    CHECK(guest.data_selector == 0x18);
    CHECK(std::memcmp(memory + 0x100000, "protected-mode code", 19) == 0);
    const uint32_t zero = guest.esi;
    CHECK(get<uint32_t>(memory, zero + 0x202) == 0x53726448);  // the header was copied
    CHECK(get<uint8_t>(memory, zero + 0x210) == 0xff);         // a loader without a number
    const auto line = get<uint32_t>(memory, zero + 0x228);
    CHECK(std::string(reinterpret_cast<const char*>(memory + line)) == "console=ttyS0 quiet");
    const auto start = get<uint32_t>(memory, zero + 0x218);
    CHECK(get<uint32_t>(memory, zero + 0x21c) == 5000);
    CHECK(start % 4096 == 0);
    CHECK(start == ((memory_bytes - 5000) & ~4095u));
    CHECK(memory[start] == 'd');
    CHECK(memory[start + 4999] == 'd');
    // E820: usable from 0 and from 1 MiB to the end.
    REQUIRE(get<uint8_t>(memory, zero + 0x1e8) == 4);
    CHECK(get<uint64_t>(memory, zero + 0x2d0) == 0);
    CHECK(get<uint64_t>(memory, zero + 0x2d8) == 639 * 1024);
    CHECK(get<uint64_t>(memory, zero + 0x2d0 + 60) == 0x100000);
    CHECK(get<uint64_t>(memory, zero + 0x2d8 + 60) == memory_bytes - 0x100000);
    CHECK(get<uint32_t>(memory, zero + 0x2e0 + 60) == 1);
    // The descriptors that the selectors name are flat, code and data.
    const auto table = guest.descriptor_table;
    CHECK(get<uint64_t>(memory, table + 0x10) == 0x00cf9b000000ffff);
    CHECK(get<uint64_t>(memory, table + 0x18) == 0x00cf93000000ffff);
}

TEST_CASE("what a Linux kernel can not be loaded for is said") {
    test::TestBoard board;
    board.add_memory(0, memory_bytes);
    File file{kernel("code")};
    CHECK_THROWS_WITH(load_guest(file.path, std::string(256, 'x'), board.memory),
                      Contains("takes 255"));
    File disk{std::string(memory_bytes, 'd'), ".initrd"};
    CHECK_THROWS_WITH(load_guest(file.path, "", board.memory, disk.path), Contains("more memory"));
    std::string image = kernel("code");
    put<uint16_t>(image, 0x206, 0x201);
    file.write(image);
    CHECK_THROWS_WITH(load_guest(file.path, "", board.memory), Contains("2.02 is the oldest"));
    image = kernel("code");
    put<uint8_t>(image, 0x211, 0);
    file.write(image);
    CHECK_THROWS_WITH(load_guest(file.path, "", board.memory), Contains("zImage"));
    file.write(kernel(std::string(memory_bytes, 'k')));
    CHECK_THROWS_WITH(load_guest(file.path, "", board.memory), Contains("no memory"));
}

TEST_CASE("a damaged Linux kernel never breaks the loader") {
    test::TestBoard board;
    board.add_memory(0, memory_bytes);
    const std::string good = kernel(std::string(3000, 'k'));
    File file{good};
    File disk{std::string(100, 'd'), ".initrd"};
    std::mt19937 random{22};
    for (int i = 0; i < 3000; ++i) {
        std::string bad = good;
        for (int hit = 0; hit < 4; ++hit)
            bad[0x1f1 + random() % 0x80] = static_cast<char>(random());
        bad.replace(0x202, 4, "HdrS");
        if (i % 4 == 0) bad.resize(random() % bad.size());
        file.write(bad);
        try {
            load_guest(file.path, "quiet", board.memory, disk.path);
        } catch (const Error&) {
        }
    }
}

TEST_CASE("MP tables are found and sum to zero and name what is there") {
    test::TestBoard board;
    const uint8_t* memory = board.add_memory(0, memory_bytes);
    // Device 3's INTA# and device 4's INTB#.
    place_mp_tables(board.memory, {0x52c, 0x1bf}, {{3, 0, 18}, {4, 1, 16}});
    // MP Specification 1.4, 4: on a 16-byte boundary in F0000h to FFFFFh.
    uint32_t pointer = 0;
    for (uint32_t at = 0xf0000; at < 0x100000; at += 16)
        if (std::memcmp(memory + at, "_MP_", 4) == 0) pointer = at;
    REQUIRE(pointer != 0);
    auto sum = [&](uint32_t at, uint32_t n) {
        return static_cast<uint8_t>(std::accumulate(memory + at, memory + at + n, 0u));
    };
    CHECK(sum(pointer, 16) == 0);
    const auto table = get<uint32_t>(memory, pointer + 4);
    CHECK(std::memcmp(memory + table, "PCMP", 4) == 0);
    const auto length = get<uint16_t>(memory, table + 4);
    CHECK(sum(table, length) == 0);
    CHECK(get<uint32_t>(memory, table + 36) == 0xfee00000);
    // Entries by type (table 4-3): their sizes must fill the table exactly.
    unsigned counts[5] = {}, timer_input = 99;
    std::map<unsigned, std::string> buses;
    std::map<unsigned, unsigned> pci_inputs;  // by source
    unsigned last_type = 0;
    uint32_t at = table + 44;
    for (unsigned n = get<uint16_t>(memory, table + 34); n > 0; --n) {
        const uint8_t type = memory[at];
        REQUIRE(type <= 4);
        ++counts[type];
        CHECK(type >= last_type);  // 4.3: sorted by type, ascending
        last_type = type;
        if (type == 1) {
            // D.2: PCI buses first, by their own numbers; the others after them, ascending.
            if (!buses.empty()) CHECK(memory[at + 1] > buses.rbegin()->first);
            buses[memory[at + 1]] = std::string(memory + at + 2, memory + at + 8);
        }
        if (type >= 3) {
            REQUIRE(buses.count(memory[at + 4]) == 1);
            if (buses[memory[at + 4]] == "PCI   ") pci_inputs[memory[at + 5]] = memory[at + 7];
        }
        if (type == 0) CHECK(get<uint32_t>(memory, at + 4) == 0x52c);
        const bool isa = type == 3 && buses[memory[at + 4]] == "ISA   ";
        if (isa && memory[at + 1] == 0 && memory[at + 5] == 0) timer_input = memory[at + 7];
        at += type == 0 ? 20 : 8;
    }
    CHECK(at == table + length);
    CHECK(counts[0] == 1);
    // Table 4-8: names are padded with blanks.
    CHECK(buses == std::map<unsigned, std::string>{{0, "PCI   "}, {1, "ISA   "}});
    // D.3: bits 1 and 0 of the source are the pin, bits 6 to 2 the device.
    CHECK(pci_inputs == std::map<unsigned, unsigned>{{3 << 2 | 0, 18}, {4 << 2 | 1, 16}});
    CHECK(counts[2] == 1);
    // Fifteen lines, without the cascade, the 8259A's output, and two of PCI.
    CHECK(counts[3] == 15 + 1 + 2);
    CHECK(counts[4] == 2);
    CHECK(timer_input == 2);
}
