// SPDX-License-Identifier: Apache-2.0
#include "cpu/cache.h"

#include <fmt/format.h>

#include <bit>

#include "sim/kernel/error.h"

namespace sb::cpu {

Cache::Cache(Simulation& sim, observe::Stream& stream, const std::string& name,
             const std::string& path, const CacheInfo& info)
    : Component{sim, name},
      hits{*this, "hits", "accesses", "look-ups that found their line"},
      misses{*this, "misses", "accesses", "look-ups that did not"},
      write_backs{*this, "write_backs", "lines",
                  "modified lines written to memory or the next level"},
      snoop_hits{*this, "snoop_hits", "lines", "lines found by another master's bursts"},
      stale_hits{*this, "stale_hits", "accesses",
                 "hits on lines that a master wrote in memory without being snooped"},
      stale_reads{*this, "stale_reads", "lines",
                  "modified lines under which a master read memory without being snooped"},
      info_{info},
      probe_{stream, path},
      ways_{info.ways} {
    const bool lines = std::has_single_bit(info.line) && info.line >= 16 && info.line <= 128;
    const bool ways = std::has_single_bit(info.ways) && info.ways <= most_ways;
    if (!lines || !ways || !std::has_single_bit(info.bytes) ||
        info.bytes < uint64_t{info.ways} * info.line || info.bytes > 16u << 20)
        throw Error(fmt::format(
            "{}: a cache of {} bytes, {} ways and lines of {} bytes can not be: all are powers of "
            "two, with lines of 16 to 128 bytes, 1 to {} ways, and at most 16 MiB",
            path, info.bytes, info.ways, info.line, most_ways));
    const auto sets = static_cast<uint32_t>(info.bytes / info.line / info.ways);
    line_shift_ = static_cast<unsigned>(std::countr_zero(info.line));
    line_mask_ = ~(info.line - 1);
    set_mask_ = sets - 1;
    tags_.resize(size_t{sets} * ways_);
    order_.resize(sets);
    for (unsigned way = 0; way < ways_; ++way) {
        uint64_t set = 0, clear = 0;
        if (info.exact_lru) {
            for (unsigned other = 0; other < ways_; ++other) {
                set |= uint64_t{1} << (way * most_ways + other);
                clear |= uint64_t{1} << (other * most_ways + way);
            }
        } else {
            // The nodes from the root to the way, as in a heap; each then points away from it.
            for (unsigned node = way + ways_; node > 1; node /= 2)
                (node & 1 ? clear : set) |= uint64_t{1} << (node / 2);
        }
        set_bits_[way] = set;
        keep_bits_[way] = ~clear;
    }
    declare_state("tags", [this](Archive& a) {
        a.sparse("tags", {reinterpret_cast<uint8_t*>(tags_.data()), tags_.size() * 4});
        a.sparse("order", {reinterpret_cast<uint8_t*>(order_.data()), order_.size() * 8});
    });
}

uint32_t* Cache::find(uint32_t address) {
    const uint32_t want = (address & line_mask_) | line::valid;
    uint32_t* tag = &tags_[set_of(address) * ways_];
    for (unsigned way = 0; way < ways_; ++way)
        if ((tag[way] & (line_mask_ | line::valid)) == want) return tag + way;
    return nullptr;
}

unsigned Cache::oldest(uint32_t set) const {
    const uint64_t order = order_[set];
    if (info_.exact_lru) {
        for (unsigned way = 0; way < ways_; ++way)
            if ((order >> (way * most_ways) & 0xff) == 0) return way;
        return 0;
    }
    unsigned node = 1;
    while (node < ways_) node = 2 * node + (order >> node & 1);
    return node - ways_;
}

uint32_t* Cache::victim(uint32_t address) {
    const uint32_t set = set_of(address);
    uint32_t* tag = &tags_[set * ways_];
    for (unsigned way = 0; way < ways_; ++way)
        if (!(tag[way] & line::valid)) return tag + way;
    return tag + oldest(set);
}

void Cache::insert(uint32_t address, uint32_t state) {
    uint32_t* tag = victim(address);
    *tag = (address & line_mask_) | line::valid | state;
    touch(tag);
}

void Cache::clear() {
    std::fill(tags_.begin(), tags_.end(), 0);
    std::fill(order_.begin(), order_.end(), 0);
}

void Cache::emit(Time at, const char* action, uint32_t address, Time duration) {
    if (!probe_.wants(observe::Kind::cache)) return;
    probe_.emit(at, observe::Kind::cache, probe_.stream().intern(action), address, duration.ps());
}

}  // namespace sb::cpu
