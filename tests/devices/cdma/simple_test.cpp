// SPDX-License-Identifier: Apache-2.0
//
// Registers and simple mode: PG034, "Register Space", "Programming Sequence".
#include "tests/devices/cdma/cdma_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::cdma;

TEST_CASE("registers after reset are those of PG034") {
    CdmaBoard board;
    board.run([&](Script& io) {
        struct Row {
            uint32_t at, value;
        };
        const Row rows[]{{cr, 0x00010000}, {sr, 0x0001000a}, {current, 0}, {current_msb, 0},
                         {tail, 0},        {tail_msb, 0},    {sa, 0},      {sa_msb, 0},
                         {da, 0},          {da_msb, 0},      {btt, 0}};
        for (const Row& row : rows) {
            CAPTURE(row.at);
            CHECK(io.read32(row.at) == row.value);
        }
        // Reserved bits of CDMACR stay zero.
        io.write32(cr, 0xfffffffb);
        CHECK(io.read32(cr) == 0xffff7078);
    });
    pci::Function* function = board.pci.find(4, 0);
    CHECK(function->vendor_id == 0x10ee);
    CHECK(function->device_id == 0x7034);
    CHECK(function->bank.read(0x09, 3) == 0x088000);
    CHECK(function->interrupt_pin == 1);
}

TEST_CASE("a simple transfer copies exactly what it is told to") {
    struct Row {
        uint32_t from, to, bytes;
    };
    const Row rows[]{
        {0x10000, 0x20000, 1},       {0x10000, 0x20000, 64},    {0x10001, 0x20000, 64},
        {0x10000, 0x20003, 64},      {0x10001, 0x20002, 63},    {0x1003f, 0x20001, 129},
        {0x10ffe, 0x20ff9, 5000},    {0x10000, 0x20000, 4096},  {0x10003, 0x20003, 3},
        {0x10000, 0x20000, 100'000}, {0x13fff, 0x40001, 65'537}};
    CdmaBoard board;
    fill(board.ram + 0x10000, 0x30000);
    board.run([&](Script& io) {
        for (const Row& row : rows) {
            CAPTURE(row.from, row.to, row.bytes);
            // Where source and target meet, a source that is not overwritten.
            const uint32_t to = row.to + 0x40000;
            std::memset(board.ram + to - 64, 0xee, row.bytes + 128);
            CHECK(copy(io, row.from, to, row.bytes) == (rest | ioc));
            CHECK(differing(board.ram + to, row.bytes, row.from - 0x10000) == 0);
            for (uint32_t i = 1; i <= 64; ++i) {
                CHECK(board.ram[to - i] == 0xee);
                CHECK(board.ram[to + row.bytes + i - 1] == 0xee);
            }
            io.write32(sr, ioc);
            CHECK(state(io) == rest);
        }
    });
    CHECK(board.findings() == 0);
}
