// SPDX-License-Identifier: Apache-2.0
//
// What the processor remembers of the page tables: translations of data accesses and of instruction
// fetches, each filled by a page walk (paging.cpp). It is architectural state, saved with the
// machine: the page tables may change without it (SDM volume 3, 4.10), and with the cache off a
// walk takes bus time, so what hits must be the same whatever mode the simulator runs in.
//
// What may be stale: any entry, until INVLPG of its page, a load of CR3 (which global pages
// survive), or a change of CR0.PG, CR4.PSE or CR4.PGE. An entry never gives more rights than the
// tables gave when it was filled; where it gives too few, and where a write finds the dirty bit
// clear, the tables are walked again, so a change that only adds rights needs no INVLPG. The sizes
// are not those of a real part: 256 pages of data, by address; up to 4096 of code. A 4 MiB page
// takes an entry for each 4 KiB of it that is used.
//
// An entry is the physical page with these bits of the tables' below it, all as the tables have
// them: present, writable and user (both levels' combined), write-through and cache disable (the
// last level's), dirty, large, global.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

namespace sb::cpu {

/// Bits of page table entries (SDM volume 3, 4.3).
namespace page {
constexpr uint32_t present = 1, writable = 2, user = 4, write_through = 8, cache_disable = 0x10,
                   accessed = 0x20, dirty = 0x40, large = 0x80, global = 0x100;
/// The same places in a page fault's error code.
constexpr uint32_t write = 2, reserved = 8;
constexpr uint32_t offset = 0xfff, large_offset = 0x3fffff;
}  // namespace page

/// Direct-mapped. With paging on, the short way (short_way.h) knows no page that is not in here.
class DataTlb {
  public:
    static constexpr unsigned size = 256;
    static unsigned index(uint32_t linear) { return linear >> 12 & (size - 1); }

    /// 0 where the page is not known.
    uint32_t find(uint32_t linear) const {
        const unsigned n = index(linear);
        return tags[n] == (linear & ~page::offset) ? values[n] : 0;
    }
    void insert(uint32_t linear, uint32_t value) {
        tags[index(linear)] = linear & ~page::offset;
        values[index(linear)] = value;
        has_large_ |= (value & page::large) != 0;
    }
    void flush(bool keep_global) {
        if (!keep_global) {
            values.fill(0);
            has_large_ = false;
            return;
        }
        for (uint32_t& v : values)
            if (!(v & page::global)) v = 0;
    }
    void forget(uint32_t linear) {
        if (!has_large_) {
            const unsigned n = index(linear);
            if (tags[n] == (linear & ~page::offset)) values[n] = 0;
            return;
        }
        for (unsigned n = 0; n < size; ++n) {
            const uint32_t mask = values[n] & page::large ? page::large_offset : page::offset;
            if ((tags[n] ^ linear) <= mask) values[n] = 0;
        }
    }
    /// The page that makes room for this one.
    uint32_t page_at(uint32_t linear) const { return tags[index(linear)]; }
    /// Some entry may be of a part of a 4 MiB page.
    bool has_large() const { return has_large_; }
    /// The arrays were restored from a saved machine.
    void restored() { has_large_ = true; }

    std::array<uint32_t, size> tags{}, values{};

  private:
    bool has_large_ = false;
};

/// A hash table with linear probing: finding, adding and dropping one take a few steps, dropping
/// all as many as there are.
class CodeTlb {
  public:
    static constexpr size_t most = 4096;  // all are dropped when it is full

    uint32_t find(uint32_t linear) const {
        const Slot& slot = slots_[place(linear)];
        return slot.value;  // 0 in an empty one
    }
    /// False where everything else had to go.
    bool insert(uint32_t linear, uint32_t value) {
        const bool full = live_ >= most;
        if (full || used_.size() >= most + most / 2) full ? clear() : compact();
        Slot& slot = slots_[place(linear)];
        if (!slot.taken) used_.push_back(static_cast<uint16_t>(&slot - slots_.data()));
        live_ += slot.value == 0;
        slot = {linear & ~page::offset, value, true};
        has_large_ |= (value & page::large) != 0;
        return !full;
    }
    /// True where any was dropped.
    bool flush(bool keep_global) {
        const bool any = live_ != 0;
        if (!keep_global) {
            clear();
            return any;
        }
        return drop_where([](const Slot& slot) { return !(slot.value & page::global); });
    }
    bool forget(uint32_t linear) {
        if (has_large_)
            return drop_where([linear](const Slot& slot) {
                const uint32_t mask = slot.value & page::large ? page::large_offset : page::offset;
                return (slot.linear ^ linear) <= mask;
            });
        Slot& slot = slots_[place(linear)];
        const bool known = slot.value != 0;
        slot.value = 0;
        live_ -= known;
        return known;
    }
    /// As bytes in a fixed order, for the saved machine.
    std::vector<uint8_t> bytes() const {
        std::vector<std::array<uint32_t, 2>> list;
        for (const uint16_t n : used_)
            if (slots_[n].value) list.push_back({slots_[n].linear, slots_[n].value});
        std::sort(list.begin(), list.end());
        std::vector<uint8_t> out(list.size() * 8);
        if (!list.empty()) std::memcpy(out.data(), list.data(), out.size());
        return out;
    }
    void restore(const std::vector<uint8_t>& from) {
        clear();
        for (size_t at = 0; at + 8 <= from.size() && live_ < most; at += 8) {
            uint32_t pair[2];
            std::memcpy(pair, from.data() + at, 8);
            if (pair[1]) insert(pair[0], pair[1]);
        }
    }

  private:
    static constexpr size_t size = 4 * most;  // at most three eighths of it are taken
    struct Slot {
        uint32_t linear = 0;
        uint32_t value = 0;  // 0: dropped, or never used
        bool taken = false;
    };

    /// Where a page is, or would be.
    size_t place(uint32_t linear) const {
        const uint32_t page = linear & ~page::offset;
        size_t n = (page >> 12) * 2654435761u >> 18 & (size - 1);
        while (slots_[n].taken && slots_[n].linear != page) n = (n + 1) & (size - 1);
        return n;
    }
    void clear() {
        for (const uint16_t n : used_) slots_[n] = Slot{};
        used_.clear();
        live_ = 0;
        has_large_ = false;
    }
    /// Makes the slots of dropped pages free again.
    void compact() {
        const std::vector<uint8_t> kept = bytes();
        restore(kept);
    }
    template <typename Which>
    bool drop_where(Which&& which) {
        const size_t before = live_;
        for (const uint16_t n : used_) {
            if (!slots_[n].value || !which(slots_[n])) continue;
            slots_[n].value = 0;
            --live_;
        }
        return live_ != before;
    }

    std::vector<Slot> slots_ = std::vector<Slot>(size);
    std::vector<uint16_t> used_;  // every taken slot
    size_t live_ = 0;
    bool has_large_ = false;
};

}  // namespace sb::cpu
