// SPDX-License-Identifier: Apache-2.0
//
// Time division: time is cut into slots of one length, and a table says whose each is, over and
// over from time 0. A master may begin only in a slot of its own, with a tenure that ends in it; a
// slot whose owner does not ask, or that is given to nobody, stays idle. A tenure that is longer than a
// whole slot begins at a slot's start and runs over: that happens only to accesses that can not be
// cut (a slow device), and delays the next owner by as much.
//
// The wait of a tenure that fits, where none runs over, is at most `longest_wait`.
#pragma once

#include <algorithm>

#include "bus/arbitration/policy.h"

namespace sb::bus {

class Tdma final : public ArbitrationPolicy {
  public:
    /// `owners` has at least one entry: indices, or Choice::nobody. `slot` is not zero.
    Tdma(std::vector<unsigned> owners, Time slot) : owners_{std::move(owners)}, slot_{slot} {}

    Choice choose(std::span<const Candidate> asking, unsigned, Time now) override {
        Choice choice;
        for (const Candidate& c : asking) {
            const Time at = earliest(c, now);
            if (at == now) return {c.index};
            choice.again = std::min(choice.again, at);
        }
        return choice;
    }
    bool by_time() const override { return true; }
    Time earliest(const Candidate& c, Time from) const override {
        const Time length = std::min(c.length, slot_);
        uint64_t number = from / slot_;
        if (owner(number) == c.index && slot_ * (number + 1) - from >= length) return from;
        for (size_t n = 0; n < owners_.size(); ++n)
            if (owner(++number) == c.index) return slot_ * number;
        return Time::max();
    }
    Time longest_tenure() const override { return slot_; }
    bool has_slot(unsigned index) const {
        return std::find(owners_.begin(), owners_.end(), index) != owners_.end();
    }
    /// From a moment at which a tenure of `length` just does not fit any more, to the master's next
    /// slot, over all of its slots. Zero where it has none.
    Time longest_wait(unsigned index, Time length) const {
        const size_t n = owners_.size();
        Time longest;
        for (size_t first = 0; first < n; ++first) {
            if (owners_[first] != index) continue;
            size_t next = 1;
            while (owners_[(first + next) % n] != index) ++next;
            // In two slots of its own in succession it waits for the second only.
            longest = std::max(longest, slot_ * (next - 1) + std::min(length, slot_));
        }
        return longest;
    }

  private:
    unsigned owner(uint64_t number) const { return owners_[number % owners_.size()]; }

    std::vector<unsigned> owners_;
    Time slot_;
};

}  // namespace sb::bus
