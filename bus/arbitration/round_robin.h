// SPDX-License-Identifier: Apache-2.0
//
// Round robin: the first that asks, going around from the one after the last owner. Whoever asks
// waits for at most one tenure of each other master. Priorities and weights do not matter.
#pragma once

#include "bus/arbitration/policy.h"

namespace sb::bus {

/// The first of `asking`, which is in the order of the indices, after index `last`.
inline const Candidate& next_around(std::span<const Candidate> asking, unsigned last) {
    if (last != Choice::nobody)
        for (const Candidate& c : asking)
            if (c.index > last) return c;
    return asking.front();
}

class RoundRobin final : public ArbitrationPolicy {
  public:
    Choice choose(std::span<const Candidate> asking, unsigned last, Time) override {
        return {next_around(asking, last).index};
    }
};

}  // namespace sb::bus
