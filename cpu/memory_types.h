// SPDX-License-Identifier: Apache-2.0
//
// How a page of memory may be cached. Where the model has memory type range registers (p6), they
// say (Intel SDM volume 3, 11.11); else the board's KEN# does, which is asserted for RAM and for
// nothing else. Devices are never cached. The page tables' PCD and PWT then only take away (table
// 11-7 without PAT): PCD makes a page uncached, PWT makes write-back write-through.
//
// Write-combining ranges are uncached here: their stores are not gathered. Write-protected ones are
// write-through.
#pragma once

#include <algorithm>

#include "cpu/page_tlb.h"
#include "cpu/state.h"
#include "cpu/timing.h"

namespace sb::cpu {

enum class MemoryType : uint8_t { uncached = 0, combining = 1, through = 4, protect = 5, back = 6 };

class MemoryTypes {
  public:
    explicit MemoryTypes(const Model& model) : has_mtrrs_{model.has(Feature::mtrr)} {
        for (unsigned n = 0; n < model.msrs.size(); ++n) {
            const uint32_t number = model.msrs[n].number;
            if (number == 0x200) first_range_ = n;
            if (number == 0x250) fixed_64k_ = n;
            if (number == 0x258) fixed_16k_ = n;
            if (number == 0x268) fixed_4k_ = n;
            if (number == 0x2ff) default_ = n;
        }
    }

    /// Of the page at `physical`, which is memory; `bits` are the page tables'.
    MemoryType of(const State& s, uint32_t physical, bool ram, uint32_t bits) const {
        if (bits & page::cache_disable) return MemoryType::uncached;
        MemoryType type = has_mtrrs_ ? by_mtrr(s, physical)
                          : ram      ? MemoryType::back
                                     : MemoryType::uncached;
        if (type == MemoryType::combining) type = MemoryType::uncached;
        if (type == MemoryType::protect) type = MemoryType::through;
        if (type == MemoryType::back && (bits & page::write_through)) type = MemoryType::through;
        return type;
    }
    /// What firmware leaves, for a guest that is loaded without any: memory is write-back.
    void set_as_firmware(State& s) const {
        if (has_mtrrs_) s.msr[default_] = enable | uint64_t{6};
    }

  private:
    static constexpr uint64_t enable = 1u << 11, fixed_enable = 1u << 10, range_valid = 1u << 11;

    static unsigned byte_of(uint64_t v, unsigned n) { return v >> (8 * n) & 7; }
    /// 11.11.2.2: eight ranges of 64 KiB, then sixteen of 16 KiB, then sixty-four of 4 KiB.
    unsigned fixed(const State& s, uint32_t at) const {
        if (at < 0x80000) return byte_of(s.msr[fixed_64k_], at >> 16);
        if (at < 0xc0000)
            return byte_of(s.msr[fixed_16k_ + (at - 0x80000) / 0x20000], at >> 14 & 7);
        return byte_of(s.msr[fixed_4k_ + (at - 0xc0000) / 0x8000], at >> 12 & 7);
    }
    /// 11.11.4.1: uncached wins, then write-through over write-back; other overlaps are undefined,
    /// and the lower type wins here.
    MemoryType by_mtrr(const State& s, uint32_t at) const {
        const uint64_t control = s.msr[default_];
        if (!(control & enable)) return MemoryType::uncached;
        if ((control & fixed_enable) && at < 0x100000) return MemoryType(fixed(s, at));
        unsigned type = 8;
        for (unsigned n = 0; n < 8; ++n) {
            const uint64_t base = s.msr[first_range_ + 2 * n];
            const uint64_t mask = s.msr[first_range_ + 2 * n + 1];
            if ((mask & range_valid) && ((at ^ base) & mask & ~uint64_t{0xfff}) == 0)
                type = std::min(type, static_cast<unsigned>(base & 7));
        }
        return MemoryType(type < 8 ? type : control & 7);
    }

    const bool has_mtrrs_;
    unsigned first_range_ = 0, fixed_64k_ = 0, fixed_16k_ = 0, fixed_4k_ = 0, default_ = 0;
};

}  // namespace sb::cpu
