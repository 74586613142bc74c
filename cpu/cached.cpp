// SPDX-License-Identifier: Apache-2.0
//
// The processor's accesses to memory through its caches: what misses, writes through or is written
// back takes bus time, in the order in which a blocking cache does it: the victim is written back,
// then the line is filled, then the instruction goes on. Real parts let the write-back wait in a
// buffer, and go on when the wanted word has come (docs/memory.md).
//
// Any bus tenure may block the thread, and another master's snoop may change tags meanwhile: no
// pointer to a tag is kept over one.
#include <fmt/format.h>

#include "cpu/core.h"

namespace sb::cpu {

MemoryType Core::type_of(const bus::DirectMemory* memory, uint32_t physical, uint32_t bits) const {
    return memory ? caches_->types.of(s, physical, memory->writable, bits) : MemoryType::uncached;
}

/// Lets accesses of a page try the tags at once.
void Core::allow_cached(TlbEntry& e) {
    const MemoryType type = e.type();
    if (!caches_->data || type == MemoryType::uncached) return;
    e.read_tag = e.linear | TlbEntry::cached;
    const bool back = type == MemoryType::back && caches_->data->info().write_back;
    const auto page = static_cast<size_t>(e.page - e.memory->host) >> 12;
    const bool has_code = e.memory->page_flags[page] & bus::DirectMemory::has_code;
    if (back && e.memory->writable && e.may_write() && !has_code)
        e.write_tag = e.linear | TlbEntry::cached;
}

void Core::after_stall() {
    if (cycle + (block_ ? block_->last_start : 0) >= limit) attention = true;
}

void Core::on_bus(const Operation* op, const bus::MemoryAccess& access) {
    bool blocked = false;
    const uint64_t at = cycle_at(op);
    stall(bus_.take(access, at, at < limit, blocked), Cause::memory_stall);
    blocked ? after_access(true) : after_stall();
}

void Core::by_cache(const Operation* op, bus::MemoryAccess access, MemoryType type) {
    if (!caches_->data || type == MemoryType::uncached) {
        on_bus(op, access);
        return;
    }
    const unsigned length = caches_->data->info().line;
    for (unsigned left = access.bytes; left > 0; left -= access.bytes) {
        access.bytes = std::min(left, length - static_cast<unsigned>(access.address % length));
        in_line(op, access, type);
        access.address += access.bytes;
        access.data >>= 8 * access.bytes;
    }
}

/// An access within one line.
void Core::in_line(const Operation* op, const bus::MemoryAccess& access, MemoryType type) {
    Cache& cache = *caches_->data;
    const auto physical = static_cast<uint32_t>(access.address);
    const bool no_fill = s.cr0 & cr0::cd;
    if (access.write && caches_->drop_code(physical)) attention = true;
    if (!found(op, cache, physical)) {
        if (no_fill || (access.write && !cache.info().allocate)) {
            beyond(op, access, type);
            return;
        }
        fill(op, cache, access.memory, physical, type);
    }
    if (!access.write) return;
    // With NW set only the cache is written (SDM volume 3, table 11-5).
    if (no_fill && (s.cr0 & cr0::nw)) return;
    uint32_t* tag = cache.find(physical);
    if (tag && type == MemoryType::back && cache.info().write_back && !(*tag & line::through))
        *tag |= line::modified;
    else
        beyond(op, access, type);
}

/// Looks a line up, and counts; what hits was used last.
bool Core::found(const Operation* op, Cache& cache, uint32_t physical) {
    uint32_t* tag = cache.find(physical);
    if (!tag) {
        ++cache.misses;
        return false;
    }
    ++cache.hits;
    cache.touch(tag);
    if (*tag & line::stale) {
        ++cache.stale_hits;
        note_stale(op, cache, physical,
                   "a hit on a line that a bus master wrote in memory without snooping: a real "
                   "processor gets old data");
    }
    return true;
}

void Core::note_stale(const Operation* op, Cache& cache, uint32_t physical, const char* what) {
    Simulation& sim = owner_.simulation();
    Simulation::LocalTime local{sim, clock_.cycles(cycle_at(op)) - sim.kernel_now()};
    cache.finding(what, [&] { return fmt::format("address {:#x}", physical); });
}

/// A write, or a read that fills nothing, goes past the first level.
void Core::beyond(const Operation* op, const bus::MemoryAccess& access, MemoryType type) {
    Cache* second = caches_->second;
    const auto physical = static_cast<uint32_t>(access.address);
    const bool write = access.write;
    if (!second) {
        on_bus(op, access);
        return;
    }
    const bool back = second->info().write_back && type == MemoryType::back;
    bool there = found(op, *second, physical);
    if (!there && write && back && second->info().allocate && !(s.cr0 & cr0::cd)) {
        fill(op, *second, access.memory, physical, type);
        there = true;
    }
    if (!there || (write && !back)) {
        on_bus(op, access);
        return;
    }
    if (write)
        if (uint32_t* tag = second->find(physical)) *tag |= line::modified;
    stall(second->info().clocks, Cause::memory_stall);
    after_stall();
}

/// Brings a line in, from the second level or from memory.
void Core::fill(const Operation* op, Cache& cache, const bus::DirectMemory& memory,
                uint32_t physical, MemoryType type) {
    make_room(op, cache, physical);
    const uint32_t at = cache.line_of(physical);
    Cache* second = caches_->second;
    if (second && &cache != second) {
        if (found(op, *second, physical)) {
            stall(second->info().clocks, Cause::memory_stall);
            after_stall();
        } else {
            fill(op, *second, memory, physical, type);
        }
    } else {
        const uint64_t began = cycle_at(op);
        on_bus(op, {memory, at, cache.info().line, false});
        const uint64_t end = cycle_at(op);
        cache.emit(clock_.cycles(began), "fill", at, clock_.cycles(end - began));
    }
    const bool back = type == MemoryType::back && cache.info().write_back;
    cache.insert(at, back ? 0 : line::through);
}

/// The line that has to go is written where the next level is.
void Core::make_room(const Operation* op, Cache& cache, uint32_t physical) {
    uint32_t* victim = cache.victim(physical);
    const uint32_t tag = *victim;
    if (!(tag & line::modified)) return;
    *victim &= ~line::modified;
    put_back(op, cache, tag);
}

void Core::put_back(const Operation* op, Cache& cache, uint32_t tag) {
    const uint32_t at = cache.line_of(tag);
    ++cache.write_backs;
    if (tag & line::stale)
        note_stale(op, cache, at,
                   "a modified line goes over what a bus master wrote without snooping: on a real "
                   "machine that is lost");
    Cache* second = caches_->second;
    if (second && &cache != second && second->info().write_back) {
        if (!second->find(at)) {
            make_room(op, *second, at);
            second->insert(at, 0);
        }
        if (uint32_t* below = second->find(at)) *below |= line::modified;
        return;
    }
    const bus::DirectMemory* memory = direct_at(at);
    if (!memory) return;  // it is not mapped any more
    const uint64_t began = cycle_at(op);
    uint64_t data = 0;
    std::memcpy(&data, host_of(*memory, at), sizeof data);
    on_bus(op, {*memory, at, cache.info().line, true, data});
    cache.emit(clock_.cycles(began), "write-back", at, clock_.cycles(cycle_at(op) - began));
}

/// The lines of a block's code, where they were not fetched last. False where that took time: the
/// kernel may have to have its turn first.
bool Core::fetch(Block* block) {
    block_ = block;
    const uint64_t before = cycle;
    for (const uint32_t at : block->code_lines)
        if (at != Caches::no_line && at != caches_->fetched[0]) fetch_line(at);
    if (cycle == before && !attention) return true;
    attention = true;
    return false;
}

void Core::fetch_line(uint32_t at) {
    caches_->fetched = {at, caches_->fetched[0]};
    const bus::DirectMemory* memory = direct_at(at & ~0xfffu);
    if (!memory) return;
    const uint32_t bits = s.cr0 & cr0::pg ? code_pages.find(s.segments[cs].base + s.eip) : 0;
    const MemoryType type = type_of(memory, at, bits);
    Cache* cache = type == MemoryType::uncached ? nullptr : caches_->code;
    if (cache && found(nullptr, *cache, at)) return;
    if (!cache || (s.cr0 & cr0::cd)) {
        // Word by word, as nothing is to be filled.
        const unsigned width = bus_.port().bus().timing().width;
        for (unsigned done = 0; done < caches_->fetch_bytes; done += width)
            on_bus(nullptr,
                   {*memory, at + done, std::min(width, caches_->fetch_bytes - done), false});
        return;
    }
    // What the data cache has of it and memory has not goes there first.
    if (caches_->split())
        if (uint32_t* tag = caches_->data->find(at); tag && (*tag & line::modified)) {
            const uint32_t was = *tag;
            *tag &= ~line::modified;
            put_back(nullptr, *caches_->data, was);
        }
    fill(nullptr, *cache, *memory, at, type);
}

/// WBINVD, and INVD, which writes nothing back.
void Core::flush_caches(bool write_back) {
    if (!caches_) return;
    bool lost = false;
    for (Cache* cache : {caches_->data, caches_->second}) {
        if (!cache) continue;
        for (size_t n = 0; n < cache->size(); ++n) {
            const uint32_t tag = cache->tag(n);
            if (!(tag & line::modified)) continue;
            lost = true;
            cache->tag(n) &= ~line::modified;
            if (write_back) put_back(nullptr, *cache, tag);
        }
    }
    if (lost && !write_back) {
        Simulation& sim = owner_.simulation();
        Simulation::LocalTime local{sim, local_time() - sim.kernel_now()};
        owner_.finding("INVD dropped modified lines: on a real processor their data is lost",
                       [&] { return fmt::format("EIP {:#x}", s.eip); });
    }
    caches_->clear();
    attention = true;
}

}  // namespace sb::cpu
