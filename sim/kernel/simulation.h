// SPDX-License-Identifier: Apache-2.0
//
// One simulation: the timers, the time that components see, the findings and the outcome. It is the
// only code that talks to the SystemC scheduler besides the processors' threads. SystemC has one
// context per process, so a process holds one simulation, which may hold several machines.
//
// Running ahead: a processor executes at a local time that may lie after the kernel's, but never
// reaches the time of a pending event (`next_event`). While it accesses a device, a `LocalTime`
// scope makes now() the processor's time; outside of one, now() is the kernel's.
#pragma once

#include <vector>

#include "sim/kernel/error.h"
#include "sim/kernel/time.h"
#include "sim/kernel/timer.h"

namespace sb {

class Component;

class Simulation : public sc_core::sc_module {
  public:
    explicit Simulation(const char* name = "simulation");
    ~Simulation() override;

    /// The kernel's time, plus the local offset of the access in progress.
    Time now() const { return kernel_now() + local_; }
    Time kernel_now() const { return epoch_ + Time::from(kernel_time_); }
    /// When the kernel next has anything to do, the end of the run included; Time::max() if never.
    /// now() where it has at once.
    Time next_event() const {
        if (!next_known_ || next_known_at_ != kernel_time_.value()) [[unlikely]]
            look_for_next_event();
        return next_event_;
    }
    /// To be called where the kernel, or anybody who notifies SystemC events by themselves, had a
    /// turn: next_event() asks anew. Timers say so by themselves.
    void forget_next_event() { next_known_ = false; }

    /// Makes now() = kernel time + `offset` for as long as it lives. Scopes nest.
    class LocalTime {
      public:
        LocalTime(Simulation& sim, Time offset) : sim_{sim}, outer_{sim.local_} {
            sim_.local_ = offset;
        }
        ~LocalTime() { sim_.local_ = outer_; }
        LocalTime(const LocalTime&) = delete;
        LocalTime& operator=(const LocalTime&) = delete;

      private:
        Simulation& sim_;
        Time outer_;
    };

    /// Runs until `limit` (a point in time), the end of the run, or until nothing is left to do.
    /// Can be called again to go on. Returns outcome().
    const Outcome& run(Time limit = Time::max());
    /// Ends the run: the first call counts. Processors stop before their next instruction.
    void finish(Outcome outcome);
    bool finished() const { return outcome_.kind != Outcome::Kind::running; }
    const Outcome& outcome() const { return outcome_; }

    /// Yield after every instruction rather than at the next event: slow, and equal.
    bool lockstep() const { return lockstep_; }
    void set_lockstep(bool on) { lockstep_ = on; }

    Findings& findings() { return findings_; }
    const Findings& findings() const { return findings_; }
    /// Timer callbacks made so far.
    uint64_t timer_calls() const { return timer_calls_; }

    /// Saves or restores every component. Only between runs, and restoring only before the first.
    void archive(Archive& archive);

    void arm(Timer& timer, Time when);
    void cancel(Timer& timer) { timers_.cancel(timer); }
    void restore(Timer& timer, Time due, uint64_t order);
    void adopt(Component& component) { components_.push_back(&component); }
    void forget(Component& component);
    const std::vector<Component*>& components() const { return components_; }

  private:
    void dispatch();
    void stop();
    void look_for_next_event() const;
    void notify_next();

    const sc_core::sc_time& kernel_time_;  // SystemC's own, without the call of sc_time_stamp()
    mutable Time next_event_;
    mutable uint64_t next_known_at_ = 0;  // the kernel's time then
    mutable bool next_known_ = false;
    TimerQueue timers_;
    sc_core::sc_event due_;
    sc_core::sc_event stop_;  // fires at the time at which finish() was called ahead of the kernel
    Time notified_ = Time::max();  // when due_ will fire
    Time local_;
    Time epoch_;
    Time limit_ = Time::max();  // of the run under way: nobody runs ahead beyond it
    bool lockstep_ = false;
    uint64_t timer_calls_ = 0;
    Outcome outcome_;
    Findings findings_;
    std::vector<Component*> components_;
};

}  // namespace sb
