// SPDX-License-Identifier: Apache-2.0
//
// From the transmit ring onto the wire: the manual, 3.3 and 3.4; IEEE 802.3, 4.4.2 for times.
#include "tests/devices/e1000/nic_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::e1000;

namespace {

constexpr uint64_t dd = uint64_t{1} << 32;

uint32_t stat(Script& io, uint32_t offset) { return io.read32(e1000::at + offset); }

}  // namespace

TEST_CASE("a legacy descriptor is sent, and written back with RS") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_transmit(io);
        io.write32(ims, txdw);
        board.put_transmit(0, frame(200), eop | ifcs | rs);
        bus::PacketPlaces::of(board.board).to_send(transmit_buffers, 77);
        io.write32(tdt, 1);
        io.wait(20_us);
        REQUIRE(board.wire.sent.size() == 1);
        CHECK(board.wire.sent[0].frame.bytes == frame(200));
        CHECK(board.wire.sent[0].frame.packet == 77);
        CHECK(!board.wire.sent[0].frame.damaged);
        CHECK((board.transmit_word(0) & dd) == dd);
        CHECK(board.irq.level());
        CHECK(io.read32(icr) == (txdw | txqe | txd_low));
        CHECK(io.read32(tdh) == 1);
        CHECK(board.findings() == 0);
    });
}

TEST_CASE("without RS nothing is written back") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_transmit(io);
        for (uint32_t i = 0; i < 3; ++i) board.put_transmit(i, frame(), eop | ifcs);
        io.write32(tdt, 3);
        io.wait(20_us);
        CHECK(board.wire.sent.size() == 3);
        for (uint32_t i = 0; i < 3; ++i) CHECK((board.transmit_word(i) & dd) == 0);
        CHECK(io.read32(tdh) == 3);
        CHECK((io.read32(icr) & txdw) == 0);
    });
}

TEST_CASE("frames leave at the wire's rate, with its gap") {
    for (uint64_t rate : {10'000'000ull, 100'000'000ull, 1'000'000'000ull}) {
        CAPTURE(rate);
        in_row([&] {
            NicBoard board;
            board.wire.rate = rate;
            board.run([&](Script& io) {
                board.start_transmit(io, 16);
                for (uint32_t i = 0; i < 8; ++i) board.put_transmit(i, frame(), eop | ifcs);
                io.write32(tdt, 8);
                io.wait(2_ms);
                REQUIRE(board.wire.sent.size() == 8);
                // 8 + 64 + 12 bytes each; at 1 Gb/s 672 ns.
                for (size_t i = 3; i < 8; ++i)
                    REQUIRE(board.wire.sent[i].at - board.wire.sent[i - 1].at ==
                            Time::ns(672'000'000'000 / rate));
            });
        });
    }
}

TEST_CASE("a frame of several descriptors") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_transmit(io);
        const Bytes whole = frame(300);
        board.put_transmit(0, {whole.begin(), whole.begin() + 14}, ifcs);
        board.put_transmit(1, {}, ifcs);  // of no bytes
        board.put_transmit(2, {whole.begin() + 14, whole.begin() + 100}, ifcs | rs);
        board.put_transmit(3, {whole.begin() + 100, whole.end()}, eop | ifcs | rs);
        io.write32(tdt, 3);
        io.wait(20_us);
        CHECK(board.wire.sent.empty());
        CHECK((board.transmit_word(2) & dd) != 0);
        io.write32(tdt, 4);
        io.wait(20_us);
        REQUIRE(board.wire.sent.size() == 1);
        CHECK(board.wire.sent[0].frame.bytes == whole);
        CHECK((board.transmit_word(0) & dd) == 0);
        CHECK((board.transmit_word(3) & dd) != 0);
    });
}

TEST_CASE("short frames are padded with PSP, the FCS is software's without IFCS") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_transmit(io);
        board.put_transmit(0, frame(20), eop | ifcs);
        Bytes own = frame(64);  // its last four bytes are no FCS
        board.put_transmit(1, own, eop);
        io.write32(tdt, 2);
        io.wait(20_us);
        REQUIRE(board.wire.sent.size() == 2);
        Bytes padded = frame(20);
        padded.resize(60);
        CHECK(board.wire.sent[0].frame.bytes == padded);
        own.resize(60);
        CHECK(board.wire.sent[1].frame.bytes == own);
        CHECK(board.wire.sent[1].frame.damaged);
        io.write32(tctl, t_en);
        board.put_transmit(2, frame(20), eop | ifcs);
        io.write32(tdt, 3);
        io.wait(20_us);
        CHECK(board.wire.sent[2].frame.bytes == frame(20));
    });
}

TEST_CASE("tags are inserted with VLE and VME") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_transmit(io);
        board.put_transmit(0, frame(), eop | ifcs | vle);
        board.put_descriptor(0, transmit_buffers, board.transmit_word(0) | uint64_t{0x6123} << 48);
        board.put_transmit(1, frame(), eop | ifcs | vle);
        board.put_descriptor(1, transmit_buffers + 2048,
                             board.transmit_word(1) | uint64_t{0x6123} << 48);
        io.write32(tdt, 1);
        io.wait(20_us);
        io.write32(ctrl, 0x201 | slu | vme);
        io.write32(tdt, 2);
        io.wait(20_us);
        REQUIRE(board.wire.sent.size() == 2);
        CHECK(board.wire.sent[0].frame.bytes == frame());
        Bytes tagged = frame();
        const Bytes tag{0x81, 0x00, 0x61, 0x23};
        tagged.insert(tagged.begin() + 12, tag.begin(), tag.end());
        CHECK(board.wire.sent[1].frame.bytes == tagged);
    });
}

TEST_CASE("RPS waits until the frame is on the wire") {
    NicBoard board;
    board.wire.rate = 10'000'000;
    board.run([&](Script& io) {
        board.start_transmit(io);
        board.put_transmit(0, frame(1000), eop | ifcs | rs | rps);
        board.put_transmit(1, frame(1000), eop | ifcs | rs);
        io.write32(tdt, 2);
        io.wait(100_us);  // 1012 bytes take 809.6 us
        CHECK((board.transmit_word(0) & dd) == 0);
        CHECK((board.transmit_word(1) & dd) == 0);
        io.wait_until(board.wire.sent.at(0).at + 809'600_ns - 1_ns);
        CHECK((board.transmit_word(0) & dd) == 0);
        io.wait(10_us);
        CHECK((board.transmit_word(0) & dd) != 0);
        CHECK((board.transmit_word(1) & dd) != 0);
    });
}

TEST_CASE("a full transmit buffer holds the ring up until a frame has left") {
    NicBoard board;
    board.wire.rate = 10'000'000;
    board.run([&](Script& io) {
        board.start_transmit(io, 32);
        for (uint32_t i = 0; i < 20; ++i) board.put_transmit(i, frame(1500), eop | ifcs | rs);
        io.write32(tdt, 20);
        io.wait(300_us);
        // 16 KiB; 16 + 1504 bytes each, and room for a tag: ten fit.
        CHECK(io.read32(tdh) == 10);
        io.wait(1250_us);  // 1512 + 12 bytes take 1219.2 us
        CHECK(io.read32(tdh) == 11);
        io.wait(30_ms);
        CHECK(board.wire.sent.size() == 20);
    });
}

TEST_CASE("frames wait while the link is down or transmitting is off") {
    NicBoard board;
    board.wire.set_rate(0);
    board.run([&](Script& io) {
        board.start_transmit(io);
        board.put_transmit(0, frame(), eop | ifcs | rs);
        io.write32(tdt, 1);
        io.wait(20_us);
        CHECK(board.wire.sent.empty());
        board.wire.set_rate(1'000'000'000);
        io.wait(1_us);
        CHECK(board.wire.sent.size() == 1);
        io.write32(tctl, t_psp);
        board.put_transmit(1, frame(), eop | ifcs | rs);
        io.write32(tdt, 2);
        io.wait(20_us);
        CHECK(board.wire.sent.size() == 1);
        io.write32(tctl, t_psp | t_en);
        io.wait(20_us);
        CHECK(board.wire.sent.size() == 2);
    });
}

TEST_CASE("what can not be sent is a finding, and the ring goes on") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_transmit(io);
        board.put_descriptor(0, 0x100000, 16000 | ifcs);
        board.put_descriptor(1, 0x100000, 16000 | ifcs | eop | rs);
        board.put_descriptor(2, 0xc0000000, 60 | ifcs | eop | rs);  // nothing is there
        board.put_transmit(3, frame(), eop | ifcs | rs);
        io.write32(tdt, 4);
        io.wait(1_ms);
        CHECK(board.found("more than 16288 bytes"));
        CHECK(board.found("could not be read"));
        REQUIRE(board.wire.sent.size() == 1);
        CHECK(board.wire.sent[0].frame.bytes == frame());
        CHECK((board.transmit_word(1) & dd) != 0);
        CHECK((board.transmit_word(2) & dd) != 0);
    });
}

TEST_CASE("TXD_LOW comes at eight times its threshold") {
    NicBoard board;
    board.run([&](Script& io) {
        io.write32(txdctl, 1u << 25);
        board.start_transmit(io, 32);
        for (uint32_t i = 0; i < 10; ++i) board.put_transmit(i, frame(), eop | ifcs);
        io.write32(tctl, 0);
        io.write32(tdt, 10);
        io.write32(tctl, t_en);
        io.wait_for([&] { return io.read32(tdh) >= 2; }, 10_ns, 100_us);
        CHECK(io.read32(icr) == txd_low);
        io.wait(100_us);
        CHECK(io.read32(icr) == txqe);
    });
}

TEST_CASE("sent frames are counted") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_transmit(io, 16);
        board.put_transmit(0, frame(60), eop | ifcs);
        board.put_transmit(1, frame(61), eop | ifcs);
        board.put_transmit(2, to(frame(1000), {255, 255, 255, 255, 255, 255}), eop | ifcs);
        board.put_transmit(3, to(frame(1500), {1, 0, 0x5e, 0, 0, 1}), eop | ifcs);
        io.write32(tdt, 4);
        io.wait(100_us);
        CHECK(stat(io, 0x4080) == 4);                      // GPTC
        CHECK(stat(io, 0x40d4) == 4);                      // TPT
        CHECK(stat(io, 0x4090) == 64 + 65 + 1004 + 1504);  // GOTCL
        CHECK(stat(io, 0x4090) == 64 + 65 + 1004 + 1504);  // the low half keeps it
        CHECK(stat(io, 0x4094) == 0);
        CHECK(stat(io, 0x4090) == 0);
        CHECK(stat(io, 0x40c8) == 64 + 65 + 1004 + 1504);  // TOTL
        CHECK(stat(io, 0x40d8) == 1);                      // PTC64
        CHECK(stat(io, 0x40dc) == 1);                      // PTC127
        CHECK(stat(io, 0x40e8) == 1);                      // PTC1023
        CHECK(stat(io, 0x40ec) == 1);                      // PTC1522
        CHECK(stat(io, 0x40f0) == 1);                      // MPTC
        CHECK(stat(io, 0x40f4) == 1);                      // BPTC
        CHECK(stat(io, 0x40f4) == 0);
    });
}

TEST_CASE("received frames are counted by kind and size") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io, 16, r_bam | r_mpe);
        for (size_t size : {60u, 61u, 123u, 124u, 251u, 252u, 507u, 508u, 1019u, 1020u})
            board.deliver(io, frame(size));
        board.deliver(io, to(frame(60), {255, 255, 255, 255, 255, 255}));
        board.deliver(io, to(frame(60), {1, 0, 0x5e, 0, 0, 1}));
        board.deliver(io, to(frame(60), {2, 9, 9, 9, 9, 9}));  // not for us
        io.wait(100_us);
        const uint32_t classes[]{3, 2, 2, 2, 2, 1};
        for (uint32_t i = 0; i < 6; ++i) CHECK(stat(io, 0x405c + 4 * i) == classes[i]);
        CHECK(stat(io, 0x4074) == 12);  // GPRC
        CHECK(stat(io, 0x40d0) == 13);  // TPR
        CHECK(stat(io, 0x4078) == 1);   // BPRC
        CHECK(stat(io, 0x407c) == 1);   // MPRC
        const uint32_t good = 60 + 61 + 123 + 124 + 251 + 252 + 507 + 508 + 1019 + 1020 + 120 + 48;
        CHECK(stat(io, 0x4088) == good);       // GORCL
        CHECK(stat(io, 0x40c0) == good + 64);  // TORL
    });
}

TEST_CASE("loopback of the MAC and of the PHY") {
    for (bool phy : {false, true}) {
        CAPTURE(phy);
        in_row([&] {
            NicBoard board;
            board.wire.set_rate(phy ? 0 : 1'000'000'000);
            board.run([&](Script& io) {
                board.start_receive(io, 8, phy ? 0 : r_lbm);
                board.start_transmit(io);
                if (phy) {
                    io.write32(mdic, 1u << 26 | 1u << 21 | 0x4140);
                    io.wait(26_us);
                    REQUIRE((io.read32(status) & 2) != 0);
                }
                const Bytes sent = frame(100);
                board.put_transmit(0, sent, eop | ifcs | rs);
                board.put_transmit(1, sent, eop | ifcs | rs);
                io.write32(tdt, 2);
                io.wait(20_us);
                REQUIRE(board.wire.sent.empty());
                REQUIRE(board.counter("received") == 2);
                REQUIRE(board.receive_bytes(0, 100) == sent);
                REQUIRE(board.receive_bytes(1, 100) == sent);
                // 8 + 104 + 12 bytes apart.
                std::vector<Time> came;
                for (const auto& e : board.log.entries)
                    if (e.stage == observe::Stage::buffered) came.push_back(e.at);
                REQUIRE(came.size() == 2);
                REQUIRE(came[1] - came[0] == 992_ns);
            });
        });
    }
}
