// SPDX-License-Identifier: Apache-2.0
#include "devices/cdma/descriptor_engine.h"

#include <fmt/format.h>

#include <cstring>

namespace sb::devices::cdma {
namespace {

/// A descriptor as it lies in memory (PG034, table 3-1), without the words that pad it to 64 bytes.
struct Words {
    uint32_t next, next_high;
    uint32_t from, from_high;
    uint32_t to, to_high;
    uint32_t control;
    uint32_t status;
};
constexpr uint32_t status_offset = 0x1c;
constexpr uint64_t alignment = 64;
constexpr uint32_t bytes_mask = 0x03ffffff;  // control: BTT

uint64_t joined(uint32_t low, uint32_t high) { return uint64_t{high} << 32 | low; }

}  // namespace

DescriptorEngine::DescriptorEngine(bus::Device& owner, pci::Function& function,
                                   const Settings& settings, Hooks hooks)
    : owner_{owner},
      function_{function},
      settings_{settings},
      hooks_{std::move(hooks)},
      port_{function, "sg",  [this](bus::MasterPort::Result result) { ended(result); },
            {},       false, settings.master},
      queue_{owner, "chain.queue"},
      head_{owner, "chain.queue_head"},
      count_{owner, "chain.queue_count"},
      next_{owner, "chain.next_descriptor"},
      last_{owner, "chain.last_descriptor"},
      tail_{owner, "chain.tail_descriptor"},
      cyclic_{owner, "chain.cyclic"},
      moved_{owner, "chain.moved"},
      broken_{owner, "chain.broken", true},
      in_use_{owner, "chain.in_use"},
      writing_{owner, "chain.writing"},
      update_wanted_{owner, "chain.update_wanted"},
      update_at_{owner, "chain.update_at"},
      update_status_{owner, "chain.update_status"} {}

void DescriptorEngine::begin(uint64_t at, uint64_t tail, bool cyclic) {
    next_ = at;
    tail_ = tail;
    cyclic_ = cyclic;
    moved_ = broken_ = in_use_ = false;
    head_ = count_ = 0;
}

Descriptor DescriptorEngine::take() {
    const Descriptor taken = queue_.get()[head_];
    head_ = (head_ + 1) % most_prefetch;
    count_ = count_ - 1;
    in_use_ = true;
    return taken;
}

void DescriptorEngine::update(uint64_t at, uint32_t status) {
    update_at_ = at;
    update_status_ = status;
    update_wanted_ = true;
    step();
}

bool DescriptorEngine::may_fetch() const {
    if (paused()) return false;
    return settings_.prefetch == 0 ? count_ == 0 && !in_use_ : count_ < settings_.prefetch;
}

void DescriptorEngine::step() {
    if (port_.busy()) return;
    if (!update_wanted_ && !may_fetch()) return;
    if (!may_master(owner_, function_)) return;
    writing_ = update_wanted_;
    if (writing_) {
        update_wanted_ = false;
        std::memcpy(port_.buffer(), &update_status_.get(), sizeof(uint32_t));
        port_.request(true, update_at_ + status_offset, sizeof(uint32_t));
    } else {
        port_.request(false, next_, sizeof(Words));
    }
}

void DescriptorEngine::drain() {
    broken_ = true;
    update_wanted_ = false;
    count_ = 0;
    if (!function_.bus_master()) cancel();
}

void DescriptorEngine::cancel() {
    port_.cancel();
    broken_ = true;
    update_wanted_ = writing_ = in_use_ = false;
    head_ = count_ = 0;
}

void DescriptorEngine::ended(bus::MasterPort::Result result) {
    if (writing_) {
        writing_ = false;
        hooks_.updated(update_at_, update_status_, end_of(result));
    } else {
        fetched(end_of(result));
    }
}

void DescriptorEngine::fetched(End end) {
    Descriptor found{.at = next_, .ready = owner_.now() + settings_.decode};
    if (end == End::done) {
        Words words;
        std::memcpy(&words, port_.buffer(), sizeof words);
        const uint64_t next = joined(words.next, words.next_high) & settings_.address_mask;
        found.next = next & ~(alignment - 1);
        found.from = joined(words.from, words.from_high) & settings_.address_mask;
        found.to = joined(words.to, words.to_high) & settings_.address_mask;
        found.bytes = words.control & bytes_mask;
        if ((words.status & completed) && !cyclic_) end = End::internal_error;
        if (next % alignment != 0)
            owner_.finding(
                "a descriptor is not on a 64-byte boundary: address bits 5 to 0 are "
                "ignored",
                [&] { return fmt::format("the one after {:#x}: {:#x}", found.at, next); });
        if (settings_.address_mask >> 32 == 0 &&
            (words.next_high | words.from_high | words.to_high))
            owner_.finding(
                "a descriptor has an address above 4 GiB, where the core is configured "
                "for 32-bit addresses: its upper half is ignored",
                [&] { return fmt::format("the one at {:#x}", found.at); });
    }
    // A chain that was drained meanwhile takes no more.
    const bool drained = broken_;
    found.end = static_cast<uint64_t>(end);
    if (end == End::done) {
        last_ = next_;
        next_ = found.next;
        moved_ = true;
    } else {
        broken_ = true;
    }
    if (!drained) {
        queue_.ref()[(head_ + count_) % most_prefetch] = found;
        count_ = count_ + 1;
    }
    hooks_.fetched(found);
}

}  // namespace sb::devices::cdma
