// SPDX-License-Identifier: Apache-2.0
//
// What became of the numbers that packets of a flow carry (0, 1, 2, ...): which are lost, came
// late, or twice. A flow is known by addresses and ports. A number counts as lost once 64 later
// ones have passed it, or at the end of the run; one that comes later but before that is
// `reordered` (so counts type-P-reordered packets of RFC 4737); one still later is `stale`: whether
// it was seen before is forgotten. A jump of a million or more begins the flow anew, as do bogus
// numbers.
#pragma once

#include <map>

#include "sim/kernel/counter.h"

namespace sb::devices {

class SequenceCheck {
  public:
    explicit SequenceCheck(Component& owner);

    void seen(uint64_t flow, uint64_t number);
    /// The end of the run: what is missing now stays so.
    void finish();

  private:
    struct Flow {
        uint64_t next = 0;
        uint64_t window =
            ~uint64_t{0};  // bit i: the number next - 1 - i was seen, or is of no interest
    };
    void archive(Archive& archive);
    void forward(Flow& flow, uint64_t number);

    std::map<uint64_t, Flow> flows_;
    Counter in_order_, lost_, reordered_, duplicated_, stale_, restarted_, unchecked_;
};

}  // namespace sb::devices
