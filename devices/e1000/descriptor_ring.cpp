// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/descriptor_ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace sb::devices::e1000 {
namespace {

constexpr uint32_t descriptor_bytes = sizeof(Descriptor);
constexpr uint32_t most_threshold = DescriptorRing::most_cached - 1;

}  // namespace

DescriptorRing::DescriptorRing(const Chip& chip, Dma& dma, const char* name, const char* control,
                               uint32_t offset, uint32_t cached, Hooks hooks)
    : chip_{chip},
      dma_{dma},
      room_{std::min(cached, most_cached)},
      hooks_{std::move(hooks)},
      base_low_{chip.bank,
                {.name = fmt::format("{}BAL", name), .offset = offset, .doc = "ring: base address"},
                {.write = [this](uint64_t) { changed(); }}},
      base_high_{
          chip.bank,
          {.name = fmt::format("{}BAH", name), .offset = offset + 4, .doc = "its upper half"},
          {.write = [this](uint64_t) { changed(); }}},
      length_{chip.bank,
              {.name = fmt::format("{}LEN", name), .offset = offset + 8, .doc = "ring: length"},
              {.write = [this](uint64_t) { changed(); }}},
      head_{chip.bank,
            {.name = fmt::format("{}H", name),
             .offset = offset + 0x10,
             .doc = "ring: the descriptor that leaves the chip next"},
            {.write = [this](uint64_t) { changed(); }}},
      tail_{chip.bank,
            {.name = fmt::format("{}T", name),
             .offset = offset + 0x18,
             .doc = "ring: where software adds the next descriptor",
             .effect = "gives the controller what lies before it"},
            {.write = [this](uint64_t) { tail_written(); }}},
      control_{chip.bank,
               {.name = control, .offset = offset + 0x28, .doc = "descriptor control"},
               {.write = [this](uint64_t) { dma_.kick(); }}},
      slots_{chip.device, fmt::format("{}.slots", name)},
      first_{chip.device, fmt::format("{}.first", name)},
      used_{chip.device, fmt::format("{}.used", name)},
      fresh_{chip.device, fmt::format("{}.fresh", name)},
      fetching_{chip.device, fmt::format("{}.fetching", name)},
      writing_{chip.device, fmt::format("{}.writing", name)},
      flushing_{chip.device, fmt::format("{}.flushing", name)},
      flush_due_{chip.device, fmt::format("{}.flush_due", name)},
      broken_{chip.device, fmt::format("{}.broken", name)} {}

Dma::User DescriptorRing::write_back_user() {
    return {[this] { return wants_write(); }, [this] { return begin_write(); },
            [this](Result result) { write_ended(result); }};
}

Dma::User DescriptorRing::fetch_user() {
    return {[this] { return wants_fetch(); }, [this] { return begin_fetch(); },
            [this](Result result) { fetch_ended(result); }};
}

// ---- Registers

uint32_t DescriptorRing::line() const {
    const auto bytes = static_cast<uint32_t>(chip_.function.cache_line_size * 4);
    return std::max(1u, bytes / descriptor_bytes);
}

uint32_t DescriptorRing::threshold(const bus::Field& field) const {
    const uint64_t unit = granularity_ ? 1 : line();
    return static_cast<uint32_t>(std::min<uint64_t>(field * unit, most_threshold));
}

uint32_t DescriptorRing::distance(uint32_t from, uint32_t to) const {
    return to >= from ? to - from : to + size() - from;
}

uint32_t DescriptorRing::available() const {
    if (!sound()) return fresh_;
    const uint32_t at = (static_cast<uint32_t>(head_bits_) + used_) % size();
    return distance(at, static_cast<uint32_t>(tail_bits_));
}

/// Base, length or head: what is on the chip is of another ring.
void DescriptorRing::changed() {
    if (used_ || fresh_) {
        chip_.device.finding(
            "a ring's base, length or head was written while it has descriptors on the chip: "
            "they are forgotten");
        reset();
    }
    broken_ = false;
    fetching_ = writing_ = 0;
    dma_.kick();
}

void DescriptorRing::tail_written() {
    if (size() != 0 && tail_bits_ >= size())
        chip_.device.finding("a ring's tail lies outside of the ring: nothing is fetched",
                             [&] { return fmt::format("{} of {}", tail_bits_.get(), size()); });
    broken_ = false;
    hooks_.tail_moved();
    dma_.kick();
}

void DescriptorRing::reset() {
    for (uint32_t i = 0; i < used_; ++i) hooks_.lost(slot(i));
    first_ = used_ = fresh_ = fetching_ = writing_ = flushing_ = 0;
    flush_due_ = broken_ = false;
}

// ---- Fetch

bool DescriptorRing::wants_fetch() const {
    if (!sound() || fetching_ || !hooks_.enabled()) return false;
    if (used_ + fresh_ >= room_) return false;
    // A tail that has moved back may lie before what was fetched.
    const uint32_t all = available();
    if (all <= fresh_) return false;
    if (fresh_ == 0) return true;
    return fresh_ < threshold(prefetch_threshold_) && all - fresh_ >= threshold(host_threshold_);
}

bool DescriptorRing::begin_fetch() {
    const uint32_t at = (static_cast<uint32_t>(head_bits_) + used_ + fresh_) % size();
    const uint32_t there = std::min(available() - fresh_, size() - at);
    const uint32_t room = room_ - used_ - fresh_;
    uint32_t count = std::min(there, room);
    if (room < there) {
        const uint32_t beyond = (at + count) % line();
        if (beyond < count) count -= beyond;
    }
    fetching_ = count;
    dma_.read(base() + uint64_t{at} * descriptor_bytes, count * descriptor_bytes);
    return true;
}

void DescriptorRing::fetch_ended(Result result) {
    const uint32_t count = fetching_;
    fetching_ = 0;
    if (count == 0) return;  // of another ring
    if (result != Result::done) {
        broken_ = true;
        chip_.device.finding("descriptors could not be fetched: the ring stands still",
                             [&] { return fmt::format("the ring at {:#x}", base()); });
        return;
    }
    for (uint32_t i = 0; i < count; ++i) {
        Descriptor found;
        std::memcpy(&found, dma_.buffer() + size_t{i} * descriptor_bytes, descriptor_bytes);
        slot(used_ + fresh_ + i) = {.address = found.address, .rest = found.rest};
    }
    fresh_ = fresh_ + count;
    hooks_.fetched();
}

// ---- Use and write-back

void DescriptorRing::use() {
    fresh_ = fresh_ - 1;
    used_ = used_ + 1;
    leave_silently();
}

void DescriptorRing::release(uint32_t sent) {
    for (uint32_t i = 0; i < used_; ++i) {
        Slot& s = slot(i);
        if ((s.flags & held) && static_cast<int32_t>(sent - s.after) >= 0) s.flags &= ~held;
    }
    leave_silently();
}

/// Used descriptors that want no write-back, and come first.
void DescriptorRing::leave_silently() {
    while (used_ > writing_ && writing_ == 0 && !(slot(0).flags & write_back)) leave(Result::done);
}

/// The first one leaves the chip.
void DescriptorRing::leave(Result result) {
    const Slot left = slot(0);
    first_ = (first_ + 1) % most_cached;
    used_ = used_ - 1;
    if (flushing_ > 0) flushing_ = flushing_ - 1;
    const auto ring = static_cast<uint64_t>(size());
    head_bits_ = ring == 0 ? 0 : (head_bits_ + 1) % ring;
    if (left.flags & write_back) hooks_.written(left, result);
}

/// How many used descriptors can be written in one burst now.
uint32_t DescriptorRing::writable() const {
    const uint32_t most = std::min(used_.get(), size() - static_cast<uint32_t>(head_bits_));
    const bool all = bursting();
    uint32_t count = 0;
    for (; count < most; ++count) {
        const Slot& s = slots_.get()[(first_ + count) % most_cached];
        if ((s.flags & held) || (!all && !(s.flags & write_back))) break;
    }
    return count;
}

bool DescriptorRing::wants_write() const {
    if (used_ == 0 || writing_ || head_bits_ >= size()) return false;
    const uint32_t count = threshold(write_threshold_);
    if (!flush_due_ && used_ < count && used_ < room_) return false;
    return writable() > 0;
}

bool DescriptorRing::begin_write() {
    const uint32_t count = writable();
    for (uint32_t i = 0; i < count; ++i) {
        const Slot& s = slot(i);
        const Descriptor words{s.address, s.rest};
        std::memcpy(dma_.buffer() + size_t{i} * descriptor_bytes, &words, descriptor_bytes);
    }
    writing_ = count;
    dma_.write(base() + head_bits_ * descriptor_bytes, count * descriptor_bytes);
    return true;
}

void DescriptorRing::write_ended(Result result) {
    const uint32_t count = writing_;
    writing_ = 0;
    if (count == 0) return;  // of another ring
    if (result != Result::done)
        chip_.device.finding("a descriptor could not be written back",
                             [&] { return fmt::format("the ring at {:#x}", base()); });
    for (uint32_t i = 0; i < count && used_ > 0; ++i) leave(result);
    leave_silently();
    check_flushed();
}

void DescriptorRing::flush() {
    for (uint32_t i = 0; i < used_; ++i) slot(i).flags |= flushed_flag;
    flushing_ = used_.get();
    flush_due_ = true;
    check_flushed();
    if (flush_due_) dma_.kick();
}

void DescriptorRing::check_flushed() {
    if (!flush_due_ || flushing_ > 0) return;
    flush_due_ = false;
    hooks_.flushed();
}

}  // namespace sb::devices::e1000
