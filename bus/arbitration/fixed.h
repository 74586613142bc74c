// SPDX-License-Identifier: Apache-2.0
//
// Fixed priority: the smallest number wins; among equals who waited longest. Promises nothing to
// those of low priority: a master that always asks starves them.
#pragma once

#include "bus/arbitration/policy.h"

namespace sb::bus {

class FixedPriority final : public ArbitrationPolicy {
  public:
    Choice choose(std::span<const Candidate> asking, unsigned, Time) override {
        const Candidate* best = &asking.front();
        for (const Candidate& c : asking)
            if (c.priority < best->priority ||
                (c.priority == best->priority && c.since < best->since))
                best = &c;
        return {best->index};
    }
};

}  // namespace sb::bus
