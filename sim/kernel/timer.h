// SPDX-License-Identifier: Apache-2.0
//
// A timer calls back once at a simulated time. It is declared as a member of a component and bound
// to one of the component's functions at construction, so that an armed timer can be saved by its
// name and time alone. A timer never ticks: a periodic one re-arms itself from its callback.
//
// Order: timers due at one time run in the order in which they were armed, and all of them before
// any processor's instruction that starts at that time. This order does not depend on how far the
// processors ran ahead, which is what makes the fast and the lockstep mode equal. (With several
// machines the order of arming is each machine's own; see domain.h.)
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/kernel/time.h"

namespace sb {

class Archive;
class Component;
class Simulation;
struct Domain;

class Timer {
  public:
    enum class Rank : uint8_t {
        device,     // everything that models hardware
        processor,  // resumes an initiator; runs after every device's timers of the same time
    };

    Timer(Component& owner, std::string name, std::function<void()> callback,
          Rank rank = Rank::device);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Arms (or re-arms) the timer to call back `delay` after the caller's now().
    void arm_after(Time delay);
    /// Arms (or re-arms) the timer at `when`; a time in the past means now.
    void arm_at(Time when);
    void cancel();
    /// What it does comes to that component's machine from another one, or from both: it is the
    /// machine's timer from now on, whoever arms it, and before its other timers of the same time.
    /// Before the simulation starts.
    void act_for(const Component& other);

    bool armed() const { return slot_ != idle; }
    /// When it will call back; Time::max() where it is not armed.
    Time due() const { return armed() ? due_ : Time::max(); }
    const std::string& name() const { return name_; }

  private:
    friend class TimerQueue;
    friend class Simulation;
    friend class Archive;
    static constexpr size_t idle = static_cast<size_t>(-1);

    bool before(const Timer& o) const {
        if (due_ != o.due_) return due_ < o.due_;
        if (rank_ != o.rank_) return rank_ < o.rank_;
        return order_ < o.order_;
    }

    Simulation& sim_;
    Domain* domain_;
    std::string name_;
    std::function<void()> callback_;
    Time due_;
    uint64_t order_ = 0;
    uint64_t place_ = 0;  // where it is always the same; 0: the order is that of arming
    size_t slot_ = idle;  // index in the queue's heap
    Rank rank_;
};

/// The binary heap of armed timers; O(log n) to arm, re-arm and cancel.
class TimerQueue {
  public:
    /// `order` is its place among those of the same time.
    void arm(Timer& timer, Time due, uint64_t order);
    void cancel(Timer& timer);
    bool empty() const { return heap_.empty(); }
    Time next() const { return heap_.empty() ? Time::max() : heap_.front()->due_; }
    /// The timer that is due first; null where none is armed.
    Timer* first() const { return heap_.empty() ? nullptr : heap_.front(); }
    size_t size() const { return heap_.size(); }

  private:
    void place(size_t slot, Timer* timer);
    void sift_up(size_t slot);
    void sift_down(size_t slot);
    void remove(size_t slot);

    std::vector<Timer*> heap_;
};

}  // namespace sb
