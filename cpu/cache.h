// SPDX-License-Identifier: Apache-2.0
//
// One cache as tags: which lines are there, and in which state. The data is always in memory, so it
// is right whatever the tags say; only time follows from them.
//
// A line's tag is its physical address with its state in the low bits, which a line address leaves
// free (lines have 16 bytes or more). An access is within one line. The hit path is a comparison a
// way and two operations on the set's replacement state, which is made so that touching a line
// that was touched last changes nothing: what hits in between can be left out.
//
// Replacement: pseudo-LRU by a binary tree of ways - 1 bits a set (Intel486 data book, 5.4: three
// bits for four ways), or exact LRU by a matrix of ways x ways bits, where a way's row is set and
// its column cleared when it is used, and the way whose row is empty is the oldest. A way that is
// empty is taken first.
//
// A line that another master wrote in memory while nobody snooped is stale. The real part would
// give old data; here that is a finding.
#pragma once

#include <cstdint>
#include <vector>

#include "cpu/timing.h"
#include "sim/kernel/counter.h"
#include "sim/observe/stream.h"

namespace sb::cpu {

/// States of a line, in its tag. Valid alone is MESI's E, or what a write-through cache has.
namespace line {
constexpr uint32_t valid = 1, modified = 2;
constexpr uint32_t through = 4;  // of a write-through page: MESI's S
constexpr uint32_t stale = 8;    // memory under it was written by a master that nobody snooped
}  // namespace line

class Cache final : public Component {
  public:
    static constexpr unsigned most_ways = 8;

    /// Throws `Error` where the geometry is none: sizes, ways and lines are powers of two.
    Cache(Simulation& sim, observe::Stream& stream, const std::string& name,
          const std::string& path, const CacheInfo& info);

    // ---- The hit path.

    bool read_hit(uint32_t address) {
        const uint32_t want = (address & line_mask_) | line::valid;
        const uint32_t set = set_of(address);
        const uint32_t* tag = &tags_[set * ways_];
        for (unsigned way = 0; way < ways_; ++way)
            if ((tag[way] & ~(line::modified | line::through)) == want) {
                touch(set, way);
                ++hits;
                return true;
            }
        return false;
    }
    /// A write that changes nothing but the data: the line is modified already.
    bool write_hit(uint32_t address) {
        const uint32_t want = (address & line_mask_) | line::valid | line::modified;
        const uint32_t set = set_of(address);
        const uint32_t* tag = &tags_[set * ways_];
        for (unsigned way = 0; way < ways_; ++way)
            if (tag[way] == want) {
                touch(set, way);
                ++hits;
                return true;
            }
        return false;
    }
    bool within_line(uint32_t address, unsigned size) const {
        return ((address ^ (address + size - 1)) & line_mask_) == 0;
    }

    // ---- Looking and changing.

    const CacheInfo& info() const { return info_; }
    uint32_t line_of(uint32_t address) const { return address & line_mask_; }
    /// The tag of the line, or null; valid until the cache changes. Counts nothing.
    uint32_t* find(uint32_t address);
    void touch(const uint32_t* tag) {
        const auto n = static_cast<size_t>(tag - tags_.data());
        touch(static_cast<uint32_t>(n / ways_), static_cast<unsigned>(n % ways_));
    }
    /// The place that the line would take. What is there, if anything, must go first.
    uint32_t* victim(uint32_t address);
    /// Puts it there, as the line used last.
    void insert(uint32_t address, uint32_t state);
    /// Drops all lines.
    void clear();
    /// All tags, one by one.
    size_t size() const { return tags_.size(); }
    uint32_t& tag(size_t n) { return tags_[n]; }
    void emit(Time at, const char* action, uint32_t address, Time duration);

    Counter hits, misses, write_backs, snoop_hits, stale_hits, stale_reads;

  private:
    uint32_t set_of(uint32_t address) const { return address >> line_shift_ & set_mask_; }
    void touch(uint32_t set, unsigned way) {
        uint64_t& order = order_[set];
        order = (order | set_bits_[way]) & keep_bits_[way];
    }
    unsigned oldest(uint32_t set) const;

    const CacheInfo info_;
    observe::Probe probe_;
    unsigned ways_, line_shift_;
    uint32_t line_mask_, set_mask_;
    uint64_t set_bits_[most_ways], keep_bits_[most_ways];
    std::vector<uint32_t> tags_;   // by set and way
    std::vector<uint64_t> order_;  // by set: its replacement state
};

}  // namespace sb::cpu
