// SPDX-License-Identifier: Apache-2.0
//
// A full-duplex Ethernet link between two stations (IEEE 802.3-2005; bus/ethernet.h has its
// timing). Stations plug into it by its name.
//
// Rate: the highest that the wire and both stations have; a station without a list of rates has all
// of them. The link is up from the start; where there is no rate in common it stays down.
// Negotiation takes no time.
//
// Latency is added to each frame's way: 5 ns a metre is the propagation delay of category 5 cable,
// at most 5.7 ns by ISO/IEC 11801, so 500 ns are 100 m, the longest segment of 10, 100 and
// 1000BASE-T.
//
// Errors, if asked for: a frame is lost with one probability ("wire loss"), and else damaged with
// another: one bit of it or of its FCS, drawn evenly, is wrong, and so the FCS does not fit. One
// generator a direction, seeded by the wire's name.
//
// What is not carried: frames that are sent before the direction is free ("wire busy", a finding),
// or while the link is down
// ("wire down", a finding), and those at whose far end nobody is ("wire end"). So by direction, at
// any time: frames sent = arrived + lost + unclaimed + in flight; those refused are not counted as
// sent.
//
// Events: `sent` at the first bit (place: who sends), `arrived` at the last bit at the far end
// (place: who gets it), or `dropped` at that time. Captures hold what arrives, damaged frames too;
// those of one end hold what it sends, stamped at the first bit, and what it gets, stamped at the
// last.
#pragma once

#include <array>

#include "bus/frame_queue.h"
#include "devices/ethernet_wire/capture.h"
#include "sim/kernel/random.h"

namespace sb::devices {

class EthernetWire final : public bus::Device, public bus::EthernetWire {
  public:
    explicit EthernetWire(const bus::DeviceContext& context);

    void reset() override;
    void finish() override;
    uint64_t bits_per_second() const override { return settled_ ? rate_.get() : common_rate(); }
    void transmit(unsigned end, bus::Frame frame) override;
    Time join_machines() override;

  private:
    enum Fate : uint8_t { delivered, lost };
    struct Words {
        const char* queue;
        const char* timer;
        const char* free_at;
        const char* random;
        const char* frames;
        const char* bytes;
        const char* arrived;
        const char* lost;
        const char* damaged;
        const char* unclaimed;
        const char* refused;
    };
    /// One direction, named by the end that sends.
    struct Direction {
        Direction(EthernetWire& wire, unsigned from, const Words& words, const Random& seeded);

        const unsigned from;
        bus::FrameQueue flying;
        Timer arrive;
        State<Time> free_at;
        State<Random> random;
        Counter frames, bytes, arrived, lost, damaged, unclaimed, refused;
    };

    static const std::array<Words, 2> words_;
    uint64_t common_rate() const;
    void settle();
    void arrive(Direction& direction);
    void damage(Direction& direction, bus::Frame& frame);
    void refuse(Direction& direction, const bus::Frame& frame, const char* place);
    void mark(const bus::Frame& frame, observe::Stage stage, const std::string& place) const;

    bus::EthernetJoint& joint_;
    const uint64_t fastest_;
    const Time latency_;
    const uint64_t loss_;
    const uint64_t corruption_;
    Capture capture_;
    std::array<Capture, 2> end_captures_;
    State<bool> settled_{*this, "settled", false};
    State<uint64_t> rate_{*this, "rate", 0};
    Timer link_{*this, "link", [this] { settle(); }};
    Direction from_a_, from_b_;
};

}  // namespace sb::devices
