// SPDX-License-Identifier: Apache-2.0
//
// Ethernet, as controllers and wires share it: frames, who sends and receives them, and how they find each other.
// A controller or a traffic peer is a Station with an EthernetPlug; a wire device carries frames between the two
// plugs that name it. Neither includes the other's header, and they may be built in any order.
//
// A frame's bytes go from the destination address to the end of the payload, padding included and the frame check
// sequence (FCS) not: its four bytes only take time on the wire. `damaged` says that the FCS does not fit the bytes.
//
// Time. A link is full duplex; each direction carries one frame at a time. `transmit` at now() puts the frame's first
// bit (of the preamble) onto the wire at now(); the last bit of the FCS is out `wire_time` later, and reaches the
// other station one latency after that: frame_arrived() is called at that time. The next frame may begin `gap_time`
// after the last bit. IEEE 802.3-2005: 4.2.3.2.1 (preamble and start delimiter, 8 bytes), 4.4.2 (interframe gap of 96
// bits, frames of 64 to 1518 bytes with FCS).
//
// Rates. A station says which it can run at (bits per second; none: any); the wire brings the link up at the
// highest one that it and both stations have.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/device.h"

namespace sb::bus {

struct Frame {
    std::vector<uint8_t> bytes;
    uint32_t packet = 0;   // its number, unique in the simulation; 0: the plug gives it one
    bool damaged = false;  // the FCS is wrong
};

namespace ethernet {
inline constexpr uint32_t fcs_bytes = 4;
inline constexpr uint32_t preamble_bytes = 8;
inline constexpr uint32_t gap_bytes = 12;
inline constexpr uint32_t least_bytes = 60;   // without FCS
inline constexpr uint32_t most_bytes = 1514;  // without FCS and VLAN tag
/// How long so many bytes are on a wire: to the next picosecond.
constexpr Time byte_time(uint64_t bytes, uint64_t bits_per_second) {
    const uint64_t bits = bytes * 8;
    const uint64_t whole = bits / bits_per_second, rest = bits % bits_per_second;
    __extension__ using Wide = unsigned __int128;
    const Wide ps = (Wide{rest} * 1'000'000'000'000 + bits_per_second - 1) / bits_per_second;
    return Time::s(whole) + Time::ps(static_cast<uint64_t>(ps));
}
/// From the first bit of the preamble to the last of the FCS.
constexpr Time wire_time(uint64_t frame_bytes, uint64_t bits_per_second) {
    return byte_time(preamble_bytes + frame_bytes + fcs_bytes, bits_per_second);
}
constexpr Time gap_time(uint64_t bits_per_second) { return byte_time(gap_bytes, bits_per_second); }
}  // namespace ethernet

/// Who sends and receives frames.
class Station {
  public:
    virtual ~Station() = default;
    /// The last bit of a frame has come, at now(). Frames may be of any length and content.
    virtual void frame_arrived(const Frame& frame) = 0;
    /// The link came up, went down or changed its rate.
    virtual void link_changed() {}
};

/// A wire, as a plug uses it.
class EthernetWire {
  public:
    virtual ~EthernetWire() = default;
    /// 0 while the link is down.
    virtual uint64_t bits_per_second() const = 0;
    /// Begins to send from end `end` (0 or 1) at now(). That direction must be free (the sender keeps to wire_time and
    /// gap_time); what is sent too early, or while the link is down, is lost and a finding.
    virtual void transmit(unsigned end, Frame frame) = 0;
    /// Called where the two ends belong to different machines of a simulation (sim/kernel/domain.h), when both are
    /// there and before it starts: what arrives at an end acts for its station's machine from now on. Returns the
    /// least time from a call of transmit to the arrival; Time::max() where the link never comes up. By default throws
    /// `Error`: the wire can not do it.
    virtual Time join_machines();
};

/// What two plugs and a wire of one name make. Owned by the registry.
struct EthernetJoint {
    struct End {
        Station* station = nullptr;
        std::string name;             // of the device, as events have it
        std::vector<uint64_t> rates;  // bits per second; none: any
        Device* owner = nullptr;      // whose plug it is
    };
    End ends[2];
    EthernetWire* wire = nullptr;
};

/// The joints by the wire's name. Boards whose machines share wires share one registry, offered to each board as
/// "ethernet" before its devices are built.
class EthernetJoints {
  public:
    static EthernetJoints& of(Board& board) { return board.shared<EthernetJoints>("ethernet"); }
    EthernetJoint& joint(const std::string& wire) {
        auto& entry = joints_[wire];
        if (!entry) entry = std::make_unique<EthernetJoint>();
        return *entry;
    }
    const std::map<std::string, std::unique_ptr<EthernetJoint>>& all() const { return joints_; }
    /// Stations get numbers from 1 on, in the order in which they are built: the upper bits of packets' numbers.
    uint32_t next_station() { return ++stations_; }

  private:
    std::map<std::string, std::unique_ptr<EthernetJoint>> joints_;
    uint32_t stations_ = 0;
};

/// A station's way onto its wire: a member of the device. Without a wire (an empty name) the link is down for ever.
class EthernetPlug {
  public:
    /// The key by which a device names its wire.
    static Key key() { return {"wire", ValueType::text, "", "the wire that it is plugged into; empty: none"}; }

    /// Throws `Error` where both ends of the wire are taken. `rates`: what the station can run at; none: any.
    EthernetPlug(Device& owner, const DeviceContext& context, Station& station, std::vector<uint64_t> rates);

    bool up() const { return bits_per_second() != 0; }
    uint64_t bits_per_second() const { return joint_ && joint_->wire ? joint_->wire->bits_per_second() : 0; }
    /// Sends at now(), see EthernetWire::transmit. The frame gets a number where it has none.
    void transmit(Frame frame);
    /// A number for a packet that this station makes; never 0, and different from all other stations'.
    uint32_t next_packet();

  private:
    EthernetJoint* joint_ = nullptr;
    unsigned end_ = 0;
    uint32_t station_ = 0;
    State<uint32_t> packets_;
};

}  // namespace sb::bus
