// SPDX-License-Identifier: Apache-2.0
//
// What lets most accesses do without a look at segments' rights, page tables, the map of memory and
// watchers: host pointers by page of linear addresses, for the supervisor and for the user; and
// what lets most jumps find their block by one look. All of it can be dropped at any time.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "cpu/memory_types.h"
#include "cpu/operation.h"
#include "cpu/page_tlb.h"

namespace sb::bus {
struct DirectMemory;
}

namespace sb::cpu {

/// A page of linear addresses. The tags allow the short way; `linear` says what the entry is of.
struct TlbEntry {
    static constexpr uint32_t no_tag = 1;
    static constexpr uint32_t cached = 2;  // in a tag: allowed where the cache has the line

    uint32_t read_tag = no_tag;
    uint32_t write_tag = no_tag;
    uint8_t* page = nullptr;
    bus::DirectMemory* memory = nullptr;  // null: no memory, or not a whole page of it
    uint32_t linear = no_tag;
    // The physical page; bit 0: the page tables allow writing; bits 4 to 6: the memory type.
    uint32_t what = 0;

    uint32_t physical() const { return what & ~cpu::page::offset; }
    bool may_write() const { return what & 1; }
    MemoryType type() const { return MemoryType(what >> 4 & 7); }
};

class ShortWay {
  public:
    static constexpr unsigned size = 1024;
    static unsigned index(uint32_t linear) { return linear >> 12 & (size - 1); }

    TlbEntry* half(bool user) { return entries_[user].data(); }
    /// To be called where an entry is filled: only those are looked at when all are dropped.
    void filled(bool user, unsigned index) {
        const unsigned n = user * size + index;
        used_[n / 64] |= uint64_t{1} << n % 64;
    }
    void flush() {
        for_used([](TlbEntry& e) { e = TlbEntry{}; });
        used_ = {};
    }
    void forget(uint32_t linear) {
        for (auto& half : entries_) half[index(linear)] = TlbEntry{};
    }
    template <typename F>
    void for_used(F&& f) {
        for (size_t word = 0; word < used_.size(); ++word)
            for (uint64_t left = used_[word]; left; left &= left - 1) {
                const size_t n = word * 64 + static_cast<size_t>(std::countr_zero(left));
                f(entries_[n / size][n % size]);
            }
    }

  private:
    std::array<std::array<TlbEntry, size>, 2> entries_{};
    std::array<uint64_t, 2 * size / 64> used_{};
};

/// Blocks by linear address.
struct JumpCache {
    static constexpr unsigned size = 4096;
    struct Jump {
        uint32_t linear = 0;
        uint32_t context = 0;  // in which it is sure what the address means
        Block* block = nullptr;
        uint64_t drops = 0;  // of blocks, before it: the block is still there while none came
    };
    Jump& at(uint32_t linear) { return jumps[(linear ^ linear >> 12) % size]; }
    std::array<Jump, size> jumps{};
};

}  // namespace sb::cpu
