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
// them: present, writable and user (both levels' combined), dirty, large, global.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <vector>

namespace sb::cpu {

/// Bits of page table entries (SDM volume 3, 4.3).
namespace page {
constexpr uint32_t present = 1, writable = 2, user = 4, accessed = 0x20, dirty = 0x40, large = 0x80,
                   global = 0x100;
/// The same places in a page fault's error code.
constexpr uint32_t write = 2, reserved = 8;
constexpr uint32_t offset = 0xfff, large_offset = 0x3fffff;
}  // namespace page

/// Direct-mapped, so that the short way's entries (core.h) can be a subset at the same places.
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
    }
    void flush(bool keep_global) {
        for (uint32_t& v : values)
            if (!keep_global || !(v & page::global)) v = 0;
    }
    void forget(uint32_t linear) {
        for (unsigned n = 0; n < size; ++n) {
            const uint32_t mask = values[n] & page::large ? page::large_offset : page::offset;
            if ((tags[n] ^ linear) <= mask) values[n] = 0;
        }
    }

    std::array<uint32_t, size> tags{}, values{};
};

class CodeTlb {
  public:
    static constexpr size_t most = 4096;  // all are dropped when it is full

    uint32_t find(uint32_t linear) const {
        const auto found = pages_.find(linear & ~page::offset);
        return found == pages_.end() ? 0 : found->second;
    }
    /// False where everything else had to go.
    bool insert(uint32_t linear, uint32_t value) {
        const bool full = pages_.size() >= most;
        if (full) pages_.clear();
        pages_[linear & ~page::offset] = value;
        return !full;
    }
    void flush(bool keep_global) {
        std::erase_if(pages_,
                      [&](const auto& e) { return !keep_global || !(e.second & page::global); });
    }
    void forget(uint32_t linear) {
        std::erase_if(pages_, [&](const auto& e) {
            const uint32_t mask = e.second & page::large ? page::large_offset : page::offset;
            return (e.first ^ linear) <= mask;
        });
    }
    /// As bytes in a fixed order, for the saved machine.
    std::vector<uint8_t> bytes() const {
        std::vector<std::array<uint32_t, 2>> list;
        for (const auto& [linear, value] : pages_) list.push_back({linear, value});
        std::sort(list.begin(), list.end());
        std::vector<uint8_t> out(list.size() * 8);
        if (!list.empty()) std::memcpy(out.data(), list.data(), out.size());
        return out;
    }
    void restore(const std::vector<uint8_t>& from) {
        pages_.clear();
        for (size_t at = 0; at + 8 <= from.size(); at += 8) {
            uint32_t pair[2];
            std::memcpy(pair, from.data() + at, 8);
            pages_[pair[0]] = pair[1];
        }
    }

  private:
    std::unordered_map<uint32_t, uint32_t> pages_;
};

}  // namespace sb::cpu
