// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/transmit_engine.h"

#include <algorithm>
#include <cstring>

namespace sb::devices::e1000 {
namespace {

// A slot's flags.
constexpr uint32_t delayed = DescriptorRing::own;

// Commands (3.3.3.1, 3.3.7.1): bits 31:24 of every descriptor's second half, in one place.
constexpr unsigned end_of_packet = 24, insert_fcs = 25, legacy_checksum = 26, segment = 26,
                   report_status = 27, report_sent = 28, extended = 29, tagged = 30, delay = 31;
constexpr uint64_t status_done = uint64_t{1} << 32;
// A context's own (3.3.6.1).
constexpr unsigned context_tcp = 24, context_ipv4 = 25;
constexpr uint64_t type_context = 0, type_data = 1;
constexpr uint32_t option_ip = 1, option_transport = 2;

constexpr uint32_t tag_bytes = 4;
constexpr uint32_t most_assembly = 65536 + 256;

bool is(uint64_t rest, unsigned bit) { return rest >> bit & 1; }
bool is_extended(uint64_t rest) { return is(rest, extended); }
bool is_context(uint64_t rest) { return is_extended(rest) && bits(rest, 23, 20) == type_context; }
uint32_t length_of(uint64_t rest) {
    return static_cast<uint32_t>(is_extended(rest) ? bits(rest, 19, 0) : bits(rest, 15, 0));
}

}  // namespace

TransmitEngine::TransmitEngine(const Chip& chip, Dma& dma, Interrupts& interrupts,
                               Statistics& statistics, bus::PacketPlaces& places,
                               Transmitter& transmitter, uint32_t cached,
                               std::function<uint32_t()> tag_type)
    : chip_{chip},
      dma_{dma},
      interrupts_{interrupts},
      statistics_{statistics},
      places_{places},
      transmitter_{transmitter},
      tag_type_{std::move(tag_type)},
      tspmt_{chip.bank,
             {.name = "TSPMT",
              .offset = 0x3830,
              .reset = 0x01000400,
              .doc = "segmentation pad and threshold: stored only"}},
      moderation_{chip, interrupts, [this] { ring_.flush(); }},
      ring_{chip,
            dma,
            "TD",
            "TXDCTL",
            0x3800,
            cached,
            {.enabled = [this] { return transmitter_.enabled(); },
             .written = [this](const DescriptorRing::Slot& s, Result r) { written(s, r); },
             .flushed = [this] { moderation_.flushed(); },
             .lost = [](const DescriptorRing::Slot&) {},
             .tail_moved = [this] { pending_ = ring_.available(); },
             .fetched = [this] { look_again(); }}},
      plain_{chip.device, "transmit.context"},
      segmenting_{chip.device, "transmit.segmentation"},
      frame_{chip.device, "transmit.frame"},
      ready_{chip.device, "transmit.ready"},
      handed_on_{chip.device, "transmit.handed_on"},
      sent_{chip.device, "transmit.frames_sent"},
      pending_{chip.device, "transmit.pending"},
      bytes_(most_assembly),
      header_(256),
      not_sent_{chip.device.probe().stream().intern("nic not sent")},
      unsent_{chip.device, "unsent_bad", "packets",
              "that could not be sent as their descriptors were"} {
    chip.device.declare_state("transmit.bytes", [this](Archive& archive) {
        archive.sparse("transmit.bytes", bytes_);
        archive.sparse("transmit.header", header_);
    });
    transmitter_.on_enabled([this] { dma_.kick(); });
    dma.add(Dma::transmit, ring_.write_back_user());
    dma.add(Dma::transmit, {[this] { return wants_data(); }, [this] { return begin_data(); },
                            [this](Result result) { data_ended(result); }});
    dma.add(Dma::transmit, ring_.fetch_user());
}

bool TransmitEngine::transmitting() const { return transmitter_.enabled() && ring_.fresh() > 0; }

void TransmitEngine::reset() {
    ring_.reset();
    moderation_.reset();
    frame_ = {};
    plain_ = segmenting_ = {};
    ready_ = false;
    handed_on_ = sent_ = pending_ = 0;
}

void TransmitEngine::look_again() { ready_ = true; }

void TransmitEngine::sent() {
    sent_ = sent_ + 1;
    ring_.release(sent_);
    look_again();
    dma_.kick();
}

// ---- Descriptors

/// Goes through descriptors that need no data to be read; true where the next one has data to read.
bool TransmitEngine::next_is_data() {
    while (ring_.fresh() > 0) {
        const DescriptorRing::Slot& slot = ring_.next();
        if (is_context(slot.rest)) {
            take_context(slot.address, slot.rest);
            descriptor_done();
            continue;
        }
        if (!frame_->begun) begin_packet();
        if (frame_->offset < length_of(slot.rest) && !frame_->spoiled) return true;
        if (is(slot.rest, end_of_packet)) frame_done();
        descriptor_done();
    }
    return false;
}

void TransmitEngine::take_context(uint64_t address, uint64_t rest) {
    State<Context>& context = is(rest, segment) ? segmenting_ : plain_;
    context = {address, rest};
    if (is(rest, segment)) statistics_.count(Stat::segmentation_contexts);
}

void TransmitEngine::begin_packet() {
    const DescriptorRing::Slot& slot = ring_.next();
    frame_ = {};
    frame_->begun = 1;
    frame_->packet = places_.take_to_send(slot.address);
    if (!is_extended(slot.rest)) return;
    if (bits(slot.rest, 23, 20) != type_data)
        chip_.device.finding(
            "a transmit descriptor's type is neither 0 nor 1: it is taken for data");
    frame_->options = static_cast<uint32_t>(bits(slot.rest, 41, 40));
    frame_->context = is(slot.rest, segment) ? segmenting_.get() : plain_.get();
    if (!is(slot.rest, segment)) return;
    if (segmentation().header == 0 || segment_bytes() == 0) {
        chip_.device.finding("segmentation with a header or a segment of no bytes: it is not done");
        statistics_.count(Stat::segmentation_failures);
        return;
    }
    frame_->segmented = 1;
}

Segmentation TransmitEngine::segmentation() const {
    const Context& c = frame_.get().context;
    return {.ip = static_cast<uint32_t>(bits(c.checksums, 7, 0)),
            .transport = static_cast<uint32_t>(bits(c.checksums, 39, 32)),
            .header = static_cast<uint32_t>(bits(c.rest, 47, 40)),
            .ipv4 = is(c.rest, context_ipv4),
            .tcp = is(c.rest, context_tcp)};
}

uint32_t TransmitEngine::segment_bytes() const {
    return static_cast<uint32_t>(bits(frame_.get().context.rest, 63, 48));
}

uint32_t TransmitEngine::payload_bytes() const {
    return static_cast<uint32_t>(bits(frame_.get().context.rest, 19, 0));
}

void TransmitEngine::descriptor_done() {
    DescriptorRing::Slot& slot = ring_.next();
    frame_->offset = 0;
    const bool status = is(slot.rest, report_status);
    const bool on_wire = is(slot.rest, report_sent) && !is_context(slot.rest);
    slot.flags = 0;
    if (status || on_wire) slot.flags |= DescriptorRing::write_back;
    if (is(slot.rest, delay)) slot.flags |= delayed;
    if (on_wire && handed_on_ != sent_) {
        slot.flags |= DescriptorRing::held;
        slot.after = handed_on_;
    }
    slot.rest |= status_done;
    const bool waits =
        (slot.flags & DescriptorRing::write_back) && (slot.flags & delayed) && ring_.bursting();
    ring_.use();
    if (waits) moderation_.held_back();
    check_low();
}

/// TXD_LOW and TXQE, by the descriptors that are left.
void TransmitEngine::check_low() {
    const uint32_t before = pending_;
    pending_ = ring_.available();
    const auto low = static_cast<uint32_t>(ring_.low_threshold * 8);
    if (before == low + 1 && pending_ == low) interrupts_.cause(interrupts_.transmit_low.mask());
    if (before != 0 && pending_ == 0) interrupts_.cause(interrupts_.transmit_empty.mask());
}

void TransmitEngine::written(const DescriptorRing::Slot& slot, Result result) {
    if (result != Result::done) return;
    moderation_.written(slot.flags & delayed, slot.flags & DescriptorRing::flushed_flag);
}

// ---- Data

/// How much of the next descriptor's data is read at once.
uint32_t TransmitEngine::piece() const {
    const Assembly& frame = frame_;
    const uint32_t left = length_of(ring_.next().rest) - frame.offset;
    if (!frame.segmented) return left;
    return std::min(left, segment_bytes() + segmentation().header - frame.bytes);
}

bool TransmitEngine::begin_data() {
    ready_ = false;
    while (next_is_data()) {
        const uint32_t bytes = piece();
        const uint32_t sum = frame_->bytes + bytes;
        if (!frame_->segmented && sum > most_frame) {
            spoil("a frame of more than 16288 bytes was to be sent: it is not");
            continue;
        }
        if (!transmitter_.ever_fits(std::max(sum + tag_bytes, bus::ethernet::least_bytes))) {
            spoil("a frame was to be sent that never fits into the transmit buffer: it is not");
            continue;
        }
        const uint32_t room = std::max(sum + tag_bytes, bus::ethernet::least_bytes);
        if (!transmitter_.fits(room)) return false;  // until a frame has left
        frame_->moving = bytes;
        dma_.read(ring_.next().address + frame_->offset, bytes);
        return true;
    }
    return false;
}

void TransmitEngine::spoil(const char* why) {
    chip_.device.finding(why);
    frame_->spoiled = 1;
}

void TransmitEngine::data_ended(Result result) {
    const uint32_t bytes = frame_->moving;
    look_again();
    frame_->moving = 0;
    if (bytes == 0 || ring_.fresh() == 0) return;  // the ring is another one
    if (result != Result::done) {
        spoil("data of a frame could not be read: it is not sent");
        return;
    }
    std::memcpy(bytes_.data() + frame_->bytes, dma_.buffer(), bytes);
    frame_->bytes += bytes;
    frame_->offset += bytes;
    if (frame_->segmented) {
        const uint32_t header = segmentation().header;
        // The prototype, complete: it comes before each frame's payload.
        if (frame_->bytes >= header && frame_->bytes - bytes < header && frame_->frames == 0)
            std::copy_n(bytes_.begin(), header, header_.begin());
        const DescriptorRing::Slot& slot = ring_.next();
        const bool ends = frame_->offset >= length_of(slot.rest) && is(slot.rest, end_of_packet);
        if (frame_->bytes == header + segment_bytes() && !ends) segment_done(false);
    }
    next_is_data();
}

/// One frame of a segmentation; `end`: there is no more data. PAYLEN says so, too (3.3.6).
void TransmitEngine::segment_done(bool end) {
    const Segmentation what = segmentation();
    const std::span<uint8_t> frame{bytes_.data(), frame_->bytes};
    const bool last = end || frame_->payload + frame_->bytes - what.header >= payload_bytes();
    update_header(frame, what, frame_->frames, frame_->payload, last);
    hand_on(frame);
    frame_->packet = 0;  // only the first is what software has named
    frame_->payload += frame_->bytes - what.header;
    frame_->frames += 1;
    std::copy_n(header_.begin(), what.header, bytes_.begin());
    frame_->bytes = what.header;
}

/// The packet's last descriptor is used.
void TransmitEngine::frame_done() {
    const bool rest = frame_->bytes > (frame_->segmented ? segmentation().header : 0);
    if (!frame_->spoiled && rest) {
        if (frame_->segmented)
            segment_done(true);
        else
            hand_on({bytes_.data(), frame_->bytes});
    } else if (frame_->frames == 0) {
        // All of its descriptors are of no bytes, or of no more than a header.
        if (!frame_->spoiled)
            chip_.device.finding("a frame without any data was to be sent: it is not");
        ++unsent_;
        if (frame_->packet)
            chip_.device.probe().emit(chip_.now(), observe::Kind::packet, frame_->packet,
                                      static_cast<uint64_t>(observe::Stage::dropped), frame_->bytes,
                                      not_sent_);
    }
    frame_ = {};
}

void TransmitEngine::insert_checksums(std::span<uint8_t> frame) {
    const uint64_t rest = ring_.next().rest;
    if (!is_extended(rest)) {
        if (is(rest, legacy_checksum))
            insert_checksum(frame, {.start = static_cast<uint32_t>(bits(rest, 47, 40)),
                                    .at = static_cast<uint32_t>(bits(rest, 23, 16))});
        return;
    }
    const Context& context = frame_->context;
    const uint64_t c = context.checksums;
    const ChecksumPlan ip{static_cast<uint32_t>(bits(c, 7, 0)),
                          static_cast<uint32_t>(bits(c, 15, 8)),
                          static_cast<uint32_t>(bits(c, 31, 16))};
    const ChecksumPlan transport{static_cast<uint32_t>(bits(c, 39, 32)),
                                 static_cast<uint32_t>(bits(c, 47, 40)),
                                 static_cast<uint32_t>(bits(c, 63, 48))};
    if (frame_->options & option_ip) insert_checksum(frame, ip);
    if (!(frame_->options & option_transport)) return;
    if (frame_->segmented) add_length(frame, transport);
    insert_checksum(frame, transport, !is(context.rest, context_tcp));
}

/// A whole frame: checksums, tag, padding, and into the packet buffer.
void TransmitEngine::hand_on(std::span<uint8_t> frame) {
    insert_checksums(frame);
    const uint64_t rest = ring_.next().rest;
    auto bytes = static_cast<uint32_t>(frame.size());
    // What a segment is followed by in memory is not part of it: the tail of bytes_ is free to use.
    uint8_t* data = frame.data();
    bool damaged = false;
    const uint32_t type = is(rest, tagged) ? tag_type_() : 0;
    if (type != 0) {
        bytes = insert_tag(data, bytes, static_cast<uint16_t>(bits(rest, 63, 48)));
    } else if (!is(rest, insert_fcs) && !frame_->segmented && bytes > bus::ethernet::fcs_bytes) {
        bytes -= bus::ethernet::fcs_bytes;
        uint32_t given;
        std::memcpy(&given, data + bytes, sizeof given);
        damaged = given != fcs({data, bytes});
    }
    if (transmitter_.pads() && bytes < bus::ethernet::least_bytes) {
        std::memset(data + bytes, 0, bus::ethernet::least_bytes - bytes);
        bytes = bus::ethernet::least_bytes;
    }
    if (!transmitter_.fits(bytes)) return;  // only where the packet buffer was divided anew
    handed_on_ = handed_on_ + 1;
    transmitter_.push({data, bytes}, frame_->packet, damaged);
}

uint32_t TransmitEngine::insert_tag(uint8_t* frame, uint32_t bytes, uint16_t tag) {
    constexpr uint32_t at = 12;
    if (bytes < at) return bytes;
    std::memmove(frame + at + tag_bytes, frame + at, bytes - at);
    const uint32_t type = tag_type_();
    const uint8_t words[tag_bytes]{static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type),
                                   static_cast<uint8_t>(tag >> 8), static_cast<uint8_t>(tag)};
    std::memcpy(frame + at, words, tag_bytes);
    return bytes + tag_bytes;
}

}  // namespace sb::devices::e1000
