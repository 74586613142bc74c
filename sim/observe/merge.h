// SPDX-License-Identifier: Apache-2.0
//
// Puts the events of several machines of one simulation into one order. Machines run in turns: each
// is ahead of the others for a while, in the fast mode for longer than in the lockstep mode. What
// does not depend on the mode is the sequence of each machine's own events, and the window of time
// (simulation.h) in which each is emitted. So events are held for one window. Those of a window are
// then handed on by their stamps, those of the lower machine first where stamps are equal. The
// sequence of one machine is never changed: an event with a stamp before that of its forerunner
// counts as at that stamp.
//
// Which machine an event belongs to is whose turn it is, not whose component emits it: both
// machines of a wire act in it.
#pragma once

#include <vector>

#include "sim/observe/stream.h"

namespace sb::observe {

class Merge {
  public:
    Merge(Stream& stream, const Simulation& sim) : stream_{stream}, sim_{sim} {}

    void event(const Event& event);
    void flush();

  private:
    Stream& stream_;
    const Simulation& sim_;
    uint64_t window_ = 0;                   // the one that is held
    std::vector<std::vector<Event>> held_;  // by machine
};

}  // namespace sb::observe
