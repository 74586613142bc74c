// SPDX-License-Identifier: Apache-2.0
//
// Reception (data sheet, 7.0): which frames are for this station, and how they are stored in the
// ring.
#include <algorithm>

#include "devices/ne2000/frame_check.h"
#include "devices/ne2000/ne2000.h"

namespace sb::devices {
namespace {

using bus::ethernet::fcs_bytes;
constexpr uint64_t rate = 10'000'000;
constexpr Time bsck = Time::ns(50);  // 20 MHz
constexpr uint64_t clocks_per_transfer = 4;
constexpr size_t address_bytes = 6, header_bytes = 4, page_bytes = 256;
constexpr size_t least_runt = 8, least_frame = 64;                       // with FCS (10.3, RCR.AR)
constexpr size_t most_count = 0xffff;                                    // of the header
constexpr unsigned transmitter_off_hash = 62, transmitter_on_hash = 63;  // 10.3, TCR.ATD

}  // namespace

Time Ne2000::local_dma(uint64_t transfers) const {
    return bsck * (transfers * clocks_per_transfer);
}

void Ne2000::drop(uint32_t packet, size_t bytes, Drop why) {
    ++drops_[why].count;
    stage(observe::Stage::dropped, packet, bytes, drops_[why].name);
}

/// A frame is received whole where its first bit came while the receiver was on.
bool Ne2000::receiver_was_on(size_t bytes) const {
    const Time took = bus::ethernet::wire_time(bytes, rate);
    const Time began = now() > took ? now() - took : Time{};
    return began >= receiving_since_ && began < receiving_until_;
}

void Ne2000::frame_arrived(const bus::Frame& frame) {
    const size_t bytes = frame.bytes.size(), with_fcs = bytes + fcs_bytes;
    if (!receiver_was_on(bytes)) return drop(frame.packet, bytes, drop_off);
    receive_status_ = disabled_.make(monitor_);
    if (stored_.armed()) {
        overrun_ = 1;
        return refuse(frame, drop_fifo);
    }
    if (bytes < address_bytes || with_fcs > most_count)
        return drop(frame.packet, bytes, drop_length);
    if (!recognise(frame.bytes)) return drop(frame.packet, bytes, drop_filter);
    if (with_fcs < (accept_runts_ ? least_runt : least_frame))
        return drop(frame.packet, bytes, drop_length);
    if (frame.damaged) {
        crc_error_ = 1;
        count_up(crc_tally_);
        if (!save_errors_) return refuse(frame, drop_fcs);
    } else {
        auto_transmit(frame.bytes);
    }
    if (monitor_) return miss(frame, drop_off);
    if (overflown_) return miss(frame, drop_full);
    if (!fits(with_fcs + header_bytes)) {
        overflown_ = true;
        overwrite_ = reset_ = 1;
        return miss(frame, drop_full);
    }
    buffer(frame);
}

/// The address recognition logic (7.0, and 10.3: RCR, PAR, MAR). PRO is for physical addresses
/// only.
bool Ne2000::recognise(const std::vector<uint8_t>& bytes) {
    const std::span to{bytes.data(), address_bytes};
    if (!(to[0] & 1))
        return promiscuous_ ||
               std::equal(to.begin(), to.end(), address_.begin(),
                          [](uint8_t a, const bus::Register& par) { return a == par.value(); });
    group_ = 1;
    if (std::all_of(to.begin(), to.end(), [](uint8_t b) { return b == 0xff; }))
        return accept_broadcast_;
    const unsigned hash = multicast_hash(to);
    return accept_multicast_ && (multicast_[hash / 8] >> hash % 8 & 1);
}

/// Certain multicast packets turn the transmitter off and on, where TCR.ATD allows it.
void Ne2000::auto_transmit(const std::vector<uint8_t>& bytes) {
    if (!auto_transmit_ || !group_) return;
    const unsigned hash = multicast_hash({bytes.data(), address_bytes});
    if (hash == transmitter_off_hash) transmitter_off_ = true;
    if (hash == transmitter_on_hash) transmitter_on();
}

void Ne2000::refuse(const bus::Frame& frame, Drop why) {
    drop(frame.packet, frame.bytes.size(), why);
    raise(receive_error_);
}

void Ne2000::miss(const bus::Frame& frame, Drop why) {
    missed_ = 1;
    count_up(missed_tally_);
    refuse(frame, why);
}

uint8_t Ne2000::following(uint8_t page) const {
    const auto next = static_cast<uint8_t>(page + 1);
    return next == page_stop_.value() ? static_cast<uint8_t>(page_start_) : next;
}

/// Whether there is room before BNRY: asked for each page that is linked (7.0, linking receive
/// buffer pages).
bool Ne2000::fits(size_t bytes) const {
    auto page = static_cast<uint8_t>(current_page_);
    if (ring_full_ && page == boundary_.value()) return false;
    for (size_t stored = page_bytes; stored < bytes; stored += page_bytes) {
        page = following(page);
        if (page == boundary_.value()) return false;
    }
    return true;
}

/// What is left in the FIFO below its threshold, and then the header, go to memory.
void Ne2000::buffer(const bus::Frame& frame) {
    static constexpr unsigned thresholds[] = {2, 4, 8, 12};
    const unsigned burst = thresholds[threshold_];
    const size_t rest = (frame.bytes.size() + fcs_bytes - 1) % burst + 1;
    if (!frame.damaged) intact_ = 1;
    arriving_ = frame;
    arriving_status_ = static_cast<uint8_t>(receive_status_);
    stage(observe::Stage::buffered, frame.packet, frame.bytes.size(), own_name_);
    const unsigned width = transfer_bytes();
    stored_.arm_after(local_dma((rest + width - 1) / width + header_bytes / width));
}

/// The frame with its FCS behind the header: status, next page, count of bytes with FCS (7.0,
/// storage format).
void Ne2000::store_frame() {
    std::vector<uint8_t> data;
    data.swap(arriving_.bytes);
    const size_t bytes = data.size();
    append_fcs(data, arriving_.damaged);
    const auto first = static_cast<uint8_t>(current_page_);
    uint8_t page = first;
    for (size_t i = 0; i < data.size(); ++i) {
        const size_t at = i + header_bytes;
        if (at % page_bytes == 0) page = following(page);
        local_address_ = static_cast<uint16_t>(page << 8 | at % page_bytes);
        store(local_address_, data[i]);
    }
    const uint8_t next = following(page);
    const uint8_t header[header_bytes] = {arriving_status_, next, static_cast<uint8_t>(data.size()),
                                          static_cast<uint8_t>(data.size() >> 8)};
    for (unsigned i = 0; i < header_bytes; ++i)
        store(static_cast<uint16_t>(first << 8 | i), header[i]);
    current_page_ = next;
    ring_full_ = next == boundary_.value();
    ++stored_count_;
    places_.received(bus::PacketPlaces::controller_place(port_, first), arriving_.packet);
    stage(observe::Stage::stored, arriving_.packet, bytes, own_name_);
    settle_reset();
    raise(arriving_.damaged ? receive_error_ : received_);
}

}  // namespace sb::devices
