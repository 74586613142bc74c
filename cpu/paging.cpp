// SPDX-License-Identifier: Apache-2.0
//
// Paging: the walk of the page tables, its faults and its marks, and what is remembered of it.
// Source: Intel SDM volume 3, 4.3 (32-bit paging), 4.6 (rights), 4.7 (page faults), 4.8 (accessed
// and dirty), 4.10 (TLBs).
//
// A walk reads the directory entry, sets its accessed bit where it is clear, and reads the table
// entry; that one is marked only once the access is known to be allowed. An access that crosses a
// page has both pages walked before either is touched; where the second faults, the first may be
// marked dirty without having been written, which the SDM allows (4.8).
//
// The tables are read and written as memory: in bus time where the cache is off; where CR3 or a
// directory entry points at a device, by transactions; where it points nowhere, as all ones.
#include "cpu/core.h"

namespace sb::cpu {
namespace {

/// What a supervisor may write is a matter of CR0.WP; reading and fetching is always allowed to it.
bool allowed(uint32_t rights, uint32_t intent, bool write_protect) {
    if ((intent & page::user) && !(rights & page::user)) return false;
    if (!(intent & page::write) || (rights & page::writable)) return true;
    return !(intent & page::user) && !write_protect;
}

}  // namespace

void Core::refresh_mode() {
    user_ = s.cpl == 3 ? page::user : 0;
    tlb_now_ = tlb_.half(s.cpl == 3);
    context_ = epoch_ << 2 | uint32_t{s.segments[cs].big} << 1 | uint32_t{s.cpl == 3};
    // With caches each block's lines have to be looked up: the run loop goes from block to block.
    chain_context_ = caches_ ? no_context : context_;
}

/// What blocks were found by linear address may be wrong now.
void Core::new_epoch() {
    // Old numbers come back after so many: nothing may be left that bears one.
    if (++epoch_ == 1u << 30) {
        epoch_ = 1;
        jumps_ = JumpCache{};
        blocks_.clear();
        previous_ = nullptr;
        attention = true;
    }
    refresh_mode();
}

void Core::flush_short_way() { tlb_.flush(); }

void Core::flush_tlb(bool keep_global) {
    data_pages.flush(keep_global);
    code_pages.flush(keep_global);
    flush_short_way();
    new_epoch();
}

/// Blocks are found by linear address only while the page is in the code TLB, so where it was not
/// there nothing has changed for them.
void Core::invalidate_page(uint32_t linear) {
    const bool large = data_pages.has_large();
    data_pages.forget(linear);
    large ? tlb_.flush() : tlb_.forget(linear);
    if (code_pages.forget(linear)) new_epoch();
}

void Core::set_cr3(uint32_t v) {
    s.cr3 = v;
    flush_tlb(s.cr4 & cr4::pge);
}

void Core::set_cr4(uint32_t v) {
    if (v & ~model.cr4_mask()) fault(general_protection);
    const uint32_t changed = s.cr4 ^ v;
    s.cr4 = v;
    if (changed & cr4::de) refresh_breakpoints();
    if (changed & (cr4::pse | cr4::pge)) flush_tlb(false);
}

void Core::page_fault_at(const Operation* op, uint32_t linear, uint32_t error) {
    // CR2 changes before the fault is delivered, and stays changed if that fails (4.7).
    if (op) commit(op);
    s.cr2 = linear;
    fault(page_fault, error);
}

/// Reads a table entry, or sets bits in it: read again and written under LOCK# (SDM volume 3, 8.1.2.1).
uint32_t Core::table_access(const Operation* op, uint32_t physical, uint32_t set) {
    physical &= s.a20_mask;
    bus::DirectMemory* memory = direct_at(physical);
    const auto table_type = [&](const bus::DirectMemory* m) {
        return caches_ ? type_of(m, physical & ~page::offset, 0) : MemoryType::uncached;
    };
    const bool locks =
        set && memory && memory->writable && locks_bus() && locked_writes_ == 0;
    if (memory && memory_on_bus_) {
        if (locks) lock_bus(1);
        charge(op, *memory, physical, 4, false, table_type(memory));
        memory = direct_at(physical);  // the map may have changed while the bus was awaited
    }
    if (locks && (!memory || !memory->writable)) written_locked(cycle_at(op));
    if (!memory) {
        if (!set) return device_access(op, false, physical, 0, 4);
        return device_access(op, true, physical, set | device_access(op, false, physical, 0, 4), 4);
    }
    uint32_t v;
    std::memcpy(&v, host_of(*memory, physical), 4);
    if (!set || !memory->writable) return v;
    v |= set;
    const uint64_t began = cycle_at(op);
    charge(op, *memory, physical, 4, true, table_type(memory), v);
    if (locks) written_locked(began);
    memory = direct_at(physical);
    if (!memory || !memory->writable) return v;
    std::memcpy(host_of(*memory, physical), &v, 4);
    overwritten(*memory, physical, 4);
    return v;
}

/// The entry for one page, as page_tlb.h has it. `intent` is the error code's W and U bits.
uint32_t Core::walk(const Operation* op, uint32_t linear, uint32_t intent) {
    const bool protect = s.cr0 & cr0::wp;
    const uint32_t directory_at = (s.cr3 & ~page::offset) + (linear >> 22) * 4;
    const uint32_t directory = table_access(op, directory_at, 0);
    if (!(directory & page::present)) page_fault_at(op, linear, intent);
    const uint32_t marks = page::accessed | (intent & page::write ? page::dirty : 0);
    const uint32_t global = s.cr4 & cr4::pge ? page::global : 0;
    constexpr uint32_t kept = page::present | page::writable | page::user;
    constexpr uint32_t caching = page::write_through | page::cache_disable;
    if ((directory & page::large) && (s.cr4 & cr4::pse)) {
        // Bits 21 to 13 are reserved, and checked where PSE is on (table 4-4).
        if (directory & 0x003fe000)
            page_fault_at(op, linear, intent | page::present | page::reserved);
        if (!allowed(directory, intent, protect)) page_fault_at(op, linear, intent | page::present);
        if ((directory & marks) != marks) table_access(op, directory_at, marks);
        return (directory & ~page::large_offset) | (linear & page::large_offset & ~page::offset) |
               (directory & (kept | caching | page::large | global | page::dirty)) |
               (marks & page::dirty);
    }
    if (!(directory & page::accessed)) table_access(op, directory_at, page::accessed);
    const uint32_t entry_at = (directory & ~page::offset) + (linear >> 12 & 0x3ff) * 4;
    const uint32_t entry = table_access(op, entry_at, 0);
    if (!(entry & page::present)) page_fault_at(op, linear, intent);
    const uint32_t rights = (directory & entry & kept) | (entry & (global | caching | page::dirty));
    if (!allowed(rights, intent, protect)) page_fault_at(op, linear, intent | page::present);
    if ((entry & marks) != marks) table_access(op, entry_at, marks);
    return (entry & ~page::offset) | rights | (marks & page::dirty);
}

/// A data access's translation: the entry that allows it.
uint32_t Core::data_page(const Operation* op, uint32_t linear, bool write) {
    const uint32_t intent = user_ | (write ? page::write : 0);
    const uint32_t known = data_pages.find(linear);
    const bool clean = write && !(known & page::dirty);
    if (known && !clean && allowed(known, intent, s.cr0 & cr0::wp)) return known;
    const uint32_t value = walk(op, linear, intent);
    tlb_.forget(data_pages.page_at(linear));
    tlb_.forget(linear);
    data_pages.insert(linear, value);
    return value;
}

/// The physical page that code at `linear` is fetched from. Sets `attention` where it took time.
uint32_t Core::fetch_page(uint32_t linear) {
    if (!(s.cr0 & cr0::pg)) return linear & ~page::offset & s.a20_mask;
    uint32_t value = code_pages.find(linear);
    if (!value || !allowed(value, user_, false)) {
        const uint64_t before = cycle;
        value = walk(nullptr, linear, user_);
        if (!code_pages.insert(linear, value)) new_epoch();
        if (cycle != before) attention = true;
    }
    return value & ~page::offset & s.a20_mask;
}

/// The same without time, faults or marks, for those who only look; false where nothing is mapped.
bool Core::peek_page(uint32_t linear, uint32_t& physical) {
    physical = linear & ~page::offset & s.a20_mask;
    if (!(s.cr0 & cr0::pg)) return true;
    auto look = [&](uint32_t at) {
        uint32_t v = 0;
        bus_.peek(at & s.a20_mask, reinterpret_cast<uint8_t*>(&v), 4);
        return v;
    };
    const uint32_t directory = look((s.cr3 & ~page::offset) + (linear >> 22) * 4);
    if (!(directory & page::present)) return false;
    uint32_t found = (directory & ~page::large_offset) | (linear & page::large_offset);
    if (!(directory & page::large) || !(s.cr4 & cr4::pse)) {
        found = look((directory & ~page::offset) + (linear >> 12 & 0x3ff) * 4);
        if (!(found & page::present)) return false;
    }
    physical = found & ~page::offset & s.a20_mask;
    return true;
}

}  // namespace sb::cpu
