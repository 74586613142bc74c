// SPDX-License-Identifier: Apache-2.0
//
// The register pages, the state after a reset, the PROM, and the remote DMA: DP8390D data
// sheet, 9.0 to 11.0.
#include <catch2/catch.hpp>

#include "devices/ne2000/frame_check.h"
#include "tests/devices/ne2000/ne2000_fixture.h"

using namespace sb;
using namespace sb::literals;
using namespace sb::test;

TEST_CASE("ne2000 is stopped after a reset, by the machine or by its port") {
    NicBoard b;
    b.run([&](Script& io) {
        CHECK(io.in8(cr) == 0x21);
        CHECK(io.in8(isr) == rst);
        initialise(io);
        CHECK(io.in8(cr) == 0x22);
        CHECK((io.in8(isr) & rst) == 0);
        io.out8(imr, 0x7f);
        io.in8(reset_port);
        CHECK(io.in8(cr) == 0x21);
        CHECK(io.in8(isr) == rst);
        io.out8(isr, 0xff);
        CHECK(io.in8(isr) == rst);  // no write clears it
        io.out8(cr, 0xa1);
        CHECK(io.in8(base + 0xf) == 0);              // IMR
        CHECK((io.in8(base + 0xd) & 0x06) == 0);     // TCR: LB
        CHECK((io.in8(base + 0xe) & 0x04) == 0x04);  // DCR: LAS
    });
}

TEST_CASE("ne2000 pages 0, 1 and 2 are at the same ports") {
    NicBoard b;
    b.run([&](Script& io) {
        io.out8(pstart, 0x4a);
        io.out8(pstop, 0x7b);
        io.out8(tpsr, 0x41);
        io.out8(bnry, 0x4c);
        io.out8(rcr, 0x1f);
        io.out8(tcr, 0x01);
        io.out8(dcr, words);
        io.out8(imr, 0x55);
        io.out8(cr, 0x61);
        for (uint8_t i = 1; i < 16; ++i) io.out8(base + i, 0xc0 + i);
        CHECK(io.in8(curr) == 0xc7);
        for (uint8_t i = 1; i < 16; ++i) CHECK(io.in8(base + i) == 0xc0 + i);
        io.out8(cr, 0xa1);
        CHECK(io.in8(base + 1) == 0x4a);
        CHECK(io.in8(base + 2) == 0x7b);
        CHECK(io.in8(base + 4) == 0x41);
        CHECK(io.in8(base + 0xc) == 0x1f);
        CHECK(io.in8(base + 0xd) == 0x01);
        CHECK(io.in8(base + 0xe) == words);
        CHECK(io.in8(base + 0xf) == 0x55);
        io.out8(cr, 0x21);
        CHECK(io.in8(bnry) == 0x4c);
        CHECK(io.in8(0x301) == 0);  // CLDA0
        CHECK(b.findings() == 0);
        io.out8(cr, 0xe1);
        io.in8(base + 0xa);  // page 3 is for tests of the chip
        CHECK(b.findings() == 1);
    });
}

TEST_CASE("ne2000 registers take 8-bit ISA cycles, the data port a 16-bit one") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        Time t = io.time();
        io.in8(isr);
        CHECK(io.time() - t == 720_ns);
        remote(io, remote_read, 0x4000, 4);
        t = io.time();
        io.in16(data_port);
        CHECK(io.time() - t == 360_ns);
        remote(io, remote_read, 0x4000, 4);
        t = io.time();
        io.in32(data_port);  // two cycles
        CHECK(io.time() - t == 720_ns);
        CHECK(io.in8(isr) == rdc);
        t = io.time();
        io.in8(reset_port);
        CHECK(io.time() - t == 720_ns);
    });
}

TEST_CASE("ne2000 PROM has the address, each byte twice, and says that the slot has 16 bits") {
    NicBoard b{{{"mac", "02:11:22:33:44:Fe"}}};
    b.run([&](Script& io) {
        initialise(io, 0, bytes_only);
        CHECK(read_memory(io, 0, 32, false) ==
              Bytes{0x02, 0x02, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44, 0xfe,
                    0xfe, 0,    0,    0,    0,    0,    0,    0,    0,    0,    0,
                    0,    0,    0,    0,    0,    0,    'W',  'W',  'W',  'W'});
        CHECK(io.in8(isr) == rdc);
    });
}

TEST_CASE("ne2000 refuses a mac that is none") {
    for (const char* mac : {"", "02:11:22:33:44", "02:11:22:33:44:5g", "02-11-22-33-44-55",
                            "03:11:22:33:44:55", "02:11:22:33:44:55:66"}) {
        INFO(mac);
        CHECK(isolated([&] {
            try {
                NicBoard b{{{"mac", mac}}};
                return false;
            } catch (const Error&) {
                return true;
            }
        }));
    }
}

TEST_CASE("ne2000 remote DMA moves words and bytes, and ends with RDC") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        io.out8(imr, rdc);
        write_memory(io, 0x4102, {1, 2, 3, 4});
        CHECK(b.irq());
        CHECK(io.in8(isr) == rdc);
        CHECK(io.in8(crda0) == 0x06);
        CHECK(io.in8(crda1) == 0x41);
        io.out8(isr, rdc);
        CHECK(!b.irq());
        CHECK(read_memory(io, 0x4101, 4) == Bytes{0, 1, 2, 3});
        // An odd number of bytes by words: the last word is moved whole.
        write_memory(io, 0x4200, {9, 8, 7});
        CHECK(read_memory(io, 0x4200, 4) == Bytes{9, 8, 7, 0});
        // Abort: what comes then is not moved.
        remote(io, remote_write, 0x4200, 4);
        io.out8(cr, start_nic);
        const uint64_t before = b.findings();
        io.out16(data_port, 0xffff);
        CHECK(b.findings() == before + 1);
        CHECK(io.in16(data_port) == 0xffff);
        CHECK(read_memory(io, 0x4200, 2) == Bytes{9, 8});
        CHECK(b.counter("remote_transfers") == 2 + 2 + 2 + 2 + 1);
        // Where there is no memory.
        CHECK(read_memory(io, 0x8000, 2) == Bytes{0xff, 0xff});
        CHECK(b.findings() == before + 3);
    });
}

TEST_CASE("ne2000 a remote read goes round the ring") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        write_memory(io, 0x7ffe, {0xaa, 0xbb});
        write_memory(io, ring_first << 8, {0xcc, 0xdd});
        CHECK(read_memory(io, 0x7ffe, 4) == Bytes{0xaa, 0xbb, 0xcc, 0xdd});
    });
}

TEST_CASE("ne2000 the multicast hash is the upper six bits of the CRC") {
    using devices::frame_check_sequence;
    using devices::multicast_hash;
    // CRC-32 of "123456789": the check value of its catalogue entries.
    CHECK(frame_check_sequence(Bytes{'1', '2', '3', '4', '5', '6', '7', '8', '9'}) == 0xcbf4'3926);
    // Computed by hand from polynomial division in another program (Python's binascii.crc32, bits
    // reversed).
    CHECK(multicast_hash(Bytes{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01}) == 31);
    CHECK(multicast_hash(Bytes{0x33, 0x33, 0x00, 0x00, 0x00, 0x01}) == 62);
}
