// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/transmitter.h"

#include <algorithm>

namespace sb::devices::e1000 {
namespace {

constexpr uint64_t loopback_rate = 1'000'000'000;

}  // namespace

Transmitter::Transmitter(const Chip& chip, Statistics& statistics, bus::EthernetPlug& plug,
                         uint32_t buffer, Hooks hooks)
    : chip_{chip},
      statistics_{statistics},
      plug_{plug},
      hooks_{std::move(hooks)},
      tctl_{chip.bank,
            {.name = "TCTL", .offset = 0x0400, .doc = "transmit control"},
            {.write =
                 [this](uint64_t) {
                     step();
                     if (enabled_hook_) enabled_hook_();
                 }}},
      tipg_{chip.bank,
            {.name = "TIPG", .offset = 0x0410, .reset = 0x00602008, .doc = "gap: stored only"}},
      tbt_{chip.bank, {.name = "TBT", .offset = 0x0448, .doc = "burst timer: stored only"}},
      ait_{chip.bank, {.name = "AIT", .offset = 0x0458, .doc = "adaptive gap: stored only"}},
      fifo_{chip.device, "transmit_buffer", buffer},
      sending_{chip.device, "transmit.sending"},
      looping_{chip.device, "transmit.looping"},
      free_at_{chip.device, "transmit.free_at"},
      timer_{chip.device, "transmit.wire",
             [this] {
                 if (sending_) last_bit();
                 step();
             }},
      reset_{chip.device.probe().stream().intern("nic reset")},
      sent_{chip.device, "sent", "packets", "sent onto the wire, or looped back"},
      sent_bytes_{chip.device, "sent_bytes", "bytes", "of packets sent, without FCS"},
      dropped_reset_{chip.device, "unsent_reset", "packets",
                     "lost by a reset before they were sent"} {}

uint64_t Transmitter::rate() const {
    const uint64_t rate = hooks_.bits_per_second();
    return rate ? rate : loopback_rate;
}

void Transmitter::reset() {
    set_buffer(fifo_.size());
    // What is on the wire stays there: the next one must not begin before it is over.
    if (sending_ && !looping_) free_at_ = timer_.due() + bus::ethernet::gap_time(rate());
    sending_ = false;
    timer_.cancel();
}

void Transmitter::set_buffer(uint32_t bytes) {
    bool under_way = sending_;
    while (!fifo_.empty()) {
        const FifoHeader header = fifo_.front();
        if (!under_way || looping_) {
            ++dropped_reset_;
            if (header.packet)
                chip_.device.probe().emit(chip_.now(), observe::Kind::packet, header.packet,
                                          static_cast<uint64_t>(observe::Stage::dropped),
                                          header.bytes, reset_);
        }
        under_way = false;
        fifo_.pop();
    }
    fifo_.resize(bytes);
}

void Transmitter::push(std::span<const uint8_t> frame, uint32_t packet, bool damaged) {
    fifo_.push(
        {.packet = packet, .bytes = static_cast<uint16_t>(frame.size()), .wire = damaged ? 1u : 0u},
        frame.data());
    step();
}

void Transmitter::step() {
    if (sending_ || fifo_.empty() || !enable_) return;
    const bool loop = hooks_.loopback();
    if (!loop && !hooks_.link()) return;
    if (chip_.now() < free_at_) return timer_.arm_at(free_at_);
    const FifoHeader header = fifo_.front();
    sending_ = true;
    looping_ = loop;
    timer_.arm_after(bus::ethernet::wire_time(header.bytes, rate()));
    bus::Frame frame{std::vector<uint8_t>(header.bytes), header.packet, header.wire != 0};
    fifo_.copy(0, header.bytes, frame.bytes.data());
    count(frame);
    if (!loop) plug_.transmit(std::move(frame));
}

void Transmitter::count(const bus::Frame& frame) {
    ++sent_;
    sent_bytes_ += frame.bytes.size();
    const auto wire = static_cast<uint32_t>(frame.bytes.size() + bus::ethernet::fcs_bytes);
    statistics_.count(Stat::total_sent);
    statistics_.count(Octets::total_sent, wire);
    statistics_.count(Stat::good_sent);
    statistics_.count(Octets::good_sent, wire);
    statistics_.count_size(Stat::sent_64, wire);
    if (!(frame.bytes[0] & 1)) return;
    const bool all =
        frame.bytes.size() >= 6 && std::all_of(frame.bytes.begin(), frame.bytes.begin() + 6,
                                               [](uint8_t b) { return b == 0xff; });
    statistics_.count(all ? Stat::broadcast_sent : Stat::multicast_sent);
}

void Transmitter::last_bit() {
    free_at_ = chip_.now() + bus::ethernet::gap_time(rate());
    sending_ = false;
    if (fifo_.empty()) return;
    const FifoHeader header = fifo_.front();
    bus::Frame frame;
    if (looping_) {
        frame = {std::vector<uint8_t>(header.bytes), header.packet, header.wire != 0};
        fifo_.copy(0, header.bytes, frame.bytes.data());
    }
    fifo_.pop();
    if (looping_) {
        if (frame.packet == 0) frame.packet = plug_.next_packet();
        hooks_.looped(frame);
    }
    hooks_.sent();
}

}  // namespace sb::devices::e1000
