// SPDX-License-Identifier: Apache-2.0
//
// Memory by the long way: pages that are not yet known, accesses that straddle two of them,
// devices, pages that hold decoded code, and, where the cache is off, every access and its bus
// time.
#include <algorithm>

#include "cpu/core.h"

namespace sb::cpu {
namespace {

constexpr uint8_t alignment_check = 17;

/// #AC is for level 3 only, and not for the processor's own accesses to tables (SDM volume
/// 3, 6.15).
bool alignment_matters(const State& s, uint32_t user) {
    return user && (s.cr0 & cr0::am) && (s.other_flags & flag::ac);
}

}  // namespace

namespace {

/// A few bytes, mostly without a call.
void copy_few(void* to, const void* from, unsigned size) {
    if (size == 4)
        std::memcpy(to, from, 4);
    else if (size == 2)
        std::memcpy(to, from, 2);
    else if (size == 1)
        std::memcpy(to, from, 1);
    else
        std::memcpy(to, from, size);
}

}  // namespace

/// What the short check refused: the whole of SDM volume 3, 5.3 (limits) and 5.5 (types).
void Core::check_segment(const Operation* op, unsigned segment, uint32_t offset, unsigned size,
                         bool writing) {
    const Segment& g = s.segments[segment];
    const uint8_t vector = segment == ss ? stack_fault : general_protection;
    auto refuse = [&](uint8_t v) { op ? fault_at(op, v, 0) : fault(v, 0); };
    if (!g.usable()) refuse(vector);
    if (writing ? !g.can_write() : !g.can_read()) refuse(general_protection);
    if (!within(g, offset, size)) refuse(vector);
}

bus::DirectMemory* Core::direct_at(uint32_t physical) {
    const bus::AddressSpace::Range* range = bus_.memory_space().find(physical);
    // Only whole pages: one of which a part is something else has no pointer.
    const bool whole = range && range->direct && range->start % 0x1000 == 0 &&
                       (physical | 0xfffu) <= range->last();
    return whole ? range->direct : nullptr;
}

uint8_t* Core::host_of(const bus::DirectMemory& memory, uint32_t physical) {
    return memory.host + (physical - bus_.memory_space().find(physical)->start);
}

/// The entry that allows an access; raises the page fault where nothing does.
TlbEntry& Core::entry(const Operation* op, uint32_t linear, bool write) {
    TlbEntry& e = tlb_now_[ShortWay::index(linear)];
    const uint32_t page = linear & ~0xfffu;
    if (e.linear == page && (!write || e.may_write())) return e;
    uint32_t physical = page, bits = 0;
    bool may_write = true;
    if (s.cr0 & cr0::pg) {
        const uint32_t value = bits = data_page(op, linear, write);
        physical = value & ~page::offset;
        const bool writable = (value & page::writable) || (!user_ && !(s.cr0 & cr0::wp));
        may_write = writable && (value & page::dirty);
    }
    e = TlbEntry{};
    tlb_.filled(tlb_now_ == tlb_.half(true), ShortWay::index(linear));
    e.linear = page;
    e.what = (physical & s.a20_mask) | uint32_t{may_write};
    if ((e.memory = direct_at(e.physical()))) e.page = host_of(*e.memory, e.physical());
    if (caches_) e.what |= static_cast<uint32_t>(type_of(e.memory, e.physical(), bits)) << 4;
    return e;
}

/// Lets further accesses take the short way, where nothing has to be counted or looked after.
void Core::allow(TlbEntry& e) {
    if (page_watched(e.linear) || alignment_matters(s, user_)) return;
    if (memory_on_bus_) {
        if (caches_) allow_cached(e);
        return;
    }
    e.read_tag = e.linear;
    const auto page = static_cast<size_t>(e.page - e.memory->host) >> 12;
    const bool has_code = e.memory->page_flags[page] & bus::DirectMemory::has_code;
    e.write_tag = e.memory->writable && e.may_write() && !has_code ? e.linear : no_tag;
}

void Core::charge(const Operation* op, const bus::DirectMemory& memory, uint32_t physical,
                  unsigned size, bool write, MemoryType type, uint32_t v) {
    const bus::MemoryAccess access{memory, physical, size, write, v};
    if (caches_)
        by_cache(op, access, type);
    else if (memory_on_bus_)
        on_bus(op, access);
}

void Core::lock_bus(unsigned writes) {
    locked_writes_ = writes;
    bus_.lock();
}

void Core::lock_bus(const Operation* op) {
    if (op && op->locked_writes && !locked_writes_) lock_bus(op->locked_writes);
}

void Core::unlock_bus(uint64_t began) {
    bus_.unlock(began);
    after_access(false);  // those who waited for it may come next
}

/// Raises what a write there would raise, before anything is changed.
void Core::probe_write(const Operation* op, uint32_t linear, unsigned size) {
    entry(op, linear, true);
    const uint32_t last = linear + size - 1;
    if ((last ^ linear) & ~0xfffu) entry(op, last & ~0xfffu, true);
}

uint64_t Core::read_slow(const Operation* op, uint32_t linear, unsigned size) {
    if (data_cache_) {
        const TlbEntry& e = tlb_now_[ShortWay::index(linear)];
        const uint32_t physical = e.physical() | (linear & 0xfff);
        if (e.read_tag == ((linear & ~0xfffu) | TlbEntry::cached) &&
            data_cache_->within_line(linear, size) && data_cache_->read_hit(physical)) {
            uint64_t v = 0;
            copy_few(&v, e.page + (linear & 0xfff), size);
            return v;
        }
    }
    if ((linear & (size - 1)) && alignment_matters(s, user_))
        op ? fault_at(op, alignment_check) : fault(alignment_check);
    const unsigned here = std::min(size, 0x1000 - (linear & 0xfff));
    if (here == size) return read_part(op, linear, size);
    entry(op, linear, false);  // both pages' faults come before either's side effects
    entry(op, linear + here, false);
    const uint64_t low = read_part(op, linear, here);
    return low | uint64_t{read_part(op, linear + here, size - here)} << (8 * here);
}

uint32_t Core::read_part(const Operation* op, uint32_t linear, unsigned size) {
    const uint32_t offset = linear & 0xfff;
    TlbEntry* e = &entry(op, linear, false);
    if (data_watched_) note_access(linear, size, false);
    if (!e->memory || locks_bus(e->type())) lock_bus(op);
    if (!e->memory) return device_access(op, false, e->physical() + offset, 0, size);
    if (memory_on_bus_) {
        charge(op, *e->memory, e->physical() + offset, size, false, e->type());
        e = &entry(op, linear, false);  // the map may have changed while the bus was awaited
    }
    uint32_t v = 0;
    if (e->memory) {
        copy_few(&v, e->page + offset, size);
        allow(*e);
    }
    return v;
}

void Core::write_slow(const Operation* op, uint32_t linear, uint64_t v, unsigned size) {
    if (data_cache_) {
        const TlbEntry& e = tlb_now_[ShortWay::index(linear)];
        const uint32_t physical = e.physical() | (linear & 0xfff);
        if (e.write_tag == ((linear & ~0xfffu) | TlbEntry::cached) &&
            data_cache_->within_line(linear, size) && data_cache_->write_hit(physical)) {
            copy_few(e.page + (linear & 0xfff), &v, size);
            return;
        }
    }
    if ((linear & (size - 1)) && alignment_matters(s, user_))
        op ? fault_at(op, alignment_check) : fault(alignment_check);
    const unsigned here = std::min(size, 0x1000 - (linear & 0xfff));
    if (here < size) probe_write(op, linear, size);
    const uint64_t began = cycle_at(op);
    write_part(op, linear, static_cast<uint32_t>(v), here);
    if (here < size)
        write_part(op, linear + here, static_cast<uint32_t>(v >> (8 * here)), size - here);
    written_locked(began);
}

void Core::write_part(const Operation* op, uint32_t linear, uint32_t v, unsigned size) {
    const uint32_t offset = linear & 0xfff;
    TlbEntry* e = &entry(op, linear, true);
    if (data_watched_) note_access(linear, size, true);
    const uint32_t physical = e->physical() + offset;
    if (!e->memory || !e->memory->writable) {
        device_access(op, true, physical, v, size);
        return;
    }
    charge(op, *e->memory, physical, size, true, e->type(), v);
    e = &entry(op, linear, true);
    if (!e->memory || !e->memory->writable) return;
    copy_few(e->page + offset, &v, size);
    overwritten(*e->memory, physical, size);
    allow(*e);
}

/// Bytes of memory changed by us: decoded code that they held is dropped.
void Core::overwritten(bus::DirectMemory& memory, uint32_t physical, unsigned size) {
    const auto host_page = static_cast<uint64_t>(host_of(memory, physical) - memory.host) >> 12;
    if (!(memory.page_flags[host_page] & bus::DirectMemory::has_code)) return;
    bool dropped = false;
    if (blocks_.written(physical, size, dropped))
        memory.page_flags[host_page] &= static_cast<uint8_t>(~bus::DirectMemory::has_code);
    if (!dropped) return;
    new_epoch();
    attention = true;
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
        after_access(access.waited);
    }
    return read;
}

/// A page has decoded code from now on: writes to it must be seen.
void Core::code_is_at(uint64_t physical_page) {
    const auto physical = static_cast<uint32_t>(physical_page << 12);
    bus::DirectMemory* memory = direct_at(physical);
    if (!memory) return;
    uint8_t& flags =
        memory->page_flags[static_cast<uint64_t>(host_of(*memory, physical) - memory->host) >> 12];
    if (flags & bus::DirectMemory::has_code) return;
    flags |= bus::DirectMemory::has_code;
    tlb_.for_used([physical](TlbEntry& e) {
        if (e.memory && e.physical() == physical) e.write_tag = no_tag;
    });
}

void Core::code_written(uint64_t physical_page) {
    bool dropped = false;
    blocks_.written(physical_page << 12, 0x1000, dropped);
    new_epoch();
    attention = true;
    const uint32_t physical = static_cast<uint32_t>(physical_page << 12);
    const bus::AddressSpace::Range* range = bus_.memory_space().find(physical);
    if (range && range->direct)
        range->direct->page_flags[(physical - range->start) >> 12] &= ~bus::DirectMemory::has_code;
}

void Core::forget_all() {
    flush_short_way();
    blocks_.clear();
    previous_ = nullptr;
    new_epoch();
    refresh_breakpoints();
    generation_ = bus_.memory_space().generation();
}

unsigned Core::peek_code(uint32_t linear, uint8_t* bytes, unsigned n) {
    unsigned done = 0;
    while (done < n) {
        const uint32_t at = linear + done;
        const unsigned part = std::min(n - done, 0x1000 - (at & 0xfff));
        uint32_t physical;
        if (!peek_page(at, physical)) break;
        const unsigned got = bus_.peek(physical + (at & 0xfff), bytes + done, part);
        done += got;
        if (got < part) break;
    }
    return done;
}

}  // namespace sb::cpu
