// SPDX-License-Identifier: Apache-2.0
//
// From the wire into the receive ring: the manual, 3.2 and 13.4.22.
#include "tests/devices/e1000/nic_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::e1000;
using observe::Stage;

namespace {

constexpr uint8_t done = 1, end = 2, no_checksum = 4, tagged = 8;

uint32_t stat(Script& io, uint32_t offset) { return io.read32(e1000::at + offset); }

}  // namespace

TEST_CASE("a frame is stored, reported and interrupts") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io);
        io.write32(ims, rxt0);
        const uint32_t packet = board.deliver(io, frame(100));
        io.wait(10_us);
        CHECK(board.receive_status(0) == (done | end | no_checksum));
        CHECK(board.receive_errors(0) == 0);
        CHECK(board.receive_length(0) == 100);
        CHECK(board.receive_bytes(0, 100) == frame(100));
        CHECK(board.receive_word(1) == 0);
        CHECK(io.read32(rdh) == 1);
        CHECK(board.irq.level());
        CHECK(io.read32(icr) == rxt0);
        CHECK(!board.irq.level());
        CHECK(io.read32(icr) == 0);
        CHECK(bus::PacketPlaces::of(board.board).received_at(receive_buffers) == packet);
        REQUIRE(board.log.entries.size() == 3);
        CHECK(board.log.entries[0].stage == Stage::buffered);
        CHECK(board.log.entries[1].stage == Stage::stored);
        CHECK(board.log.entries[1].packet == packet);
        CHECK(board.log.entries[2].stage == Stage::interrupt);
        CHECK(board.log.entries[2].packet == 0);
        CHECK(board.counter("received") == 1);
        CHECK(board.findings() == 0);
    });
}

TEST_CASE("the descriptor is in memory before the interrupt, at the same time as it") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io);
        io.write32(ims, rxt0);
        board.deliver(io, frame());
        REQUIRE(board.irq.changes.empty());
        while (!board.irq.level() && io.time() < 100_us) {
            CHECK(board.receive_status(0) == 0);
            io.wait(10_ns);
        }
        REQUIRE(board.log.entries.size() == 3);
        CHECK(board.log.entries[1].at == board.log.entries[2].at);
        CHECK(board.irq.changes.at(0).first == board.log.entries[1].at);
        CHECK(board.receive_status(0) != 0);
    });
}

TEST_CASE("the FCS is stored unless SECRC strips it") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io);
        io.write32(rctl, r_en);
        // The well-known check value: the FCS of a frame and its own FCS leaves a constant.
        const Bytes sent = frame(60);
        board.deliver(io, sent);
        io.wait(10_us);
        CHECK(board.receive_length(0) == 64);
        const Bytes stored = board.receive_bytes(0, 64);
        uint32_t remainder = ~0u;
        for (uint8_t byte : stored) {
            remainder ^= byte;
            for (int i = 0; i < 8; ++i)
                remainder = remainder & 1 ? remainder >> 1 ^ 0xedb88320 : remainder >> 1;
        }
        CHECK(~remainder == 0x2144df1c);
    });
}

TEST_CASE("buffer sizes cut a frame into descriptors") {
    struct Row {
        uint32_t rctl;
        uint32_t size;
    };
    const Row rows[]{{0, 2048},
                     {1u << 16, 1024},
                     {2u << 16, 512},
                     {3u << 16, 256},
                     {r_bsex | 1u << 16, 16384},
                     {r_bsex | 2u << 16, 8192},
                     {r_bsex | 3u << 16, 4096}};
    for (const Row& row : rows) {
        CAPTURE(row.size);
        in_row([&] {
            NicBoard board;
            board.run([&](Script& io) {
                board.start_receive(io, 16, row.rctl | r_lpe);
                const Bytes sent = frame(1500);
                board.deliver(io, sent);
                io.wait(100_us);
                Bytes got;
                uint32_t used = 0;
                for (; got.size() < 1500 && used < 15; ++used) {
                    const uint32_t length = board.receive_length(used);
                    const bool last = got.size() + length == 1500;
                    REQUIRE(length == std::min<size_t>(row.size, 1500 - got.size()));
                    REQUIRE(board.receive_status(used) == (last ? done | end | no_checksum : done));
                    const Bytes part = board.receive_bytes(used, length);
                    got.insert(got.end(), part.begin(), part.end());
                }
                REQUIRE(got == sent);
                REQUIRE(io.read32(rdh) == used);
                REQUIRE(board.counter("received") == 1);
            });
        });
    }
}

TEST_CASE("a null descriptor takes no data") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io, 8, 0, 7, 2);
        board.deliver(io, frame());
        io.wait(20_us);
        CHECK(board.receive_word(0) == uint64_t{done} << 32);
        CHECK(board.receive_word(1) == uint64_t{done} << 32);
        CHECK(board.receive_status(2) == (done | end | no_checksum));
        CHECK(io.read32(rdh) == 3);
    });
}

TEST_CASE("lengths that are not legal are dropped and counted") {
    struct Row {
        size_t size;
        bool damaged;
        uint32_t rctl;
        uint32_t statistic;  // 0: it is stored
    };
    const Row rows[]{
        {59, false, 0, 0x40a4},  {59, true, 0, 0x40a8},    {60, false, 0, 0},
        {1518, false, 0, 0},     {1519, false, 0, 0x40ac}, {1519, true, 0, 0x40b0},
        {1519, false, r_lpe, 0}, {16380, false, r_lpe, 0}, {16381, false, r_lpe, 0x40ac},
        {0, false, 0, 0x40a4},   {5, false, r_sbp, 0x40a4}};
    for (const Row& row : rows) {
        CAPTURE(row.size, row.damaged, row.rctl);
        in_row([&] {
            NicBoard board;
            board.run([&](Script& io) {
                board.start_receive(io, 16, row.rctl);
                board.deliver(io, frame(row.size), row.damaged);
                io.wait(200_us);
                REQUIRE(board.counter("received") == (row.statistic == 0));
                REQUIRE(board.log.dropped("nic length error") == (row.statistic != 0));
                if (row.statistic) REQUIRE(stat(io, row.statistic) == 1);
                REQUIRE(stat(io, 0x4040) == (row.statistic != 0));
                REQUIRE(stat(io, 0x40d0) == 1);
                REQUIRE(stat(io, 0x4074) == (row.statistic == 0));
            });
        });
    }
}

TEST_CASE("a damaged frame is dropped, or stored with CE") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io);
        board.deliver(io, frame(), true);
        io.wait(10_us);
        CHECK(board.log.dropped("nic fcs error") == 1);
        CHECK(board.receive_word(0) == 0);
        CHECK(stat(io, 0x4000) == 1);
        CHECK(stat(io, 0x4000) == 0);
        io.write32(rctl, r_en | r_secrc | r_sbp);
        board.deliver(io, frame(), true);
        io.wait(10_us);
        CHECK(board.receive_errors(0) == 1);
        CHECK(stat(io, 0x4000) == 1);
        CHECK(stat(io, 0x4074) == 0);
    });
}

TEST_CASE("what comes while receiving is off is dropped there") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io);
        io.write32(rctl, r_secrc);
        board.deliver(io, frame());
        io.write32(rctl, r_en | r_secrc);
        io.write32(ctrl, 0x201);  // no SLU
        board.deliver(io, frame());
        io.wait(10_us);
        CHECK(board.log.dropped("nic receive off") == 2);
        CHECK(board.counter("dropped_off") == 2);
        CHECK(board.receive_word(0) == 0);
    });
}

TEST_CASE("frames wait in the packet buffer until it is full") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io, 8, 0, 0);
        io.write32(ims, rxo);
        // 48 KiB, and 16 + 64 bytes for each: 614 frames.
        for (int i = 0; i < 614; ++i) board.deliver(io, frame());
        CHECK(stat(io, 0x40a0) == 614);  // RNBC
        CHECK(stat(io, 0x4010) == 0);
        CHECK(!board.irq.level());
        for (int i = 0; i < 3; ++i) board.deliver(io, frame());
        CHECK(stat(io, 0x4010) == 3);  // MPC
        CHECK(stat(io, 0x4074) == 614);
        CHECK(board.irq.level());
        CHECK(io.read32(icr) == rxo);
        CHECK(board.log.dropped("nic buffer full") == 3);
        // All of them come out as descriptors are given, in order.
        for (uint32_t given = 0; given < 614;) {
            given += 7;
            io.write32(rdt, given % 8);
            io.wait(100_us);
        }
        CHECK(board.counter("received") == 614);
        CHECK(board.log.count(Stage::stored) == 614);
        uint32_t before = 0;
        bool ordered = true;
        for (const auto& entry : board.log.entries) {
            if (entry.stage != Stage::stored) continue;
            ordered = ordered && entry.packet > before;
            before = entry.packet;
        }
        CHECK(ordered);
    });
}

TEST_CASE("a reset drops what is in the packet buffer") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io, 8, 0, 0);
        for (int i = 0; i < 5; ++i) board.deliver(io, frame());
        io.write32(ctrl, rst);
        io.wait(10_us);
        CHECK(board.log.count(Stage::buffered) == 5);
        CHECK(board.log.dropped("nic reset") == 5);
    });
}

TEST_CASE("RXDMT0 comes when the free descriptors become a share of the ring") {
    for (uint32_t share : {0u, 1u, 2u}) {
        CAPTURE(share);
        in_row([&] {
            NicBoard board;
            board.run([&](Script& io) {
                board.start_receive(io, 32, share << 8);
                const uint32_t left = 32 >> (share + 1);
                for (uint32_t free = 31; free > left + 1; --free) board.deliver(io, frame());
                io.wait(100_us);
                REQUIRE((io.read32(icr) & rxdmt0) == 0);
                board.deliver(io, frame());
                io.wait(10_us);
                REQUIRE((io.read32(icr) & rxdmt0) != 0);
                board.deliver(io, frame());
                io.wait(10_us);
                REQUIRE((io.read32(icr) & rxdmt0) == 0);
            });
        });
    }
}

TEST_CASE("used descriptors wait for the write-back threshold or a flush") {
    NicBoard board;
    board.run([&](Script& io) {
        io.write32(rdtr, 1000);
        io.write32(rxdctl, 1u << 24 | 4u << 16);
        board.start_receive(io, 16);
        for (int i = 0; i < 3; ++i) board.deliver(io, frame());
        io.wait(50_us);
        CHECK(board.receive_word(0) == 0);
        CHECK(io.read32(rdh) == 0);
        CHECK(board.log.count(Stage::stored) == 0);
        board.deliver(io, frame());
        io.wait(50_us);
        for (uint32_t i = 0; i < 4; ++i) CHECK(board.receive_status(i) != 0);
        CHECK(io.read32(rdh) == 4);
        CHECK(io.read32(icr) == 0);
        board.deliver(io, frame());
        io.wait(50_us);
        CHECK(board.receive_word(4) == 0);
        io.write32(rdtr, 1u << 31 | 1000);  // FPD
        io.wait(5_us);
        CHECK(board.receive_status(4) != 0);
        CHECK(io.read32(icr) == rxt0);
        CHECK(io.read32(rdtr) == 1000);
    });
}

TEST_CASE("thresholds of cache lines are as long as the configuration register says") {
    NicBoard board;
    board.pci.find(4, 0)->bank.write(0x0c, 1, 8);  // 32 bytes: two descriptors
    board.run([&](Script& io) {
        io.write32(rdtr, 1000);
        io.write32(rxdctl, 2u << 16);
        board.start_receive(io, 16);
        for (int i = 0; i < 3; ++i) board.deliver(io, frame());
        io.wait(50_us);
        CHECK(board.receive_word(0) == 0);
        board.deliver(io, frame());
        io.wait(50_us);
        CHECK(board.receive_status(3) != 0);
    });
}

namespace {

/// Counts reads by bus masters; one that takes several tenures is one.
struct Reads : observe::Sink {
    explicit Reads(observe::Stream& stream) {
        observe::KindSet kinds;
        kinds.set(static_cast<size_t>(observe::Kind::bus_request));
        stream.attach(*this, kinds);
    }
    void event(const observe::Stream& stream, const observe::Event& e) override {
        if (stream.source_name(e.source) != "nic.dma") return;
        if (e.values[2] != static_cast<uint64_t>(observe::Command::memory_read)) return;
        const uint64_t end = e.values[0] + e.values[1];
        count += end != last_end;
        last_end = end;
    }
    uint32_t count = 0;
    uint64_t last_end = 0;
};

}  // namespace

TEST_CASE("descriptors are fetched ahead as PTHRESH and HTHRESH say") {
    struct Row {
        uint32_t control;
        uint32_t ring;
        uint32_t bursts;
    };
    // 48 frames; 64 descriptors come at first. Without thresholds no more before they are used up;
    // with PTHRESH 32 when less than that are on the chip, at the 33rd frame, if the others are at
    // least HTHRESH.
    constexpr uint32_t ahead = 1u << 24 | 32;
    const Row rows[]{
        {0, 128, 1}, {ahead, 128, 2}, {ahead | 63u << 8, 128, 2}, {ahead | 63u << 8, 120, 1}};
    for (const Row& row : rows) {
        CAPTURE(row.control, row.ring);
        const uint32_t bursts = isolated([&] {
            NicBoard board;
            Reads reads{board.stream};
            board.run([&](Script& io) {
                io.write32(rxdctl, row.control);
                board.start_receive(io, row.ring);
                for (int i = 0; i < 48; ++i) {
                    board.deliver(io, frame());
                    io.wait(20_us);
                }
            });
            REQUIRE(board.counter("received") == 48);
            return reads.count;
        });
        CHECK(bursts == row.bursts);
    }
}

TEST_CASE("tags are stripped with VME, and kept without") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io);
        Bytes sent = frame(64);
        sent[12] = 0x81, sent[13] = 0x00, sent[14] = 0xb1, sent[15] = 0x23;
        board.deliver(io, sent);
        io.wait(10_us);
        CHECK(board.receive_length(0) == 64);
        CHECK(board.receive_status(0) == (done | end | no_checksum));
        io.write32(ctrl, 0x201 | slu | vme);
        board.deliver(io, sent);
        io.wait(10_us);
        CHECK(board.receive_length(1) == 60);
        CHECK(board.receive_status(1) == (done | end | no_checksum | tagged));
        CHECK(board.receive_word(1) >> 48 == 0xb123);
        Bytes stripped = sent;
        stripped.erase(stripped.begin() + 12, stripped.begin() + 16);
        CHECK(board.receive_bytes(1, 60) == stripped);
    });
}

TEST_CASE("interrupts by message") {
    NicBoard board;
    pci::Function& f = *board.pci.find(4, 0);
    f.bank.write(0xf4, 4, 0x00300000);  // the message goes to memory here
    f.bank.write(0xf8, 2, 0x4041);
    f.bank.write(0xf2, 2, 1);
    board.run([&](Script& io) {
        board.start_receive(io);
        io.write32(ims, rxt0);
        board.deliver(io, frame());
        io.wait(10_us);
        CHECK(board.word(0x00300000) == 0x4041);
        CHECK(!board.irq.level());
        CHECK(board.log.count(Stage::interrupt) == 1);
    });
}
