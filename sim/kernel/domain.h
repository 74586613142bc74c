// SPDX-License-Identifier: Apache-2.0
//
// A machine as the scheduler sees it. Several machines may share one simulation: each is a domain
// of its own, with its own timers. What happens in one reaches another no sooner than the least
// delay of a wire between them, and so their processors need not stop at each other's events.
//
// Every component and every timer belongs to a domain. The order among a machine's timers of one time
// is that in which it has armed them itself, which does not depend on how the machines' turns
// interleave. What comes from another machine (Timer::act_for) comes before, always in the same
// order: by who arms it, and when, it would depend on the turns.
#pragma once

#include <string>

#include "sim/kernel/error.h"
#include "sim/kernel/timer.h"

namespace sb {

struct Domain {
    unsigned index = 0;
    std::string name;  // of the machine; empty for the first
    TimerQueue timers;
    uint64_t armed = 0;     // timers that this machine has armed so far
    Outcome outcome;        // how its guest ended; running while it has not
    bool finished = false;  // its processor must not go on: its guest has ended, or the run

    /// Places in the order from here on are by arming; below it are those of act_for.
    static constexpr uint64_t first_order = uint64_t{1} << 32;
    uint64_t next_order() { return first_order + armed++; }
};

}  // namespace sb
