// SPDX-License-Identifier: Apache-2.0
//
// Guests come from files, and files can be anything.
#include <catch2/catch.hpp>

#include <cstring>
#include <fstream>
#include <random>

#include "sim/machine/loader.h"
#include "tests/support/elf.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::machine;
using sb::test::elf;

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

}  // namespace

TEST_CASE("a segment is placed at its physical address and its rest is cleared") {
    test::TestBoard board;
    uint8_t* memory = board.add_memory(0, 4u << 20);
    std::memset(memory + 0x100000, 0xee, 64);
    File file{elf("guest code", 0x100000, 16)};
    const LoadedGuest guest = load_guest(file.path, "", board.memory);
    CHECK(guest.entry == 0x100000);
    CHECK(std::memcmp(memory + 0x100000, "guest code", 10) == 0);
    CHECK(memory[0x100000 + 10] == 0);
    CHECK(memory[0x100000 + 25] == 0);
    CHECK(memory[0x100000 + 26] == 0xee);
    CHECK(guest.eax == 0);  // no Multiboot header, no Multiboot magic
}

TEST_CASE("a guest that is neither Linux nor Multiboot takes no command line and no RAM disk") {
    test::TestBoard board;
    board.add_memory(0, 4u << 20);
    File file{elf("guest code", 0x100000, 16)};
    CHECK_THROWS_WITH(load_guest(file.path, "a=1", board.memory),
                      Catch::Contains("take a command line"));
    CHECK_THROWS_WITH(load_guest(file.path, "", board.memory, file.path),
                      Catch::Contains("take an initial RAM disk"));
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
    CHECK(info[1] == 639);
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
