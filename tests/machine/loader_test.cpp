// SPDX-License-Identifier: Apache-2.0
//
// Guests come from files, and files can be anything.
#include <elf.h>
#include <catch2/catch.hpp>

#include <cstring>
#include <fstream>
#include <random>

#include "sim/machine/loader.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::machine;

namespace {

struct File {
    std::string path =
        std::string(SOUTHBRIDGE_BINARY_DIR) + "/loader_test_" + std::to_string(::getpid()) + ".elf";
    explicit File(const std::string& bytes) { write(bytes); }
    ~File() { std::remove(path.c_str()); }
    void write(const std::string& bytes) {
        std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<long>(bytes.size()));
    }
};

/// One segment of `content` at 1 MiB, entered at its start.
std::string elf(const std::string& content, uint32_t address = 0x100000, uint32_t extra = 0) {
    Elf32_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_EXEC;
    header.e_machine = EM_386;
    header.e_entry = address;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf32_Phdr);
    header.e_phnum = 1;
    Elf32_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_offset = sizeof header + sizeof segment;
    segment.p_paddr = segment.p_vaddr = address;
    segment.p_filesz = static_cast<uint32_t>(content.size());
    segment.p_memsz = segment.p_filesz + extra;
    return std::string(reinterpret_cast<char*>(&header), sizeof header) +
           std::string(reinterpret_cast<char*>(&segment), sizeof segment) + content;
}

}  // namespace

TEST_CASE("a segment is placed at its physical address and its rest is cleared") {
    test::TestBoard board;
    uint8_t* memory = board.add_memory(0, 4u << 20);
    std::memset(memory + 0x100000, 0xee, 64);
    File file{elf("guest code", 0x100000, 16)};
    const LoadedGuest guest = load_guest(file.path, "a=1 b=2", board.memory);
    CHECK(guest.entry == 0x100000);
    CHECK(std::memcmp(memory + 0x100000, "guest code", 10) == 0);
    CHECK(memory[0x100000 + 10] == 0);
    CHECK(memory[0x100000 + 25] == 0);
    CHECK(memory[0x100000 + 26] == 0xee);
    CHECK(guest.eax == 0);  // no Multiboot header, no Multiboot magic
}

TEST_CASE("a multiboot guest gets magic and command line and memory sizes") {
    test::TestBoard board;
    uint8_t* memory = board.add_memory(0, 4u << 20);
    const uint32_t header[3] = {0x1badb002, 3, 0u - 0x1badb002 - 3};
    File file{elf(std::string(reinterpret_cast<const char*>(header), sizeof header))};
    const LoadedGuest guest = load_guest(file.path, "sectors=8", board.memory);
    CHECK(guest.eax == 0x2badb002);
    const auto* info = reinterpret_cast<const uint32_t*>(memory + guest.ebx);
    CHECK((info[0] & 5) == 5);
    CHECK(info[1] == 640);
    CHECK(info[2] == 3 * 1024);
    CHECK(std::string(reinterpret_cast<const char*>(memory + info[4])) == "sectors=8");
}

TEST_CASE("what is not a guest is refused with its reason") {
    test::TestBoard board;
    board.add_memory(0, 2u << 20);
    File file{"MZ not an elf file, but long enough to hold a header, padded and padded and padded"};
    CHECK_THROWS_WITH(load_guest(file.path, "", board.memory), Catch::Contains("not an ELF"));
    file.write("");
    CHECK_THROWS_WITH(load_guest(file.path, "", board.memory), Catch::Contains("cut off"));
    file.write(elf("x", 0x7ffff000));
    CHECK_THROWS_WITH(load_guest(file.path, "", board.memory), Catch::Contains("no memory"));
    file.write(elf("x", 0x1fffff, 0xffffff00));
    CHECK_THROWS_AS(load_guest(file.path, "", board.memory), Error);
    CHECK_THROWS_WITH(load_guest("/no/such", "", board.memory), Catch::Contains("can not be read"));
}

TEST_CASE("a damaged guest never breaks the loader") {
    test::TestBoard board;
    board.add_memory(0, 2u << 20);
    std::ifstream in{SOUTHBRIDGE_BINARY_DIR "/guest/hello.elf", std::ios::binary};
    const std::string good{std::istreambuf_iterator<char>(in), {}};
    REQUIRE(good.size() > 1000);
    std::mt19937 random{20};
    File file{good};
    for (int i = 0; i < 2000; ++i) {
        std::string bad = good;
        // Most damage goes where the headers are.
        const size_t reach = i % 4 ? 256 : bad.size();
        for (int hit = 0; hit < 4; ++hit) bad[random() % reach] = static_cast<char>(random());
        if (i % 8 == 0) bad.resize(random() % bad.size());
        file.write(bad);
        try {
            load_guest(file.path, "", board.memory);
        } catch (const Error&) {
        }
    }
}
