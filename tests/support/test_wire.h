// SPDX-License-Identifier: Apache-2.0
//
// A wire with a controller under test at one end and the test at the other: frames arrive when the
// test says, one packed right behind the other if it likes, and what the controller sends is noted
// with its time. It takes no time of its own, so that arrivals are exactly what a test (or a law of
// queueing) wants them to be.
//
//     TestWire wire{board};                      // before the device
//     board.plug("intel-8254x", "nic", {{"wire", "lan"}});
//     wire.deliver(TestWire::frame(60));         // at now()
#pragma once

#include <vector>

#include "bus/ethernet.h"
#include "tests/support/test_board.h"

namespace sb::test {

class TestWire final : public Component, public bus::EthernetWire, public bus::Station {
  public:
    struct Sent {
        Time at;  // the first bit
        std::vector<uint8_t> bytes;
    };

    explicit TestWire(TestBoard& board, const std::string& name = "lan",
                      uint64_t rate = 1'000'000'000)
        : Component{board.sim, "test_wire"},
          joint_{bus::EthernetJoints::of(board.board).joint(name)},
          rate_{rate} {
        joint_.wire = this;
        joint_.ends[1] = {this, "test", {}};
    }

    /// A broadcast frame of so many bytes without FCS.
    static bus::Frame frame(uint32_t bytes) {
        bus::Frame frame;
        frame.bytes.assign(bytes, 0x5a);
        for (uint32_t i = 0; i < 6 && i < bytes; ++i) frame.bytes[i] = 0xff;
        return frame;
    }
    /// The frame's last bit has come, at now(). Gives its number.
    uint32_t deliver(bus::Frame frame) {
        if (frame.packet == 0) frame.packet = ++delivered;
        const uint32_t packet = frame.packet;
        if (joint_.ends[0].station) joint_.ends[0].station->frame_arrived(frame);
        return packet;
    }
    /// The link comes up at that rate, or goes down (0).
    void set_rate(uint64_t rate) {
        rate_ = rate;
        if (joint_.ends[0].station) joint_.ends[0].station->link_changed();
    }

    uint64_t bits_per_second() const override { return rate_; }
    void transmit(unsigned, bus::Frame frame) override {
        ++transmitted;
        if (keep) sent.push_back({now(), std::move(frame.bytes)});
    }
    void frame_arrived(const bus::Frame&) override {}

    bool keep = true;  // what was sent
    std::vector<Sent> sent;
    uint64_t transmitted = 0;
    uint32_t delivered = 0;

  private:
    bus::EthernetJoint& joint_;
    uint64_t rate_;
};

}  // namespace sb::test
