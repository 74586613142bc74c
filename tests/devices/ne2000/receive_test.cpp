// SPDX-License-Identifier: Apache-2.0
//
// Reception: the ring, its headers, its overflow, and which frames are for this station. DP8390D
// data sheet, 7.0 and 10.3.
#include <catch2/catch.hpp>

#include "devices/ne2000/frame_check.h"
#include "tests/devices/ne2000/ne2000_fixture.h"

using namespace sb;
using namespace sb::literals;
using namespace sb::test;
using observe::Stage;

namespace {

const Bytes group{0x01, 0x00, 0x5e, 0x00, 0x00, 0x01};  // hash 31

}  // namespace

TEST_CASE("ne2000 stores a frame behind its header, with its FCS") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        io.out8(imr, prx);
        const Bytes frame = frame_of(own, 60);
        b.bring(io, frame, 77);
        const Time arrived = io.time();
        CHECK(io.in8(isr) == 0);
        io.wait_until(arrived + 10_us);
        CHECK(io.in8(isr) == prx);
        CHECK(io.in8(rsr) == 0x01);
        CHECK(b.irq());
        CHECK(read_page1(io, curr) == ring_first + 2);
        Bytes want = frame;
        devices::append_fcs(want, false);
        want.insert(want.begin(), {0x01, ring_first + 2, 64, 0});
        CHECK(read_memory(io, (ring_first + 1) << 8, 68) == want);
        // 64 bytes are 8 bursts of 8: the last one is left, 4 words, and 2 words of header.
        REQUIRE(b.stages.log.size() == 3);
        CHECK(b.stages.log[0].stage == Stage::buffered);
        CHECK(b.stages.log[0].at == arrived);
        CHECK(b.stages.log[0].bytes == 60);
        CHECK(b.stages.log[0].packet == 77);
        CHECK(b.stages.log[1].stage == Stage::stored);
        CHECK(b.stages.log[1].at == arrived + transfer * 6);
        CHECK(b.stages.log[2].stage == Stage::interrupt);
        CHECK(b.stages.log[2].at == arrived + transfer * 6);
        CHECK(b.stages.log[2].packet == 0);
        CHECK(b.stages.log[2].place == "nic");
        CHECK(bus::PacketPlaces::of(b.board).received_at(
                  bus::PacketPlaces::controller_place(0x300, ring_first + 1)) == 77);
    });
}

TEST_CASE("ne2000 the local DMA after a frame takes what the threshold left, and the header") {
    struct Row {
        uint8_t data;
        size_t bytes;  // without FCS
        uint64_t transfers;
    };
    const Row rows[] = {
        {0x49, 60, 4 + 2},    // 64 = 7 * 8 + 8: 4 words
        {0x49, 61, 1 + 2},    // 65: 1 byte, a word
        {0x49, 1514, 3 + 2},  // 1518 = 189 * 8 + 6
        {0x48, 60, 8 + 4},    // by bytes
        {0x09, 60, 1 + 2},    // threshold of 2 bytes
        {0x29, 60, 2 + 2},    // of 4
        {0x69, 60, 2 + 2},    // of 12: 64 = 5 * 12 + 4
    };
    for (const Row& row : rows) {
        INFO("DCR " << unsigned{row.data} << ", " << row.bytes << " bytes");
        CHECK(isolated([&] {
                  NicBoard b;
                  Time took;
                  b.run([&](Script& io) {
                      initialise(io, 0, row.data);
                      b.bring(io, frame_of(own, row.bytes));
                      const Time arrived = io.time();
                      io.wait(100_us);
                      took = b.stages.log.at(1).at - arrived;
                  });
                  return took;
              }) == transfer * row.transfers);
    }
}

TEST_CASE("ne2000 a packet that reaches PSTOP goes on at PSTART") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        io.out8(cr, page1);
        io.out8(curr, 0x7e);
        io.out8(cr, start_nic);
        io.out8(bnry, 0x50);
        const Bytes frame = frame_of(own, 800);  // 808 bytes: 4 pages
        b.bring(io, frame);
        io.wait(10_us);
        CHECK(read_page1(io, curr) == ring_first + 2);
        const Bytes got = read_memory(io, 0x7e00, 804);
        CHECK(got[1] == ring_first + 2);
        CHECK(got[2] + 256 * got[3] == 804);
        CHECK(Bytes(got.begin() + 4, got.end()) == frame);
    });
}

TEST_CASE("ne2000 send packet command reads the packet at BNRY and frees it") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        io.out8(bnry, ring_first + 1);
        const Bytes frame = frame_of(own, 300);
        b.bring(io, frame);
        io.wait(10_us);
        io.out8(isr, 0xff);
        io.out8(rbcr1, 0x0f);
        io.out8(cr, send_packet);
        Bytes got;
        for (unsigned i = 0; i < 304; i += 2) {
            CHECK(io.in8(isr) == 0);
            const uint16_t word = io.in16(data_port);
            got.push_back(static_cast<uint8_t>(word));
            got.push_back(static_cast<uint8_t>(word >> 8));
        }
        CHECK(io.in8(isr) == rdc);
        CHECK(io.in8(bnry) == ring_first + 3);
        CHECK(Bytes(got.begin() + 4, got.end()) == frame);
    });
}

TEST_CASE("ne2000 receives what its filters let through") {
    Bytes hit(8, 0);
    hit[31 / 8] = 1 << 31 % 8;
    struct Row {
        uint8_t rcr;
        Bytes to;
        bool hashed;
        uint8_t status;  // 0: filtered
    };
    const Row rows[] = {
        {0x00, own, false, 0x01},   {0x00, other, false, 0},    {0x10, other, false, 0x01},
        {0x10, everyone, false, 0}, {0x00, everyone, false, 0}, {0x04, everyone, false, 0x21},
        {0x00, group, true, 0},     {0x08, group, false, 0},    {0x08, group, true, 0x21},
        {0x14, group, true, 0},     {0x08, everyone, true, 0},
    };
    for (const Row& row : rows) {
        INFO("RCR " << unsigned{row.rcr} << ", to " << unsigned{row.to[0]}
                    << (row.hashed ? ", in MAR" : ""));
        CHECK(isolated([&] {
            NicBoard b;
            bool right = false;
            b.run([&](Script& io) {
                initialise(io, row.rcr);
                io.out8(cr, page1);
                for (unsigned i = 0; i < 8; ++i)
                    io.out8(static_cast<uint16_t>(mar0 + i), row.hashed ? hit[i] : 0);
                io.out8(cr, start_nic);
                b.bring(io, frame_of(row.to, 64));
                io.wait(10_us);
                right = row.status ? io.in8(isr) == prx && io.in8(rsr) == row.status
                                   : io.in8(isr) == 0 && b.drop() == "nic filter";
            });
            return right;
        }));
    }
}

TEST_CASE("ne2000 errors, runts and monitor mode") {
    struct Row {
        uint8_t rcr;
        size_t bytes;
        bool damaged;
        const char* drop;  // null: stored
        uint8_t isr, rsr, cntr1, cntr2;
    };
    const Row rows[] = {
        {0x00, 60, true, "nic fcs error", rxe, 0x02, 1, 0},
        {0x01, 60, true, nullptr, rxe, 0x02, 1, 0},
        {0x00, 59, false, "nic length error", 0, 0x00, 0, 0},
        {0x02, 59, false, nullptr, prx, 0x01, 0, 0},
        {0x02, 6, false, nullptr, prx, 0x01, 0, 0},
        {0x02, 5, false, "nic length error", 0, 0x00, 0, 0},
        {0x00, 0, false, "nic length error", 0, 0x00, 0, 0},
        {0x00, 2000, false, nullptr, prx, 0x01, 0, 0},  // lengths are not checked (5.0)
        {0x00, 0x10000, false, "nic length error", 0, 0x00, 0, 0},
        {0x20, 60, false, "nic receive off", rxe, 0x50, 0, 1},
        {0x20, 60, true, "nic fcs error", rxe, 0x42, 1, 0},
    };
    for (const Row& row : rows) {
        INFO("RCR " << unsigned{row.rcr} << ", " << row.bytes << " bytes"
                    << (row.damaged ? ", damaged" : ""));
        CHECK(isolated_text([&] {
                  NicBoard b;
                  std::string got;
                  b.run([&](Script& io) {
                      initialise(io, row.rcr);
                      io.wait(60_ms);
                      b.bring(io, frame_of(own, row.bytes), 1, row.damaged);
                      io.wait(10_us);
                      got = fmt::format("{} {:x} {:x} {} {}", b.drop(), io.in8(isr), io.in8(rsr),
                                        io.in8(cntr1), io.in8(cntr2));
                      if (io.in8(cntr1) + io.in8(cntr2) != 0) got += " not cleared by reading";
                  });
                  return got;
              }) == fmt::format("{} {:x} {:x} {} {}", row.drop ? row.drop : "", row.isr, row.rsr,
                                row.cntr1, row.cntr2));
    }
}

TEST_CASE("ne2000 tally counters raise CNT at 80h and stay at C0h") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        io.out8(imr, cnt);
        for (unsigned n = 1; n <= 200; ++n) {
            b.bring(io, frame_of(own, 60), n, true);
            CHECK(b.irq() == (n >= 0x80));
            if (n == 0x90) io.out8(isr, cnt);
            if (n == 0x90) break;
        }
        CHECK(!b.irq());
        for (unsigned n = 0x91; n <= 200; ++n) b.bring(io, frame_of(own, 60), n, true);
        CHECK(!b.irq());
        CHECK(io.in8(cntr1) == 0xc0);
        CHECK(io.in8(cntr1) == 0);
        CHECK(b.counter("dropped_fcs") == 200);
    });
}

TEST_CASE("ne2000 the ring overflows at BNRY, and AN-874's procedure brings it back") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        io.out8(cr, page1);
        io.out8(curr, ring_first + 1);
        io.out8(cr, start_nic);
        io.out8(imr, ovw);
        // Pages 47h to 7Fh and, round the ring, 46h, which is BNRY: 57 pages are free; frames of 3
        // pages.
        const Bytes frame = frame_of(own, 600);
        for (unsigned n = 1; n <= 19; ++n) {
            b.bring(io, frame, n);
            io.wait(10_us);
        }
        CHECK(b.stages.count(Stage::stored) == 19);
        CHECK(read_page1(io, curr) == ring_first);
        CHECK(!b.irq());
        b.bring(io, frame, 20);
        CHECK(b.irq());
        CHECK(b.drop() == "");  // the interrupt came last
        CHECK(b.stages.log[b.stages.log.size() - 2].place == "nic ring full");
        CHECK((io.in8(isr) & (ovw | rxe | rst)) == (ovw | rxe | rst));
        CHECK(io.in8(rsr) == 0x10);
        io.out8(imr, 0);
        // Once overflown, nothing is received before the software reset, room or not.
        const uint64_t before = b.findings();
        io.out8(bnry, 0x70);
        CHECK(b.findings() == before + 1);
        b.bring(io, frame, 21);
        CHECK(b.drop() == "nic ring full");
        CHECK(io.in8(cntr2) == 2);
        // The procedure: stop, wait, clear the byte count, loopback, start, take packets out,
        // acknowledge, go on.
        io.out8(cr, stop_nic);
        CHECK((io.in8(isr) & rst) == rst);
        io.wait(1600_us);
        io.out8(rbcr0, 0);
        io.out8(rbcr1, 0);
        io.out8(tcr, 0x02);
        io.out8(cr, start_nic);
        b.bring(io, frame, 22);
        CHECK(b.drop() == "nic receive off");
        io.out8(bnry, 0x70);
        io.out8(isr, ovw);
        io.out8(tcr, 0x00);
        io.wait(1_ms);
        b.bring(io, frame, 23);
        io.wait(10_us);
        CHECK(b.stages.log.back().stage == Stage::stored);
        CHECK((io.in8(isr) & (ovw | rst)) == 0);
        CHECK(b.findings() == before + 1);
        // 23 came; each was stored or dropped.
        CHECK(b.stages.count(Stage::stored) + b.stages.count(Stage::dropped) == 23);
        CHECK(b.counter("received") + b.counter("dropped_full") + b.counter("dropped_off") == 23);
    });
}

TEST_CASE("ne2000 a ring whose pointers the driver has made equal is empty") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        io.out8(bnry, ring_first + 1);  // CURR too
        b.bring(io, frame_of(own, 60));
        io.wait(10_us);
        CHECK(b.stages.log.back().stage == Stage::stored);
    });
}

TEST_CASE("ne2000 a frame under way is received by the state in which it began") {
    const Time took = bus::ethernet::wire_time(60, 10'000'000);
    CHECK(took == Time::ns(57'600));  // 72 bytes of 800 ns
    struct Row {
        const char* name;
        std::function<void(Script&)> change;
        bool before;  // the change came before the frame began
        bool received;
    };
    const Row rows[] = {
        {"stop, then the frame", [](Script& io) { io.out8(cr, stop_nic); }, true, false},
        {"the frame, then stop", [](Script& io) { io.out8(cr, stop_nic); }, false, true},
        {"loopback, then the frame", [](Script& io) { io.out8(tcr, 0x02); }, true, false},
        {"the frame, then loopback off",
         [](Script& io) {
             io.out8(tcr, 0x02);
             io.out8(tcr, 0);
         },
         false, false},
        {"loopback off, then the frame",
         [](Script& io) {
             io.out8(tcr, 0x02);
             io.out8(tcr, 0);
         },
         true, true},
    };
    for (const Row& row : rows) {
        INFO(row.name);
        CHECK(isolated([&] {
                  NicBoard b;
                  bool stored = false;
                  b.run([&](Script& io) {
                      initialise(io);
                      row.change(io);
                      const Time changed = io.time();
                      io.wait_until(row.before ? changed + took : changed + took - 3_us);
                      b.bring(io, frame_of(own, 60));
                      io.wait(10_us);
                      stored = b.stages.log.back().stage == Stage::stored;
                  });
                  return stored;
              }) == row.received);
    }
}

TEST_CASE(
    "ne2000 a frame that comes while another is stored overruns the FIFO; a reset loses what is "
    "being stored") {
    NicBoard b;
    b.run([&](Script& io) {
        initialise(io);
        b.bring(io, frame_of(own, 60), 1);
        b.bring(io, frame_of(own, 60), 2);
        CHECK(b.drop() == "nic fifo overrun");
        CHECK((io.in8(isr) & rxe) == rxe);
        CHECK((io.in8(rsr) & 0x08) == 0x08);
        io.wait(10_us);
        b.bring(io, frame_of(own, 60), 3);
        io.in8(reset_port);
        CHECK(b.drop() == "nic receive off");
        io.wait(10_us);
        CHECK(b.stages.count(Stage::stored) == 1);
        CHECK(b.stages.count(Stage::dropped) == 2);
    });
}
