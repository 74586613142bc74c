// SPDX-License-Identifier: Apache-2.0
//
// PCI configuration mechanism #1 (PCI 2.2, 3.2.2.3.2).
#include <catch2/catch.hpp>

#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::Script;
using sb::test::TestBoard;

namespace {
constexpr uint16_t address = 0xcf8, data = 0xcfc;
constexpr uint32_t enable = 0x80000000, isa = 0x800;
}  // namespace

TEST_CASE("PCI configuration reads the function addressed at any byte lane") {
    TestBoard board;
    board.plug("pci-host", "host");
    board.plug("pci-isa-bridge", "isa");
    board.run([&](Script& io) {
        io.out32(address, enable);
        CHECK(io.in32(address) == enable);
        CHECK(io.in32(data) == 0x12378086);
        CHECK(io.in16(data + 2) == 0x1237);
        CHECK(io.in8(data + 1) == 0x80);
        io.out32(address, enable | isa);
        CHECK(io.in32(data) == 0x70008086);
        io.out32(address, enable | isa | 0x08);
        CHECK(io.in32(data) == 0x06010000);
        io.out32(address, enable | isa | 0x0c);
        CHECK(io.in8(data + 2) == 0x80);  // multifunction
        io.out32(address, enable | 0x08);
        CHECK(io.in32(data) == 0x06000002);
    });
}

TEST_CASE("PCI configuration - what is not there reads all ones") {
    TestBoard board;
    board.plug("pci-host", "host");
    board.run([&](Script& io) {
        for (uint32_t where : {0u, enable | 0x10000, enable | 0x800, enable | 0x100}) {
            io.out32(address, where);
            CHECK(io.in32(data) == 0xffffffff);
            io.out32(data, 0);
            CHECK(io.in8(data + 3) == 0xff);
        }
    });
}

TEST_CASE("PCI configuration - address takes 32 bits only and writes reach their lanes") {
    TestBoard board;
    board.plug("pci-host", "host");
    board.run([&](Script& io) {
        io.out32(address, enable | 0x04);
        io.out8(address, 0x55);
        io.out16(address + 2, 0x5555);
        CHECK(io.in32(address) == (enable | 0x04));
        CHECK(io.in8(address) == 0xff);
        io.out8(data, 0x06);
        CHECK(io.in16(data) == 0x0006);
        io.out16(data, 0x0102);
        CHECK(io.in16(data) == 0x0102);
        CHECK(io.in16(data + 2) == 0x0280);
    });
}

TEST_CASE("PCI configuration takes six PCI clocks and its address none") {
    TestBoard board;
    board.plug("pci-host", "host");
    board.run([&](Script& io) {
        io.out32(address, enable);
        CHECK(io.time() == 60_ns);  // the bus's own
        io.in32(data);
        CHECK(io.time() == 240_ns);
    });
}
