// SPDX-License-Identifier: Apache-2.0
#include "bus/address_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace sb::bus {

AddressSpace::AddressSpace(Simulation& sim, const std::string& name, uint64_t size)
    : Component{sim, name}, size_{size}, pieces_{{0, nullptr}} {}

AddressSpace::~AddressSpace() = default;

unsigned AddressSpace::attach(TargetSocket& socket) {
    auto name = fmt::format("outlet_{}", outlets_.size());
    outlets_.push_back(std::make_unique<InitiatorSocket>(*this, name));
    outlets_.back()->bind(socket);
    return static_cast<unsigned>(outlets_.size() - 1);
}

unsigned AddressSpace::map(uint64_t start, uint64_t size, unsigned outlet, const std::string& name,
                           bool free, DirectMemory* direct) {
    size = std::min(size, size_ - std::min(start, size_));
    auto range = std::make_unique<Range>(Range{start, size, outlet, name, free, direct});
    auto slot = std::find(mapped_.begin(), mapped_.end(), nullptr);
    if (slot == mapped_.end()) slot = mapped_.insert(slot, nullptr);
    *slot = std::move(range);
    rebuild();
    return static_cast<unsigned>(slot - mapped_.begin());
}

void AddressSpace::unmap(unsigned range) {
    mapped_.at(range).reset();
    rebuild();
}

/// Cuts the space into disjoint pieces, each owned by the first mapped range that covers it.
void AddressSpace::rebuild() {
    last_ = nullptr;
    ++generation_;
    std::vector<uint64_t> cuts{0};
    for (const auto& range : mapped_) {
        if (!range || range->size == 0) continue;
        cuts.push_back(range->start);
        if (range->last() + 1 < size_ && range->last() + 1 != 0) cuts.push_back(range->last() + 1);
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    pieces_.clear();
    for (uint64_t cut : cuts) {
        const Range* owner = nullptr;
        for (const auto& range : mapped_)
            if (!owner && range && range->size && range->holds(cut)) owner = range.get();
        if (pieces_.empty() || pieces_.back().range != owner) pieces_.push_back({cut, owner});
    }
}

const AddressSpace::Range* AddressSpace::search(uint64_t address) const {
    auto after = std::upper_bound(pieces_.begin(), pieces_.end(), address,
                                  [](uint64_t a, const Piece& piece) { return a < piece.start; });
    const Range* range = std::prev(after)->range;
    return range && range->holds(address) ? range : nullptr;
}

std::string AddressSpace::clash(uint64_t start, uint64_t size) const {
    for (const Range* range : ranges())
        if (range->size && size && start <= range->last() && range->start <= start + (size - 1))
            return fmt::format("{:#x}-{:#x} overlaps {} at {:#x}-{:#x}", start, start + (size - 1),
                               range->name, range->start, range->last());
    return {};
}

std::vector<const AddressSpace::Range*> AddressSpace::ranges() const {
    std::vector<const Range*> list;
    for (const auto& range : mapped_)
        if (range) list.push_back(range.get());
    std::sort(list.begin(), list.end(),
              [](const Range* a, const Range* b) { return a->start < b->start; });
    return list;
}

void AddressSpace::transport(Payload& payload, sc_core::sc_time& delay) {
    const uint64_t address = payload.get_address();
    const unsigned length = payload.get_data_length();
    const Range* range = find(address);
    if (range && address + (length - 1) <= range->last()) {
        payload.set_address(address - range->start);
        (*outlets_[range->outlet])->b_transport(payload, delay);
        payload.set_address(address);
        return;
    }
    if (length == 1 || !payload.get_data_ptr()) {
        unclaimed(payload);
        return;
    }
    // The access crosses the end of a range: as on a real bus, each byte is decoded by itself.
    unsigned char* data = payload.get_data_ptr();
    payload.set_data_length(1);
    for (unsigned i = 0; i < length; ++i) {
        payload.set_address((address + i) % size_);
        payload.set_data_ptr(data + i);
        transport(payload, delay);
    }
    payload.set_address(address);
    payload.set_data_ptr(data);
    payload.set_data_length(length);
}

void AddressSpace::unclaimed(Payload& payload) {
    ++unclaimed_;
    if (payload.is_read()) std::memset(payload.get_data_ptr(), 0xff, payload.get_data_length());
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    finding("an address that no target claims was accessed", [&] {
        return fmt::format("{} of {} byte(s) at {:#x}", payload.is_read() ? "read" : "write",
                           payload.get_data_length(), payload.get_address());
    });
}

unsigned AddressSpace::debug(Payload& payload) {
    const uint64_t address = payload.get_address();
    const Range* range = find(address);
    if (!range) return 0;
    payload.set_address(address - range->start);
    unsigned done = (*outlets_[range->outlet])->transport_dbg(payload);
    payload.set_address(address);
    return done;
}

void AddressSpace::wrote(DirectMemory& memory, const Range& range, uint64_t address,
                         uint64_t bytes) {
    if (bytes == 0) return;
    uint64_t first = (address - range.start) >> DirectMemory::page_shift;
    uint64_t last = (address - range.start + bytes - 1) >> DirectMemory::page_shift;
    for (uint64_t page = first; page <= last; ++page) {
        if (!(memory.page_flags[page] & DirectMemory::has_code)) continue;
        uint64_t physical = (range.start >> DirectMemory::page_shift) + page;
        for (CodeWatcher* watcher : watchers_) watcher->code_written(physical);
    }
}

void AddressSpace::wrote(uint64_t address, uint64_t bytes) {
    while (bytes > 0) {
        const Range* range = find(address);
        // A hole is passed byte by byte: accesses are a few bytes long.
        const uint64_t part = range ? std::min(bytes, range->last() - address + 1) : 1;
        if (range && range->direct) wrote(*range->direct, *range, address, part);
        address = (address + part) % size_;
        bytes -= part;
    }
}

}  // namespace sb::bus
