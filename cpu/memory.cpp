// SPDX-License-Identifier: Apache-2.0
//
// Memory by the long way: pages that are not yet known, accesses that straddle two of them,
// devices, pages that hold decoded code, and, where the cache is off, every access and its bus
// time.
#include <algorithm>

#include "cpu/core.h"

namespace sb::cpu {

/// What the short check refused: the whole of SDM volume 3, 5.3 (limits) and 5.5 (types).
void Core::check_segment(const Operation* op, unsigned segment, uint32_t offset, unsigned size,
                         bool writing) {
    const Segment& g = s.segments[segment];
    const uint8_t vector = segment == ss ? stack_fault : general_protection;
    auto refuse = [&](uint8_t v) { op ? fault_at(op, v, 0) : fault(v, 0); };
    if (!g.usable()) refuse(vector);
    if (writing ? !g.can_write() : !g.can_read()) refuse(general_protection);
    const uint64_t last = uint64_t{offset} + size - 1;
    if (g.expand_down()) {
        const uint64_t top = g.big ? 0xffffffff : 0xffff;
        if (offset <= g.limit || last > top) refuse(vector);
    } else if (last > g.limit) {
        refuse(vector);
    }
}

Core::TlbEntry& Core::entry(uint32_t linear) {
    TlbEntry& e = tlb_[linear >> 12 & (tlb_size - 1)];
    const uint32_t page = linear & ~0xfffu;
    if (e.linear == page) return e;
    e = TlbEntry{};
    e.linear = page;
    e.physical = translate(page);
    const bus::AddressSpace::Range* range = bus_.memory_space().find(e.physical);
    if (range && range->direct && range->start % 0x1000 == 0 &&
        e.physical + 0xfff <= range->last()) {
        e.memory = range->direct;
        e.memory_page = (e.physical - range->start) >> 12;
        e.page = range->direct->host + (e.physical - range->start);
    }
    return e;
}

/// Lets further accesses take the short way, where nothing has to be counted or looked after.
void Core::allow(TlbEntry& e) {
    if (memory_on_bus_) return;
    e.read_tag = e.linear;
    const bool has_code = e.memory->page_flags[e.memory_page] & bus::DirectMemory::has_code;
    e.write_tag = e.memory->writable && !has_code ? e.linear : no_tag;
}

void Core::charge(const Operation* op, const TlbEntry& e, uint32_t physical, unsigned size) {
    if (!memory_on_bus_) return;
    bool blocked = false;
    const uint64_t at = cycle_at(op);
    stall(bus_.take(*e.memory, physical, size, at, at < limit, blocked), Cause::memory_stall);
    if (blocked)
        after_access();
    else if (cycle + (block_ ? block_->last_start : 0) >= limit)
        attention = true;
}

uint64_t Core::read_slow(const Operation* op, uint32_t linear, unsigned size) {
    const unsigned here = std::min(size, 0x1000 - (linear & 0xfff));
    uint32_t v = 0;
    if (TlbEntry* e = &entry(linear); e->memory) {
        charge(op, *e, e->physical + (linear & 0xfff), here);
        e = &entry(linear);  // the map may have changed while the bus was awaited
        if (e->memory) {
            std::memcpy(&v, e->page + (linear & 0xfff), here);
            allow(*e);
        }
    } else {
        v = device_access(op, false, e->physical + (linear & 0xfff), 0, here);
    }
    if (here == size) return v;
    return v | read_slow(op, linear + here, size - here) << (8 * here);
}

void Core::write_slow(const Operation* op, uint32_t linear, uint64_t v, unsigned size) {
    const unsigned here = std::min(size, 0x1000 - (linear & 0xfff));
    const uint32_t physical = entry(linear).physical + (linear & 0xfff);
    if (TlbEntry* e = &entry(linear); e->memory && e->memory->writable) {
        charge(op, *e, physical, here);
        e = &entry(linear);
        if (e->memory && e->memory->writable) {
            std::memcpy(e->page + (linear & 0xfff), &v, here);
            if (e->memory->page_flags[e->memory_page] & bus::DirectMemory::has_code) {
                bool dropped = false;
                if (blocks_.written(physical, here, dropped))
                    e->memory->page_flags[e->memory_page] &= ~bus::DirectMemory::has_code;
                if (dropped) {
                    ++epoch_;
                    attention = true;
                }
            }
            allow(*e);
        }
    } else {
        device_access(op, true, physical, static_cast<uint32_t>(v), here);
    }
    if (here < size) write_slow(op, linear + here, v >> (8 * here), size - here);
}

/// An access by transport, cut as the bus would cut it: aligned, of 1, 2 or 4 bytes.
uint32_t Core::device_access(const Operation* op, bool write, uint32_t physical, uint32_t v,
                             unsigned size) {
    if (op) commit(op);
    uint32_t read = 0;
    for (unsigned done = 0; done < size;) {
        const uint32_t at = physical + done;
        unsigned part = std::min(size - done, 4 - at % 4);
        if (part == 3) part = at % 2 ? 1 : 2;
        const BusUnit::Access access =
            bus_.transport(false, write, at, v >> (8 * done), part, cycle);
        stall(access.stall, Cause::io_stall);
        const uint32_t mask = part == 4 ? ~0u : (1u << (8 * part)) - 1;
        read |= (access.value & mask) << (8 * done);
        done += part;
        after_access();
    }
    return read;
}

/// A page has decoded code from now on: writes to it must be seen.
void Core::code_is_at(uint64_t physical_page) {
    const uint32_t physical = static_cast<uint32_t>(physical_page << 12);
    const bus::AddressSpace::Range* range = bus_.memory_space().find(physical);
    if (!range || !range->direct) return;
    range->direct->page_flags[(physical - range->start) >> 12] |= bus::DirectMemory::has_code;
    for (TlbEntry& e : tlb_)
        if (e.memory && e.physical == physical) e.write_tag = no_tag;
}

void Core::code_written(uint64_t physical_page) {
    bool dropped = false;
    blocks_.written(physical_page << 12, 0x1000, dropped);
    ++epoch_;
    attention = true;
    const uint32_t physical = static_cast<uint32_t>(physical_page << 12);
    const bus::AddressSpace::Range* range = bus_.memory_space().find(physical);
    if (range && range->direct)
        range->direct->page_flags[(physical - range->start) >> 12] &= ~bus::DirectMemory::has_code;
}

void Core::flush_tlb() { tlb_.fill(TlbEntry{}); }

void Core::forget_all() {
    flush_tlb();
    blocks_.clear();
    ++epoch_;
    attention = true;
    generation_ = bus_.memory_space().generation();
}

unsigned Core::peek_code(uint32_t linear, uint8_t* bytes, unsigned n) {
    unsigned done = 0;
    while (done < n) {
        const uint32_t at = linear + done;
        const unsigned part = std::min(n - done, 0x1000 - (at & 0xfff));
        const TlbEntry& e = entry(at);
        unsigned got = part;
        if (e.memory)
            std::memcpy(bytes + done, e.page + (at & 0xfff), part);
        else
            got = bus_.peek(e.physical + (at & 0xfff), bytes + done, part);
        done += got;
        if (got < part) break;
    }
    return done;
}

}  // namespace sb::cpu
