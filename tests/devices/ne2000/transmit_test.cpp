// SPDX-License-Identifier: Apache-2.0
//
// Transmission and loopback: DP8390D data sheet, 8.0 and 12.0; AN-937.
#include <catch2/catch.hpp>

#include "devices/ne2000/frame_check.h"
#include "tests/devices/ne2000/ne2000_fixture.h"

using namespace sb;
using namespace sb::literals;
using namespace sb::test;

TEST_CASE(
    "ne2000 sends a frame one transfer after the command, and ends when its last bit is out") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        io.out8(isr, 0xff);
        const Bytes frame = frame_of(other, 100);
        bus::PacketPlaces::of(b.board).to_send(
            bus::PacketPlaces::controller_place(0x300, send_page), 4711);
        transmit(io, frame);
        const Time command = io.time() - 720_ns;
        io.out8(isr, rdc);
        io.out8(imr, ptx);
        CHECK(io.in8(cr) == 0x26);
        const Time end = command + transfer + 800_ns * 112;  // 8 + 100 + 4 bytes
        io.wait_until(end - 1_ps);
        CHECK(!b.irq());
        REQUIRE(b.wire.sent.size() == 1);
        CHECK(b.wire.sent[0].bytes == frame);
        CHECK(b.wire.sent[0].packet == 4711);
        CHECK(!b.wire.sent[0].damaged);
        CHECK(b.wire.sent_at[0] == command + transfer);
        io.wait_until(end);
        CHECK(b.irq());
        CHECK(io.in8(isr) == ptx);
        CHECK(io.in8(cr) == 0x22);
        CHECK(io.in8(tsr) == 0x03);
        CHECK(io.in8(ncr) == 0);
        // The next one waits for the gap of 9.6 us.
        io.out8(cr, send);
        io.wait(1_ms);
        CHECK(b.wire.sent_at.at(1) == end + 9600_ns);
    });
}

TEST_CASE("ne2000 with the FCS inhibited, software's is sent") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        io.out8(tcr, 0x01);
        Bytes good = frame_of(other, 60), bad = good;
        devices::append_fcs(good, false);
        devices::append_fcs(bad, true);
        for (const Bytes& frame : {good, bad, Bytes{1, 2}}) {
            transmit(io, frame);
            io.wait(1_ms);
        }
        REQUIRE(b.wire.sent.size() == 3);
        CHECK(b.wire.sent[0].bytes == frame_of(other, 60));
        CHECK(!b.wire.sent[0].damaged);
        CHECK(b.wire.sent[1].bytes == frame_of(other, 60));
        CHECK(b.wire.sent[1].damaged);
        CHECK(b.wire.sent[2].damaged);
    });
}

TEST_CASE("ne2000 without a link, the carrier is lost and the frame too") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        b.wire.rate = 0;
        transmit(io, frame_of(other, 60));
        io.wait(1_ms);
        CHECK(b.wire.sent.empty());
        CHECK(b.drop() == "nic no carrier");
        CHECK(io.in8(tsr) == 0x13);
        CHECK((io.in8(isr) & ptx) == ptx);
    });
}

TEST_CASE("ne2000 what can not be sent is a finding") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        io.out8(tpsr, send_page);
        io.out8(tbcr0, 0);
        io.out8(tbcr1, 0);
        io.out8(cr, send);
        io.wait(1_us);
        CHECK((io.in8(isr) & txe) == txe);
        CHECK(io.in8(cr) == 0x22);
        CHECK(b.findings() == 1);
        io.out8(tbcr0, 60);
        io.out8(cr, send);
        io.out8(cr, send);
        CHECK(b.findings() == 2);
        io.wait(1_ms);
        CHECK(b.wire.sent.size() == 1);
        io.out8(cr, stop_nic);
        io.out8(cr, 0x25);
        io.wait(1_ms);
        CHECK(b.findings() == 3);
        CHECK(b.wire.sent.size() == 1);
    });
}

TEST_CASE("ne2000 a stop lets a transmission end, and then sets RST") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        transmit(io, frame_of(other, 1514));
        io.out8(cr, stop_nic);
        CHECK((io.in8(isr) & rst) == 0);
        CHECK(io.in8(cr) == 0x25);
        io.wait(1300_us);
        CHECK((io.in8(isr) & (rst | ptx)) == (rst | ptx));
        CHECK(io.in8(cr) == 0x21);
    });
}

TEST_CASE("ne2000 loopback shows in TSR, RSR and ISR what the data sheet and AN-937 list") {
    struct Row {
        uint8_t tcr;
        bool matching, good_fcs;
        uint8_t tsr, rsr, isr;
        size_t sent;  // onto the wire
    };
    const Row rows[] = {
        {0x02, true, true, 0x53, 0x02, ptx | rxe, 0},  // FCS appended: always a CRC error
        {0x04, true, true, 0x43, 0x02, ptx | rxe, 0},
        {0x06, true, true, 0x03, 0x02, ptx | rxe, 1},
        {0x02, false, true, 0x53, 0x01, ptx, 0},
        {0x03, true, true, 0x53, 0x01, ptx, 0},         // test A
        {0x03, true, false, 0x53, 0x02, ptx | rxe, 0},  // test B
        {0x03, false, false, 0x53, 0x01, ptx, 0},       // test C
    };
    for (const Row& row : rows) {
        INFO("TCR " << unsigned{row.tcr} << (row.matching ? ", matching" : ", not matching")
                    << (row.good_fcs ? "" : ", bad FCS"));
        CHECK(isolated_text([&] {
                  NicBoard b;
                  std::string got;
                  b.run([&](Script& io) {
                      initialise(io, 0, 0x40);
                      io.out8(tcr, row.tcr);
                      Bytes frame = frame_of(row.matching ? own : other, 60);
                      if (row.tcr & 1) devices::append_fcs(frame, !row.good_fcs);
                      remote(io, remote_write, send_page << 8, static_cast<uint16_t>(frame.size()));
                      for (uint8_t byte : frame) io.out8(data_port, byte);
                      io.out8(tpsr, send_page);
                      io.out8(tbcr0, static_cast<uint8_t>(frame.size()));
                      io.out8(tbcr1, 0);
                      io.out8(isr, 0xff);
                      io.out8(cr, send);
                      io.wait(1_ms);
                      got = fmt::format("{:x} {:x} {:x} {} {}", io.in8(tsr), io.in8(rsr),
                                        io.in8(isr), b.wire.sent.size(), b.findings());
                  });
                  return got;
              }) == fmt::format("{:x} {:x} {:x} {} 0", row.tsr, row.rsr, row.isr, row.sent));
    }
}

TEST_CASE("ne2000 the FIFO after a loopback has the frame's end and its count") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io, 0, 0x41);  // words: the lower byte of each is sent
        io.out8(tcr, 0x03);
        Bytes frame = frame_of(own, 265);  // 269 with its FCS: 33 * 8 + 5
        devices::append_fcs(frame, false);
        Bytes lanes;
        for (uint8_t byte : frame) {
            lanes.push_back(byte);
            lanes.push_back(0xee);
        }
        write_memory(io, send_page << 8, lanes);
        io.out8(tpsr, send_page);
        io.out8(tbcr0, 269 & 0xff);
        io.out8(tbcr1, 269 >> 8);
        io.out8(cr, send);
        io.wait(1_ms);
        CHECK(io.in8(rsr) == 0x01);
        Bytes got;
        for (unsigned i = 0; i < 8; ++i) got.push_back(io.in8(fifo));
        Bytes want(frame.end() - 5, frame.end());
        for (uint8_t byte : {269 & 0xff, 269 >> 8, 269 >> 8}) want.push_back(byte);
        CHECK(got == want);
    });
}

TEST_CASE("ne2000 with ATD, two multicast packets turn the transmitter off and on") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io, 0x08);
        io.out8(tcr, 0x08);
        io.out8(cr, page1);
        io.out8(mar0 + 7, 0xc0);
        io.out8(cr, start_nic);
        b.bring(io, frame_of({0x01, 0x00, 0x5e, 0x00, 0x00, 0xce}, 60));  // hash 62
        io.wait(10_us);
        transmit(io, frame_of(other, 60));
        io.wait(1_ms);
        CHECK(b.wire.sent.empty());
        b.bring(io, frame_of({0x01, 0x00, 0x5e, 0x00, 0x00, 0x4e}, 60));  // hash 63
        io.wait(1_ms);
        CHECK(b.wire.sent.size() == 1);
        CHECK((io.in8(isr) & ptx) == ptx);
    });
}
