// SPDX-License-Identifier: Apache-2.0
#include "devices/ethernet_wire/ethernet_wire.h"

#include <fmt/format.h>

#include <algorithm>

namespace sb::devices {
namespace {

constexpr uint64_t ppb = certain;
constexpr uint64_t most_bits_in_flight = uint64_t{1} << 30;

const std::vector<Key> keys{
    {"rate",
     ValueType::bit_rate,
     "1Gbps",
     "the highest rate of the link",
     {},
     1'000,
     100'000'000'000},
    {"latency",
     ValueType::duration,
     "500ns",
     "propagation from end to end: 5 ns a metre",
     {},
     0,
     1'000'000'000'000},
    {"loss", ValueType::probability, "0", "frames that are lost on the way", {}, 0, ppb},
    {"corruption",
     ValueType::probability,
     "0",
     "frames (not lost) of which a bit is damaged",
     {},
     0,
     ppb},
    {"seed", ValueType::integer, "1", "of what is random here"},
    {"capture", ValueType::text, "",
     "pcap file of all frames that arrive (from the working directory); empty: none"},
    {"capture_a", ValueType::text, "", "pcap file of what the first station sends and gets"},
    {"capture_b", ValueType::text, "", "pcap file of what the second station sends and gets"}};

}  // namespace

const bus::DeviceModel ethernet_wire{
    "ethernet-wire", "Ethernet link between two stations",
    "IEEE 802.3-2005, clauses 4 and 22; cable: ISO/IEC 11801", keys,
    [](const bus::DeviceContext& c) { return std::make_unique<EthernetWire>(c); }};
SOUTHBRIDGE_DEVICE(ethernet_wire)

const std::array<EthernetWire::Words, 2> EthernetWire::words_{
    {{"flying_from_a", "arrive_from_a", "free_from_a", "random_from_a", "frames_from_a",
      "bytes_from_a", "arrived_from_a", "lost_from_a", "damaged_from_a", "unclaimed_from_a",
      "refused_from_a"},
     {"flying_from_b", "arrive_from_b", "free_from_b", "random_from_b", "frames_from_b",
      "bytes_from_b", "arrived_from_b", "lost_from_b", "damaged_from_b", "unclaimed_from_b",
      "refused_from_b"}}};

EthernetWire::Direction::Direction(EthernetWire& wire, unsigned from, const Words& words,
                                   const Random& seeded)
    : from{from},
      flying{wire, words.queue, most_bits_in_flight},
      arrive{wire, words.timer, [&wire, this] { wire.arrive(*this); }},
      free_at{wire, words.free_at},
      random{wire, words.random, seeded},
      frames{wire, words.frames, "frames", "frames that were put onto the wire"},
      bytes{wire, words.bytes, "bytes", "bytes of those frames, FCS included"},
      arrived{wire, words.arrived, "frames", "frames that the other station got"},
      lost{wire, words.lost, "frames", "frames that the wire lost"},
      damaged{wire, words.damaged, "frames", "frames that arrived with a wrong bit"},
      unclaimed{wire, words.unclaimed, "frames", "frames at whose end nobody was"},
      refused{wire, words.refused, "frames",
              "frames that were sent too early, or with the link down"} {}

EthernetWire::EthernetWire(const bus::DeviceContext& context)
    : Device{context},
      joint_{bus::EthernetJoints::of(context.board).joint(context.name)},
      fastest_{context.config.integer("rate")},
      latency_{context.config.duration("latency")},
      loss_{context.config.integer("loss")},
      corruption_{context.config.integer("corruption")},
      capture_{context.name, context.config.text("capture")},
      end_captures_{Capture{context.name, context.config.text("capture_a")},
                    Capture{context.name, context.config.text("capture_b")}},
      from_a_{*this, 0, words_[0], Random{context.config.integer("seed"), context.name + " a"}},
      from_b_{*this, 1, words_[1], Random{context.config.integer("seed"), context.name + " b"}} {
    // Which bounds the memory that frames in flight take.
    if (Random::Wide{fastest_} * latency_.ps() / Time::s(1).ps() > most_bits_in_flight)
        throw Error(fmt::format("{}: rate times latency is more than {} bits; lower one of them",
                                context.name, most_bits_in_flight));
    if (joint_.wire)
        throw Error(fmt::format("{}: there is another wire of that name", context.name));
    joint_.wire = this;
}

void EthernetWire::reset() {
    // Only the first reset is the power switch: a wire knows nothing of a machine's reset.
    if (!settled_) link_.arm_at(now());
}

void EthernetWire::finish() {
    bool written = capture_.flush();
    for (Capture& capture : end_captures_) written &= capture.flush();
    if (!written) finding("a capture could not be written to its end");
}

uint64_t EthernetWire::common_rate() const {
    const auto has = [this](unsigned end, uint64_t rate) {
        const auto& rates = joint_.ends[end].rates;
        return rate <= fastest_ &&
               (rates.empty() || std::find(rates.begin(), rates.end(), rate) != rates.end());
    };
    uint64_t best = has(0, fastest_) && has(1, fastest_) ? fastest_ : 0;
    for (const auto& end : joint_.ends)
        for (const uint64_t rate : end.rates)
            if (has(0, rate) && has(1, rate)) best = std::max(best, rate);
    return best;
}

void EthernetWire::settle() {
    rate_ = common_rate();
    settled_ = true;
    if (rate_ == 0) return finding("the link stays down: its stations have no rate in common");
    for (const auto& end : joint_.ends) {
        if (!end.station) continue;
        simulation().turn_of(end.owner->domain());
        end.station->link_changed();
    }
}

/// Each direction is the sender's up to the frame in flight, and the receiver's from there on; and so
/// its generator and its counters are. A frame is on the wire for its preamble and FCS at least.
Time EthernetWire::join_machines() {
    for (Direction* direction : {&from_a_, &from_b_})
        direction->arrive.act_for(*joint_.ends[1 - direction->from].owner);
    const uint64_t rate = common_rate();
    return rate == 0 ? Time::max() : latency_ + bus::ethernet::wire_time(0, rate);
}

void EthernetWire::transmit(unsigned end, bus::Frame frame) {
    Direction& direction = end == 0 ? from_a_ : from_b_;
    const uint64_t rate = bits_per_second();
    if (rate == 0) {
        finding("a station sent a frame while the link was down");
        return refuse(direction, frame, "wire down");
    }
    if (now() < direction.free_at) {
        finding("a station began to send before its direction of the wire was free");
        return refuse(direction, frame, "wire busy");
    }
    const Time taken = bus::ethernet::wire_time(frame.bytes.size(), rate);
    direction.free_at = now() + taken + bus::ethernet::gap_time(rate);
    ++direction.frames;
    direction.bytes += frame.bytes.size() + bus::ethernet::fcs_bytes;
    mark(frame, observe::Stage::sent, joint_.ends[end].name);
    end_captures_[end].frame(now(), frame);
    const Fate fate = direction.random.ref().chance(loss_) ? lost : delivered;
    if (fate == delivered && direction.random.ref().chance(corruption_)) damage(direction, frame);
    direction.flying.push(std::move(frame), now() + taken + latency_, fate);
    if (direction.flying.size() == 1) direction.arrive.arm_at(direction.flying.front().at);
}

void EthernetWire::damage(Direction& direction, bus::Frame& frame) {
    const uint64_t bits = (frame.bytes.size() + bus::ethernet::fcs_bytes) * 8;
    const uint64_t bit = direction.random.ref().below(bits);
    if (bit / 8 < frame.bytes.size()) frame.bytes[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    frame.damaged = true;
}

void EthernetWire::arrive(Direction& direction) {
    auto [frame, at, fate] = direction.flying.pop();
    if (!direction.flying.empty()) direction.arrive.arm_at(direction.flying.front().at);
    const unsigned to = 1 - direction.from;
    const auto& end = joint_.ends[to];
    if (fate == lost) {
        ++direction.lost;
        return mark(frame, observe::Stage::dropped, "wire loss");
    }
    capture_.frame(now(), frame);
    if (!end.station) {
        ++direction.unclaimed;
        return mark(frame, observe::Stage::dropped, "wire end");
    }
    ++direction.arrived;
    if (frame.damaged) ++direction.damaged;
    mark(frame, observe::Stage::arrived, end.name);
    end_captures_[to].frame(now(), frame);
    end.station->frame_arrived(frame);
}

void EthernetWire::refuse(Direction& direction, const bus::Frame& frame, const char* place) {
    ++direction.refused;
    mark(frame, observe::Stage::dropped, place);
}

void EthernetWire::mark(const bus::Frame& frame, observe::Stage stage,
                        const std::string& place) const {
    if (!probe().wants(observe::Kind::packet)) return;
    probe().emit(now(), observe::Kind::packet, frame.packet, static_cast<uint64_t>(stage),
                 frame.bytes.size(), probe().stream().intern(place));
}

}  // namespace sb::devices
