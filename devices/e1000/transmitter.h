// SPDX-License-Identifier: Apache-2.0
//
// The transmitter's back half: whole frames from the packet buffer onto the wire, or back to the
// receiver in loopback. Sources: the manual, 13.4.33 (TCTL), 13.4.34 (TIPG), 8.8 (loopback); IEEE
// 802.3-2005, 4.2.3.2.
//
// One frame at a time, at the link's rate, with the gap of 96 bits between two: TIPG is stored
// only. Full duplex: there are no collisions. A frame's room in the packet buffer is free when its
// last bit is out. While the link is down or TCTL.EN is 0 frames wait; the one under way is always
// finished.
//
// Loopback (RCTL.LBM 01 of the MAC, or the PHY's): the frame arrives at the receiver when its last
// bit would be out, at the rate of the link, or of 1 Gb/s where there is none.
#pragma once

#include <functional>

#include "bus/ethernet.h"
#include "devices/e1000/packet_fifo.h"
#include "devices/e1000/statistics.h"

namespace sb::devices::e1000 {

/// A frame as it lies in the transmit buffer: `wire` of its header is 1 where its FCS is wrong.
class Transmitter {
  public:
    struct Hooks {
        std::function<bool()> link;
        std::function<bool()> loopback;
        std::function<uint64_t()> bits_per_second;
        std::function<void(const bus::Frame&)> looped;
        std::function<void()> sent;
    };
    Transmitter(const Chip& chip, Statistics& statistics, bus::EthernetPlug& plug, uint32_t buffer,
                Hooks hooks);

    bool enabled() const { return enable_ != 0; }
    void on_enabled(std::function<void()> hook) { enabled_hook_ = std::move(hook); }
    /// Could this frame ever be held; can it be held now?
    bool ever_fits(uint32_t bytes) const { return PacketFifo::space(bytes) <= fifo_.size(); }
    bool fits(uint32_t bytes) const { return fifo_.fits(bytes); }
    /// Only what fits.
    void push(std::span<const uint8_t> frame, uint32_t packet, bool damaged);
    /// Sends, if it can.
    void step();
    bool pads() const { return pad_ != 0; }
    void set_buffer(uint32_t bytes);
    void reset();

  private:
    uint64_t rate() const;
    void last_bit();
    void count(const bus::Frame& frame);

    Chip chip_;
    Statistics& statistics_;
    bus::EthernetPlug& plug_;
    const Hooks hooks_;
    std::function<void()> enabled_hook_;

    bus::Register tctl_;
    bus::Field enable_{tctl_, "EN", 1, "transmit"};
    bus::Field pad_{tctl_, "PSP", 3, "pad short packets"};
    bus::Field collisions_{tctl_, "CT", 11, 4, "collision threshold: stored only"};
    bus::Field distance_{tctl_, "COLD", 21, 12, "collision distance: stored only"};
    bus::Field xoff_{tctl_, "SWXOFF", 22, "send a pause frame: stored only"};
    bus::Field retransmit_{tctl_, "RTLC", 24, "retransmit on late collision: stored only"};
    bus::Register tipg_;
    bus::Register tbt_;
    bus::Register ait_;

    PacketFifo fifo_;
    State<bool> sending_;
    State<bool> looping_;  // what is sent goes to the receiver
    State<Time> free_at_;  // the gap is over
    Timer timer_;          // last bit, or end of the gap
    observe::Name reset_;
    Counter sent_;
    Counter sent_bytes_;
    Counter dropped_reset_;
};

}  // namespace sb::devices::e1000
