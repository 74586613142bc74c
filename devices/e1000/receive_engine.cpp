// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/receive_engine.h"

#include <algorithm>
#include <cstring>

#include "devices/e1000/offload.h"

namespace sb::devices::e1000 {
namespace {

// Lengths with FCS (13.4.22, LPE).
constexpr uint64_t least_frame = 64, most_frame = 1522, most_long_frame = 16384;
constexpr uint64_t ethernet_header = 14;

// A receive descriptor's second half (3.2.3): length 15:0, checksum 31:16, status, errors, special.
constexpr unsigned checksum_shift = 16, status_shift = 32, errors_shift = 40, special_shift = 48;
constexpr uint8_t status_done = 1, status_end = 2, status_no_checksum = 4, status_tagged = 8,
                  status_transport = 0x20, status_ip = 0x40, status_inexact = 0x80;
constexpr uint8_t error_fcs = 1, error_transport = 0x20, error_ip = 0x40, error_data = 0x80;

/// A slot's flag: a packet ends with it.
constexpr uint32_t last_of_packet = DescriptorRing::own;

bool multicast(const bus::Frame& frame) { return frame.bytes[0] & 1; }
bool broadcast(const bus::Frame& frame) {
    return std::all_of(frame.bytes.begin(), frame.bytes.begin() + 6,
                       [](uint8_t b) { return b == 0xff; });
}

}  // namespace

ReceiveEngine::ReceiveEngine(const Chip& chip, Dma& dma, Interrupts& interrupts,
                             Statistics& statistics, bus::PacketPlaces& places,
                             const Settings& settings)
    : chip_{chip},
      dma_{dma},
      interrupts_{interrupts},
      statistics_{statistics},
      places_{places},
      rctl_{chip.bank,
            {.name = "RCTL", .offset = 0x0100, .doc = "receive control"},
            {.write = [this](uint64_t) { dma_.kick(); }}},
      rxcsum_{chip.bank, {.name = "RXCSUM", .offset = 0x5000, .doc = "receive checksum control"}},
      fifo_{chip.device, "receive_buffer", settings.buffer},
      filter_{chip},
      moderation_{chip, interrupts, [this] { ring_.flush(); }},
      ring_{chip,
            dma,
            "RD",
            "RXDCTL",
            0x2800,
            settings.cached,
            {.enabled = [this] { return enable_ != 0; },
             .written = [this](const DescriptorRing::Slot& s, Result r) { written(s, r); },
             .flushed = [this] { moderation_.flushed(); },
             .lost =
                 [this](const DescriptorRing::Slot& s) {
                     if (!(s.flags & last_of_packet)) return;
                     drop(s.packet, s.bytes, reset_);
                     ++dropped_reset_;
                 },
             .tail_moved = [] {},
             .fetched = [] {}}},
      offset_{chip.device, "receive.offset"},
      moving_{chip.device, "receive.moving"},
      place_{chip.device, "receive.place"} {
    observe::Stream& stream = chip.device.probe().stream();
    off_ = stream.intern("nic receive off");
    length_ = stream.intern("nic length error");
    fcs_ = stream.intern("nic fcs error");
    filtered_ = stream.intern("nic filter");
    full_ = stream.intern("nic buffer full");
    bus_error_ = stream.intern("nic bus error");
    reset_ = stream.intern("nic reset");
    dma.add(Dma::receive, ring_.write_back_user());
    dma.add(Dma::receive, {[this] { return wants_data(); }, [this] { return begin_data(); },
                           [this](Result result) { data_ended(result); }});
    dma.add(Dma::receive, ring_.fetch_user());
}

void ReceiveEngine::reset() {
    ring_.reset();
    set_buffer(fifo_.size());
    moderation_.reset();
    moving_ = 0;
}

void ReceiveEngine::set_buffer(uint32_t bytes) {
    while (!fifo_.empty()) {
        const FifoHeader header = fifo_.front();
        drop(header.packet, header.wire, reset_);
        ++dropped_reset_;
        fifo_.pop();
    }
    fifo_.resize(bytes);
    offset_ = 0;
}

void ReceiveEngine::drop(uint32_t packet, uint64_t bytes, observe::Name place) {
    chip_.device.probe().emit(chip_.now(), observe::Kind::packet, packet,
                              static_cast<uint64_t>(observe::Stage::dropped), bytes, place);
}

// ---- From the wire

void ReceiveEngine::arrived(const bus::Frame& frame, bool link, bool strip_tags) {
    const uint64_t bytes = frame.bytes.size();
    if (!enable_ || !link) {
        ++dropped_off_;
        return drop(frame.packet, bytes, off_);
    }
    statistics_.count(Stat::total_received);
    statistics_.count(Octets::total_received, bytes + bus::ethernet::fcs_bytes);
    if (!length_acceptable(frame)) {
        ++dropped_length_;
        return drop(frame.packet, bytes, length_);
    }
    if (frame.damaged) {
        statistics_.count(Stat::crc_errors);
        if (!store_bad_) {
            ++dropped_fcs_;
            return drop(frame.packet, bytes, fcs_);
        }
    }
    const ReceiveFilter::Verdict verdict = filter_.judge(frame.bytes, filter_mode());
    bool wanted = verdict != ReceiveFilter::Verdict::refused;
    if (wanted && filter_.tagged(frame.bytes))
        wanted = filter_.vlan_passes(static_cast<uint16_t>(frame.bytes[14] << 8 | frame.bytes[15]),
                                     filter_mode());
    if (!wanted) {
        ++dropped_filter_;
        return drop(frame.packet, bytes, filtered_);
    }
    accept(frame, verdict == ReceiveFilter::Verdict::exact, strip_tags);
}

bool ReceiveEngine::good_length(const bus::Frame& frame) const {
    const uint64_t wire = frame.bytes.size() + bus::ethernet::fcs_bytes;
    return wire >= least_frame && wire <= (long_packets_ ? most_long_frame : most_frame);
}

/// Counts what is too short or too long, and says whether it may be stored all the same.
bool ReceiveEngine::length_acceptable(const bus::Frame& frame) {
    if (good_length(frame)) return true;
    const uint64_t wire = frame.bytes.size() + bus::ethernet::fcs_bytes;
    statistics_.count(Stat::receive_length_errors);
    if (wire < least_frame)
        statistics_.count(frame.damaged ? Stat::fragments : Stat::undersized);
    else
        statistics_.count(frame.damaged ? Stat::jabbers : Stat::oversized);
    return store_bad_ && frame.bytes.size() >= ethernet_header && wire <= most_long_frame;
}

FilterMode ReceiveEngine::filter_mode() const {
    return {.unicast_all = unicast_all_ != 0,
            .multicast_all = multicast_all_ != 0,
            .broadcast = broadcast_ != 0,
            .multicast_offset = static_cast<unsigned>(multicast_offset_),
            .vlan = vlan_filter_ != 0,
            .cfi_enable = cfi_enable_ != 0,
            .cfi = cfi_ != 0};
}

void ReceiveEngine::count_good(const bus::Frame& frame) {
    const auto wire = static_cast<uint32_t>(frame.bytes.size() + bus::ethernet::fcs_bytes);
    statistics_.count(Stat::good_received);
    statistics_.count(Octets::good_received, wire);
    statistics_.count_size(Stat::received_64, wire);
    if (broadcast(frame))
        statistics_.count(Stat::broadcast_received);
    else if (multicast(frame))
        statistics_.count(Stat::multicast_received);
}

/// Makes of the frame what will be stored, and puts it into the packet buffer.
void ReceiveEngine::accept(const bus::Frame& frame, bool exact, bool strip_tags) {
    FifoHeader header{.packet = frame.packet, .wire = static_cast<uint32_t>(frame.bytes.size())};
    work_ = frame.bytes;
    if (!exact) header.status |= status_inexact;
    if (frame.damaged) header.errors |= error_fcs;
    if (filter_.tagged(frame.bytes) && strip_tags) {
        header.status |= status_tagged;
        header.special = static_cast<uint16_t>(work_[14] << 8 | work_[15]);
        work_.erase(work_.begin() + 12, work_.begin() + 16);
    }
    const bool ip = ip_checksum_, transport = transport_checksum_;
    if (ip || transport) {
        const ReceivedChecksums found = check_received(work_);
        if (ip && found.ip) {
            header.status |= status_ip;
            if (!found.ip_good) header.errors |= error_ip;
        }
        if (transport && found.transport) {
            header.status |= status_transport;
            if (!found.transport_good) header.errors |= error_transport;
        }
    }
    if (!(header.status & (status_ip | status_transport))) header.status |= status_no_checksum;
    if (!strip_fcs_) {
        const uint32_t sum = fcs(frame.bytes) ^ (frame.damaged ? ~0u : 0);
        for (unsigned i = 0; i < 4; ++i) work_.push_back(static_cast<uint8_t>(sum >> (8 * i)));
    }
    header.checksum =
        static_cast<uint16_t>(~ones_sum(work_, static_cast<uint32_t>(checksum_start_)));
    header.bytes = static_cast<uint16_t>(work_.size());
    if (!fifo_.fits(header.bytes)) {
        statistics_.count(Stat::missed);
        ++dropped_full_;
        drop(frame.packet, frame.bytes.size(), full_);
        return interrupts_.cause(interrupts_.receive_overrun.mask());
    }
    if (!frame.damaged && good_length(frame)) count_good(frame);
    if (ring_.available() == 0) statistics_.count(Stat::no_buffers);
    fifo_.push(header, work_.data());
    chip_.device.probe().emit(chip_.now(), observe::Kind::packet, frame.packet,
                              static_cast<uint64_t>(observe::Stage::buffered), frame.bytes.size());
    dma_.kick();
}

// ---- To memory

uint32_t ReceiveEngine::buffer_size() const {
    constexpr uint32_t sizes[]{2048, 1024, 512, 256};
    const uint32_t plain = sizes[size_];
    return size_extension_ && size_ != 0 ? plain * 16 : plain;
}

bool ReceiveEngine::begin_data() {
    while (ring_.fresh() > 0 && ring_.next().address == 0) {
        ring_.next().rest = uint64_t{status_done} << status_shift;
        ring_.next().flags = DescriptorRing::write_back;
        ring_.use();
        check_minimum();
    }
    if (ring_.fresh() == 0) return false;
    const uint32_t left = fifo_.front().bytes - offset_;
    moving_ = std::min(left, buffer_size());
    if (offset_ == 0) place_ = ring_.next().address;
    fifo_.copy(offset_, moving_, dma_.buffer());
    dma_.write(ring_.next().address, moving_);
    return true;
}

void ReceiveEngine::data_ended(Result result) {
    const uint32_t bytes = moving_;
    moving_ = 0;
    if (bytes == 0 || fifo_.empty() || ring_.fresh() == 0) return;  // the ring is another one
    offset_ = offset_ + bytes;
    const bool last = offset_ >= fifo_.front().bytes || result != Result::done;
    const uint32_t stored = offset_;
    use_descriptor(bytes, last, result);
    if (!last) return;
    fifo_.pop();
    offset_ = 0;
    if (result == Result::done) moderation_.stored(stored);
}

void ReceiveEngine::use_descriptor(uint32_t bytes, bool last, Result result) {
    DescriptorRing::Slot& slot = ring_.next();
    const FifoHeader header = fifo_.front();
    uint64_t status = status_done;
    uint64_t errors = 0;
    slot.rest = bytes;
    slot.flags = DescriptorRing::write_back;
    if (last) {
        status |= status_end | header.status;
        errors |= header.errors;
        slot.rest |= uint64_t{header.checksum} << checksum_shift | uint64_t{header.special}
                                                                       << special_shift;
    }
    if (result != Result::done) {
        errors |= error_data;
        chip_.device.finding("a received packet could not be written to its buffer: it is lost");
        drop(header.packet, header.wire, bus_error_);
        ++dropped_bus_;
    } else if (last) {
        slot.flags |= last_of_packet;
        slot.packet = header.packet;
        slot.bytes = header.wire;
        slot.place = place_;
    }
    slot.rest |= status << status_shift | errors << errors_shift;
    ring_.use();
    check_minimum();
}

void ReceiveEngine::check_minimum() {
    constexpr uint32_t divisors[]{2, 4, 8, 0};
    const uint32_t divisor = divisors[minimum_];
    if (divisor != 0 && ring_.available() == ring_.size() / divisor)
        interrupts_.cause(interrupts_.receive_minimum.mask());
}

/// A used descriptor has been written back.
void ReceiveEngine::written(const DescriptorRing::Slot& slot, Result result) {
    if (!(slot.flags & last_of_packet)) return;
    if (result != Result::done) {
        ++dropped_bus_;
        return drop(slot.packet, slot.bytes, bus_error_);
    }
    ++stored_;
    stored_bytes_ += slot.bytes;
    places_.received(slot.place, slot.packet);
    chip_.device.probe().emit(chip_.now(), observe::Kind::packet, slot.packet,
                              static_cast<uint64_t>(observe::Stage::stored), slot.bytes);
}

}  // namespace sb::devices::e1000
