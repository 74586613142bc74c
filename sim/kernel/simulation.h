// SPDX-License-Identifier: Apache-2.0
//
// One simulation: the timers, the time that components see, the findings and the outcome. It is the
// only code that talks to the SystemC scheduler besides the processors' threads. SystemC has one
// context per process, so a process holds one simulation, which may hold several machines.
//
// Running ahead: a processor executes at a local time that may lie after the kernel's, but never
// reaches the time of a pending event (`next_event`). While it accesses a device, a `LocalTime`
// scope makes now() the processor's time; outside of one, now() is the kernel's.
//
// Several machines: time is divided into windows no longer than the least delay with which one can
// reach another, so within a window each runs alone. A processor stops at the events of its own
// machine, and at the end of the window in which any other machine next acts. Nothing depends on
// where it stops, so windows are no quantum: they cost no exactness. The lockstep mode knows no
// machines: every processor stops at every event of anyone. A run ends for all machines at one
// time, the end of the window in which the end was decided.
#pragma once

#include <memory>
#include <vector>

#include "sim/kernel/domain.h"
#include "sim/kernel/error.h"
#include "sim/kernel/time.h"
#include "sim/kernel/timer.h"

namespace sb {

class Component;

class Simulation : public sc_core::sc_module {
  public:
    /// Of a window: what it holds of events is to be kept, and longer ones save no time.
    static constexpr Time longest_window = Time::us(10);

    explicit Simulation(const char* name = "simulation");
    ~Simulation() override;

    /// The kernel's time, plus the local offset of the access in progress.
    Time now() const { return kernel_now() + local_; }
    Time kernel_now() const { return epoch_ + Time::from(kernel_time_); }
    /// Until when nothing can happen to the machine whose turn it is; Time::max() if for ever. The
    /// next thing that the kernel has to do, the end of the run included; now() where it has at
    /// once. With several machines see above.
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
    /// Ends the work of the machine whose turn it is: the first call counts. Its processors stop
    /// before their next instruction. The run ends with that of the first machine (or of the last
    /// one that is left, see set_end_of_all), and where a limit or a text that was waited for is
    /// the reason.
    void finish(Outcome outcome);
    /// Whether the machine whose turn it is has ended, or the run has.
    bool finished() const { return domain_->finished; }
    /// Whether the run has ended.
    bool over() const { return over_; }
    /// How it ended: as the first machine did, or as the machine did that ended it.
    const Outcome& outcome() const;

    /// The machines. There is always the first.
    const std::vector<std::unique_ptr<Domain>>& domains() const { return domains_; }
    /// Adds a machine, and gives it the turn: what is built now is part of it.
    Domain& add_domain(const std::string& name);
    /// Whose turn it is: whose timer or processor acts, or what is being built.
    Domain& domain() const { return *domain_; }
    /// Gives a machine the turn. To be called where a processor's thread goes on after the kernel
    /// had a turn; timers do by themselves.
    void turn_of(Domain& domain) {
        domain_ = &domain;
        forget_next_event();
    }
    /// A wire joins two machines: what one does reaches the other `least` later, or more. Before
    /// the run. Throws `Error` where that is no time at all.
    void join(const Domain& a, const Domain& b, Time least);
    /// The run ends when every machine's guest has ended, rather than the first machine's.
    void set_end_of_all(bool on) { end_of_all_ = on; }
    /// Lets a processor run through windows in which no other machine acts. Off, each window is
    /// complete before the next begins: what wants events in order needs that.
    void set_skip_windows(bool on) { skip_windows_ = on; }
    /// The length of a window, and the number of the present one.
    Time window() const { return window_; }
    uint64_t window_number() const { return kernel_now() / window_; }

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
    void cancel(Timer& timer) { timer.domain_->timers.cancel(timer); }
    void restore(Timer& timer, Time due, uint64_t order);
    /// The next place in the order of timers that act for other machines (Timer::act_for).
    uint64_t next_place() { return ++places_; }
    void adopt(Component& component) { components_.push_back(&component); }
    void forget(Component& component);
    const std::vector<Component*>& components() const { return components_; }

  private:
    void dispatch();
    void stop();
    void look_for_next_event() const;
    Time next_of_kernel() const;
    Time next_of_machine() const;
    Time window_end(Time at) const;
    Timer* first_timer() const;
    void notify_by(Time next);
    bool decides_run(Outcome::Kind kind) const;
    bool several() const { return domains_.size() > 1; }

    const sc_core::sc_time& kernel_time_;  // SystemC's own, without the call of sc_time_stamp()
    mutable Time next_event_;
    mutable uint64_t next_known_at_ = 0;  // the kernel's time then
    mutable bool next_known_ = false;
    std::vector<std::unique_ptr<Domain>> domains_;
    Domain* domain_;
    mutable sc_core::sc_event due_;
    sc_core::sc_event stop_;  // fires at the time at which finish() was called ahead of the kernel
    Time notified_ = Time::max();  // when due_ will fire
    Time local_;
    Time epoch_;
    Time limit_ = Time::max();  // of the run under way: nobody runs ahead beyond it
    Time window_ = longest_window;
    Time end_ = Time::max();  // of the run, with several machines, once it is decided
    bool lockstep_ = false;
    bool end_of_all_ = false;
    bool skip_windows_ = false;
    bool over_ = false;
    uint64_t timer_calls_ = 0;
    uint64_t places_ = 0;
    Findings findings_;
    std::vector<Component*> components_;
};

}  // namespace sb
