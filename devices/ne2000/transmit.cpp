// SPDX-License-Identifier: Apache-2.0
//
// Transmission (data sheet, 8.0) and loopback (12.0).
#include <algorithm>

#include "devices/ne2000/frame_check.h"
#include "devices/ne2000/ne2000.h"

namespace sb::devices {
namespace {

constexpr uint64_t rate = 10'000'000;
constexpr size_t address_bytes = 6;
constexpr uint64_t inside = 1, through_coder = 2, live = 3;  // TCR.LB

}  // namespace

/// The first bit goes out when at least one transfer has been done and the interframe gap is over.
void Ne2000::transmit() {
    transmit_ = 1;
    transmit_status_ = 0;
    collisions_ = 0;
    if (!transmitter_off_) frame_begin_.arm_at(std::max(now() + local_dma(1), wire_free_.get()));
}

/// What waited while the transmitter was off goes out.
void Ne2000::transmitter_on() {
    if (!transmitter_off_) return;
    transmitter_off_ = false;
    if (transmit_ && !frame_end_.armed()) frame_begin_.arm_at(std::max(now(), wire_free_.get()));
}

/// What the local DMA reads: by the word in loopback, only one lane of a word is sent (12.0).
std::vector<uint8_t> Ne2000::frame_to_send() {
    const auto start = static_cast<uint16_t>(transmit_page_ << 8);
    const size_t bytes = transmit_count_low_ | transmit_count_high_ << 8;
    const bool lane_only = loopback_ != 0 && word_transfer_;
    std::vector<uint8_t> data(bytes);
    for (size_t i = 0; i < bytes; ++i)
        data[i] = load(static_cast<uint16_t>(start + (lane_only ? 2 * i + byte_order_ : i)));
    local_address_ = static_cast<uint16_t>(start + (lane_only ? 2 * bytes : bytes));
    return data;
}

void Ne2000::begin_frame() {
    std::vector<uint8_t> data = frame_to_send();
    if (data.empty()) {
        finding("a transmission of no bytes was asked for");
        underrun_ = 1;
        transmit_ = 0;
        settle_reset();
        raise(transmit_error_);
        return;
    }
    bus::Frame frame{.bytes = std::move(data)};
    if (inhibit_crc_) frame.damaged = !take_fcs(frame.bytes);
    const Time end = now() + bus::ethernet::wire_time(frame.bytes.size(), rate);
    loop_mode_ = static_cast<uint8_t>(loopback_);
    no_carrier_ = !plug_.up();
    if (loopback_ != 0) {
        if (normal_) finding("loopback was used with DCR.LS set");
        looped_ = frame.bytes;
        append_fcs(looped_, frame.damaged);
    }
    if (loopback_ == 0 || loopback_ == live) {
        frame.packet = places_.take_to_send(
            bus::PacketPlaces::controller_place(port_, static_cast<uint8_t>(transmit_page_)));
        if (plug_.up()) {
            ++sent_count_;
            plug_.transmit(std::move(frame));
        } else {
            drop(frame.packet ? frame.packet : plug_.next_packet(), frame.bytes.size(),
                 drop_carrier);
        }
    }
    frame_end_.arm_at(end);
}

void Ne2000::frame_sent() {
    transmit_ = 0;
    wire_free_ = now() + bus::ethernet::gap_time(rate);
    sent_intact_ = not_deferred_ = 1;
    // Loopback inside sees neither carrier nor heartbeat, through the coder no heartbeat (12.0,
    // table of results).
    carrier_lost_ = loop_mode_ == inside || (loop_mode_ != through_coder && no_carrier_);
    no_heartbeat_ = loop_mode_ == inside || loop_mode_ == through_coder;
    if (loop_mode_ != 0) {
        std::vector<uint8_t> sent;
        sent.swap(looped_);
        loop_back(std::move(sent));
    }
    settle_reset();
    raise(sent_);
}

/// What was sent is received into the FIFO, a ring of 8 bytes; behind it comes the count, its upper
/// byte twice (12.0, figure of the FIFO). Where the transmitter appends the FCS, the receiver finds
/// a CRC error; else it checks it; for an address that does not match it finds none (AN-937, 6.1
/// and 6.2, also for ISR). PRX of the ISR stays clear, since no status is written to memory.
void Ne2000::loop_back(std::vector<uint8_t> sent) {
    auto& fifo = fifo_bytes_.ref();
    size_t at = 0;
    for (const uint8_t byte : sent) fifo[at++ % fifo.size()] = byte;
    const auto low = static_cast<uint8_t>(sent.size()),
               high = static_cast<uint8_t>(sent.size() >> 8);
    for (const uint8_t byte : {low, high, high}) fifo[at++ % fifo.size()] = byte;
    fifo_at_ = 0;
    receive_status_ = disabled_.make(monitor_);
    if (sent.size() < address_bytes) return;
    const bool ours = recognise(sent);
    if (ours && !(take_fcs(sent) && inhibit_crc_)) {
        crc_error_ = 1;
        raise(receive_error_);
    } else {
        intact_ = 1;
    }
}

}  // namespace sb::devices
