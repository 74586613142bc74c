// SPDX-License-Identifier: Apache-2.0
//
// How a thread that runs ahead gives the kernel its turn: it waits until a time, or until woken,
// and always resumes after every device timer that is due at the time at which it resumes.
#pragma once

#include "sim/kernel/component.h"

namespace sb {

class Resume {
  public:
    Resume(Component& owner, const std::string& name)
        : owner_{owner}, timer_{owner, name, [this] { event_.notify(); }, Timer::Rank::processor} {}

    /// Blocks the calling SC_THREAD until `when`, in a point of the kernel's time.
    void wait_until(Time when) {
        timer_.arm_at(when);
        block();
    }
    /// Blocks the calling SC_THREAD until wake().
    void wait_woken() { block(); }
    /// Lets the blocked thread go on at `when`, after the device timers of that time.
    void wake(Time when) { timer_.arm_at(when); }
    bool armed() const { return timer_.armed(); }

  private:
    void block() {
        sc_core::wait(event_);
        owner_.simulation().turn_of(owner_.domain());
    }

    Component& owner_;
    sc_core::sc_event event_;
    Timer timer_;
};

}  // namespace sb
