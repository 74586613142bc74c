// SPDX-License-Identifier: Apache-2.0
//
// A flat hash map from 32-bit numbers to 32-bit values: open addressing, linear probing, deletion
// by shifting back, so that it needs no tombstones and allocates only when it grows. At most half
// of it is in use.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace sb::observe {

class NumberMap {
  public:
    static constexpr uint32_t none = ~uint32_t{0};  // no value

    uint32_t find(uint32_t number) const {
        for (size_t at = home(number);; at = (at + 1) & mask_) {
            const Entry& entry = entries_[at];
            if (entry.value == none || entry.number == number) return entry.value;
        }
    }
    /// The number is not there yet; the value is not `none`.
    void insert(uint32_t number, uint32_t value) {
        if (2 * ++size_ > entries_.size()) grow();
        place(number, value);
    }
    /// The number is there.
    void erase(uint32_t number) {
        size_t hole = home(number);
        while (entries_[hole].number != number || entries_[hole].value == none)
            hole = (hole + 1) & mask_;
        for (size_t at = (hole + 1) & mask_; entries_[at].value != none; at = (at + 1) & mask_) {
            // It may move where its home is not between the hole and itself.
            if (((at - home(entries_[at].number)) & mask_) < ((at - hole) & mask_)) continue;
            entries_[hole] = entries_[at];
            hole = at;
        }
        entries_[hole].value = none;
        --size_;
    }
    size_t size() const { return size_; }

  private:
    struct Entry {
        uint32_t number = 0;
        uint32_t value = none;
    };
    /// Fibonacci hashing: 2^32 over the golden ratio. Numbers of a station follow each other.
    size_t home(uint32_t number) const { return (number * 0x9e3779b1u >> 7) & mask_; }
    void place(uint32_t number, uint32_t value) {
        size_t at = home(number);
        while (entries_[at].value != none) at = (at + 1) & mask_;
        entries_[at] = {number, value};
    }
    void grow() {
        std::vector<Entry> old = std::exchange(entries_, std::vector<Entry>(entries_.size() * 2));
        mask_ = entries_.size() - 1;
        for (const Entry& entry : old)
            if (entry.value != none) place(entry.number, entry.value);
    }

    static constexpr size_t first_entries = 1024;
    std::vector<Entry> entries_ = std::vector<Entry>(first_entries);
    size_t mask_ = first_entries - 1;
    size_t size_ = 0;
};

}  // namespace sb::observe
