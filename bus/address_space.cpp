// SPDX-License-Identifier: Apache-2.0
#include "bus/address_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace sb::bus {

AddressSpace::AddressSpace(Simulation& sim, const std::string& name, uint64_t size)
    : Component{sim, name}, size_{size}, pieces_{{0, size - 1, nullptr, nullptr}} {
    declare_state("traffic", [this](Archive& archive) { archive_traffic(archive); });
}

AddressSpace::~AddressSpace() = default;

unsigned AddressSpace::attach(TargetSocket& socket) {
    auto name = fmt::format("outlet_{}", outlets_.size());
    outlets_.push_back(std::make_unique<InitiatorSocket>(*this, name));
    outlets_.back()->bind(socket);
    targets_.push_back(&socket.target());
    return static_cast<unsigned>(outlets_.size() - 1);
}

unsigned AddressSpace::map(uint64_t start, uint64_t size, unsigned outlet, const std::string& name,
                           bool free, DirectMemory* direct, Behind behind) {
    size = std::min(size, size_ - std::min(start, size_));
    auto range = std::make_unique<Range>(Range{start, size, outlet, name, free, direct, 0,
                                               targets_.at(outlet), &traffic_named(name), behind});
    if (direct) direct->traffic = range->traffic;
    auto slot = std::find(mapped_.begin(), mapped_.end(), nullptr);
    if (slot == mapped_.end()) slot = mapped_.insert(slot, nullptr);
    *slot = std::move(range);
    rebuild();
    return static_cast<unsigned>(slot - mapped_.begin());
}

void AddressSpace::unmap(unsigned range) {
    const auto gone = std::move(mapped_.at(range));  // pieces point to it until they are made anew
    rebuild();
}

Traffic& AddressSpace::traffic_named(const std::string& name) {
    for (Traffic& t : traffic_)
        if (t.name == name) return t;
    return traffic_.emplace_back(Traffic{name, 0});
}

/// By name, each with a zero behind it, and eight bytes of number: what a guest has mapped by now
/// is not known where it is read back.
void AddressSpace::archive_traffic(Archive& archive) {
    constexpr size_t most = 1 << 20;
    std::vector<uint8_t> bytes;
    for (const Traffic& t : traffic_) {
        bytes.insert(bytes.end(), t.name.c_str(), t.name.c_str() + t.name.size() + 1);
        const auto* number = reinterpret_cast<const uint8_t*>(&t.bytes);
        bytes.insert(bytes.end(), number, number + sizeof t.bytes);
    }
    archive.blob("bytes", bytes, most);
    if (!archive.loading()) return;
    for (auto at = bytes.begin(); at != bytes.end();) {
        const auto end = std::find(at, bytes.end(), 0);
        if (bytes.end() - end < 1 + static_cast<ptrdiff_t>(sizeof(uint64_t))) break;
        Traffic& t = traffic_named(reinterpret_cast<const char*>(&*at));
        std::memcpy(&t.bytes, &*(end + 1), sizeof t.bytes);
        at = end + 1 + sizeof t.bytes;
    }
}

unsigned AddressSpace::add_route(uint64_t start, uint64_t size) {
    routes_.push_back({start, size});
    return static_cast<unsigned>(routes_.size() - 1);
}

void AddressSpace::set_route(unsigned route, Side read, Side write) {
    Route& r = routes_.at(route);
    if (r.read == read && r.write == write) return;
    r.read = read;
    r.write = write;
    rebuild();
}

/// The first mapped range of a side that claims the address.
const AddressSpace::Range* AddressSpace::owner(uint64_t address, Side side) const {
    for (const auto& range : mapped_)
        if (range && range->size && range->holds(address) &&
            (side == Side::first || range->is_memory() == (side == Side::memory)))
            return range.get();
    return nullptr;
}

/// Cuts the space into disjoint pieces, each owned by the first mapped range that covers it and
/// that the route, if any, allows.
void AddressSpace::rebuild() {
    last_ = nullptr;
    ++generation_;
    std::vector<uint64_t> cuts{0};
    auto cut = [&](uint64_t start, uint64_t last) {
        cuts.push_back(start);
        if (last + 1 < size_ && last + 1 != 0) cuts.push_back(last + 1);
    };
    for (const auto& range : mapped_)
        if (range && range->size) cut(range->start, range->last());
    for (const Route& route : routes_) cut(route.start, route.last());
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    std::vector<Piece> before;
    before.swap(pieces_);
    for (uint64_t at : cuts) {
        Side read = Side::first, write = Side::first;
        for (const Route& route : routes_) {
            if (!route.holds(at)) continue;
            read = route.read;
            write = route.write;
        }
        const Piece next{at, size_ - 1, owner(at, read), owner(at, write)};
        if (!pieces_.empty()) {
            if (pieces_.back().read == next.read && pieces_.back().write == next.write) continue;
            pieces_.back().last = at - 1;
        }
        pieces_.push_back(next);
    }
    std::vector<std::unique_ptr<Range>> old;
    old.swap(fragments_);
    for (Piece& p : pieces_) {
        const bool same = p.read == p.write;
        p.read = fragment(p.read, p, same);
        p.write = same ? p.read : fragment(p.write, p, true);
    }
    forget_code(before);
}

/// The part of `range` that lies in the piece.
const AddressSpace::Range* AddressSpace::fragment(const Range* range, const Piece& p,
                                                  bool writable) {
    if (!range) return nullptr;
    const bool whole = p.start == range->start && p.last == range->last();
    if (whole && (writable || !range->is_memory())) return range;
    auto part = std::make_unique<Range>(*range);
    part->offset = range->offset + (p.start - range->start);
    part->start = p.start;
    part->size = p.last - p.start + 1;
    if (range->direct)
        part->direct =
            view(*range->direct, part->offset, part->size, writable && range->direct->writable);
    fragments_.push_back(std::move(part));
    return fragments_.back().get();
}

DirectMemory* AddressSpace::view(DirectMemory& memory, uint64_t offset, uint64_t size,
                                 bool writable) {
    for (const View& v : views_)
        if (v.of == &memory && v.offset == offset && v.memory->size == size &&
            v.memory->writable == writable)
            return v.memory.get();
    auto made = std::make_unique<DirectMemory>(memory);
    made->host = memory.host + offset;
    made->size = size;
    made->writable = writable;
    made->page_flags.assign((size + 4095) >> DirectMemory::page_shift, 0);
    views_.push_back({&memory, offset, std::move(made)});
    return views_.back().memory.get();
}

/// Decoded code of what is not mapped as it was is forgotten: it will not be told of writes.
void AddressSpace::forget_code(const std::vector<Piece>& before) {
    for (const Piece& p : before) {
        if (!p.read || !p.read->direct) continue;
        DirectMemory& memory = *p.read->direct;
        const Range* now = search(p.start);
        if (now && now->direct == &memory && now->start == p.start) continue;
        for (uint64_t page = 0; page < memory.page_flags.size(); ++page) {
            if (!(memory.page_flags[page] & DirectMemory::has_code)) continue;
            for (CodeWatcher* watcher : watchers_)
                watcher->code_written((p.start >> DirectMemory::page_shift) + page);
            memory.page_flags[page] &= static_cast<uint8_t>(~DirectMemory::has_code);
        }
    }
}

const AddressSpace::Piece& AddressSpace::piece(uint64_t address) const {
    auto after = std::upper_bound(pieces_.begin(), pieces_.end(), address,
                                  [](uint64_t a, const Piece& p) { return a < p.start; });
    return *std::prev(after);
}

const AddressSpace::Range* AddressSpace::search(uint64_t address) const {
    const Range* range = piece(address).read;
    return range && range->holds(address) ? range : nullptr;
}

/// Routes cover all from `first` to `last`.
bool AddressSpace::steered(uint64_t first, uint64_t last) const {
    for (bool more = true; more;) {
        more = false;
        for (const Route& route : routes_) {
            if (!route.holds(first)) continue;
            if (route.last() >= last) return true;
            first = route.last() + 1;
            more = true;
        }
    }
    return false;
}

bool AddressSpace::conflict(const Range& a, const Range& b) const {
    if (a.size == 0 || b.size == 0) return false;
    const uint64_t first = std::max(a.start, b.start), last = std::min(a.last(), b.last());
    return first <= last && !(a.is_memory() != b.is_memory() && steered(first, last));
}

std::string AddressSpace::clash(uint64_t start, uint64_t size) const {
    const Range wanted{start, size, 0, {}, false, nullptr, 0};
    for (const Range* range : ranges())
        if (conflict(wanted, *range))
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
    // Most pieces are read and written alike, and the last one is likely the next.
    const Range* range = find(address);
    if (payload.is_write() && !routes_.empty()) {
        range = piece(address).write;
        if (range && !range->holds(address)) range = nullptr;
    }
    if (range && address + (length - 1) <= range->last()) {
        payload.set_address(address - range->start + range->offset);
        (*outlets_[range->outlet])->b_transport(payload, delay);
        payload.set_address(address);
        return;
    }
    // Beyond the space's last address nobody is, and nothing wraps round to its first.
    if (length == 1 || !payload.get_data_ptr() || address >= size_) {
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

uint64_t AddressSpace::peek_memory(uint64_t address, size_t bytes) const {
    uint64_t data = 0;
    const Range* range = find(address);
    if (range && range->direct && address + (bytes - 1) <= range->last())
        std::memcpy(&data, range->direct->host + (address - range->start),
                    std::min(bytes, sizeof data));
    return data;
}

unsigned AddressSpace::debug(Payload& payload) {
    const uint64_t address = payload.get_address();
    const Range* range = find(address);
    if (!range) return 0;
    payload.set_address(address - range->start + range->offset);
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
