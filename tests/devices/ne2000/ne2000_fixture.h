// SPDX-License-Identifier: Apache-2.0
//
// A board with an NE2000 at 300h, a wire that records what it sends and brings what a test gives
// it, and the packets' stages as they were told. Register names and values: DP8390D data
// sheet, 10.1 to 10.3.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bus/ethernet.h"
#include "bus/packets.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

namespace sb::test {

inline constexpr uint16_t base = 0x300, cr = 0x300, data_port = 0x310, reset_port = 0x31f;
// Page 0, read
inline constexpr uint16_t clda0 = 0x301, bnry = 0x303, tsr = 0x304, ncr = 0x305, fifo = 0x306,
                          isr = 0x307, crda0 = 0x308, crda1 = 0x309, rsr = 0x30c, cntr0 = 0x30d,
                          cntr1 = 0x30e, cntr2 = 0x30f;
// Page 0, write
inline constexpr uint16_t pstart = 0x301, pstop = 0x302, tpsr = 0x304, tbcr0 = 0x305, tbcr1 = 0x306,
                          rsar0 = 0x308, rsar1 = 0x309, rbcr0 = 0x30a, rbcr1 = 0x30b, rcr = 0x30c,
                          tcr = 0x30d, dcr = 0x30e, imr = 0x30f;
// Page 1
inline constexpr uint16_t par0 = 0x301, curr = 0x307, mar0 = 0x308;
// Commands: page 0, remote DMA aborted.
inline constexpr uint8_t stop_nic = 0x21, start_nic = 0x22, send = 0x26, remote_read = 0x0a,
                         remote_write = 0x12, send_packet = 0x1a, page1 = 0x62, page2 = 0xa2;
// ISR and IMR
inline constexpr uint8_t prx = 0x01, ptx = 0x02, rxe = 0x04, txe = 0x08, ovw = 0x10, cnt = 0x20,
                         rdc = 0x40, rst = 0x80;
// DCR: words, normal operation, FIFO threshold of 8 bytes.
inline constexpr uint8_t words = 0x49, bytes_only = 0x48;
inline constexpr uint8_t ring_first = 0x46, ring_end = 0x80, send_page = 0x40;

inline constexpr Time transfer = Time::ns(200);  // 4 clocks of 20 MHz

using Bytes = std::vector<uint8_t>;

/// A frame to `to` from another station, of so many bytes without FCS; its payload counts up.
inline Bytes frame_of(Bytes to, size_t bytes) {
    Bytes frame{std::move(to)};
    while (frame.size() < bytes) frame.push_back(static_cast<uint8_t>(frame.size() * 7 + bytes));
    frame.resize(bytes);
    return frame;
}
inline const Bytes own{0x02, 0, 0, 0x4e, 0x45, 0x01}, other{0x02, 0, 0, 0, 0, 0x99},
    everyone{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

class TestWire : public Component, public bus::EthernetWire {
  public:
    explicit TestWire(TestBoard& board)
        : Component{board.sim, "wire"}, joint_{bus::EthernetJoints::of(board.board).joint("w")} {
        joint_.wire = this;
    }
    uint64_t bits_per_second() const override { return rate; }
    void transmit(unsigned, bus::Frame frame) override {
        sent.push_back(std::move(frame));
        sent_at.push_back(now());
    }
    /// The last bit of a frame has come, now.
    void bring(bus::Frame frame) { joint_.ends[0].station->frame_arrived(frame); }

    uint64_t rate = 10'000'000;
    std::vector<bus::Frame> sent;
    std::vector<Time> sent_at;

  private:
    bus::EthernetJoint& joint_;
};

struct StageLog : observe::Sink {
    struct Entry {
        Time at;
        uint32_t packet;
        observe::Stage stage;
        uint64_t bytes;
        std::string place;
    };
    void event(const observe::Stream& stream, const observe::Event& e) override {
        log.push_back({e.at, static_cast<uint32_t>(e.values[0]),
                       static_cast<observe::Stage>(e.values[1]), e.values[2],
                       stream.name(e.values[3])});
    }
    size_t count(observe::Stage stage) const {
        size_t n = 0;
        for (const Entry& e : log) n += e.stage == stage;
        return n;
    }
    std::vector<Entry> log;
};

struct NicBoard : TestBoard {
    explicit NicBoard(Settings settings = {}) : wire{*this} {
        observe::KindSet kinds;
        kinds.set(static_cast<size_t>(observe::Kind::packet));
        stream.attach(stages, kinds);
        settings.emplace("wire", "w");
        nic = &plug("ne2000", "nic", settings);
    }
    uint64_t findings() const { return sim.findings().list().size(); }
    uint64_t counter(const std::string& name) const {
        for (const Counter* c : nic->counters())
            if (name == c->name()) return c->value();
        throw std::runtime_error("no counter " + name);
    }
    bool irq() { return board.line("irq3").asserted(); }
    /// A frame arrives at the script's time.
    void bring(Script& io, Bytes bytes, uint32_t packet = 1, bool damaged = false) {
        io.wait(Time{});
        wire.bring({std::move(bytes), packet, damaged});
    }
    /// Why the last packet was dropped; empty where it was not.
    std::string drop() const {
        return stages.log.empty() || stages.log.back().stage != observe::Stage::dropped
                   ? ""
                   : stages.log.back().place;
    }

    StageLog stages;
    TestWire wire;
    bus::Device* nic = nullptr;
};

/// As the data sheet's 11.0 has it: stopped, configured, started.
inline void initialise(Script& io, uint8_t receive = 0x04, uint8_t data = words) {
    io.out8(cr, stop_nic);
    io.out8(dcr, data);
    io.out8(rbcr0, 0);
    io.out8(rbcr1, 0);
    io.out8(rcr, receive);
    io.out8(tcr, 0x02);
    io.out8(pstart, ring_first);
    io.out8(pstop, ring_end);
    io.out8(bnry, ring_first);
    io.out8(isr, 0xff);
    io.out8(imr, 0);
    io.out8(cr, 0x61);
    for (unsigned i = 0; i < 6; ++i) io.out8(static_cast<uint16_t>(par0 + i), own[i]);
    for (unsigned i = 0; i < 8; ++i) io.out8(static_cast<uint16_t>(mar0 + i), 0);
    io.out8(curr, ring_first + 1);
    io.out8(cr, start_nic);
    io.out8(tcr, 0);
    io.wait(Time::ms(2));  // so that a frame that is brought has begun since
}

inline void remote(Script& io, uint8_t command, uint16_t address, uint16_t bytes) {
    io.out8(rsar0, static_cast<uint8_t>(address));
    io.out8(rsar1, static_cast<uint8_t>(address >> 8));
    io.out8(rbcr0, static_cast<uint8_t>(bytes));
    io.out8(rbcr1, static_cast<uint8_t>(bytes >> 8));
    io.out8(cr, command);
}
/// By words where `data` has them.
inline Bytes read_memory(Script& io, uint16_t address, uint16_t bytes, bool wide = true) {
    Bytes got;
    remote(io, remote_read, address, bytes);
    while (got.size() < bytes) {
        const unsigned datum = wide ? io.in16(data_port) : io.in8(data_port);
        got.push_back(static_cast<uint8_t>(datum));
        if (wide && got.size() < bytes) got.push_back(static_cast<uint8_t>(datum >> 8));
    }
    return got;
}
inline void write_memory(Script& io, uint16_t address, const Bytes& bytes) {
    remote(io, remote_write, address, static_cast<uint16_t>(bytes.size()));
    for (size_t i = 0; i < bytes.size(); i += 2)
        io.out16(data_port,
                 static_cast<uint16_t>(bytes[i] | (i + 1 < bytes.size() ? bytes[i + 1] << 8 : 0)));
}
inline uint8_t read_page1(Script& io, uint16_t port) {
    io.out8(cr, page1);
    const uint8_t value = io.in8(port);
    io.out8(cr, start_nic);
    return value;
}
/// Loads a frame and sends it.
inline void transmit(Script& io, const Bytes& bytes) {
    write_memory(io, send_page << 8, bytes);
    io.out8(tpsr, send_page);
    io.out8(tbcr0, static_cast<uint8_t>(bytes.size()));
    io.out8(tbcr1, static_cast<uint8_t>(bytes.size() >> 8));
    io.out8(cr, send);
}

}  // namespace sb::test
