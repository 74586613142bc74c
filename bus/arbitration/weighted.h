// SPDX-License-Identifier: Apache-2.0
//
// Weighted round robin by tenures. In a round each master may have as many tenures as its weight.
// The turn goes around, one tenure each, among those that ask and have tenures left; when nobody
// who asks has any, a new round begins for all. So masters that always ask share the tenures (not
// the bytes or the time) in the ratio of their weights, and one that pauses keeps its share until
// the round ends. Whoever asks waits for at most as many tenures as the others' weights sum to, and
// one more of each.
//
// Tenures that began while nobody else asked never came here, and cost nothing of a share.
#pragma once

#include <cstring>

#include "bus/arbitration/round_robin.h"

namespace sb::bus {

class Weighted final : public ArbitrationPolicy {
  public:
    Choice choose(std::span<const Candidate> asking, unsigned last, Time) override {
        const Candidate* next = turn(asking, last);
        if (!next) {
            used_.assign(used_.size(), 0);
            next = turn(asking, last);
        }
        if (!next) next = &asking.front();  // a weight of 0
        if (next->index >= used_.size()) used_.resize(next->index + 1, 0);
        ++used_[next->index];
        return {next->index};
    }
    void archive(Archive& archive) override {
        std::vector<uint8_t> bytes(used_.size() * sizeof(uint32_t));
        if (!bytes.empty()) std::memcpy(bytes.data(), used_.data(), bytes.size());
        archive.blob("used", bytes, most_masters * sizeof(uint32_t));
        used_.resize(bytes.size() / sizeof(uint32_t));
        if (!used_.empty())
            std::memcpy(used_.data(), bytes.data(), used_.size() * sizeof(uint32_t));
    }

  private:
    static constexpr size_t most_masters = 4096;

    bool left(const Candidate& c) const {
        return c.weight > (c.index < used_.size() ? used_[c.index] : 0);
    }
    /// Who has tenures left, going around from the one after `last`; null where nobody has.
    const Candidate* turn(std::span<const Candidate> asking, unsigned last) const {
        const Candidate* first = nullptr;
        for (const Candidate& c : asking) {
            if (!left(c)) continue;
            if (last != Choice::nobody && c.index > last) return &c;
            if (!first) first = &c;
        }
        return first;
    }

    std::vector<uint32_t> used_;  // tenures of this round, by index
};

}  // namespace sb::bus
