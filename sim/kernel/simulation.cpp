// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/simulation.h"

#include <algorithm>

#include "sim/kernel/component.h"

namespace sb {

Simulation::Simulation(const char* name)
    : sc_core::sc_module{sc_core::sc_module_name{name}},
      kernel_time_{sc_core::sc_get_curr_simcontext()->time_stamp()} {
    SC_HAS_PROCESS(Simulation);
    SC_METHOD(dispatch);
    sensitive << due_;
    dont_initialize();
    SC_METHOD(stop);
    sensitive << stop_;
    dont_initialize();
}

Simulation::~Simulation() = default;

void Simulation::look_for_next_event() const {
    const sc_core::sc_simcontext* context = sc_core::sc_get_curr_simcontext();
    sc_core::sc_time left = sc_core::sc_time_to_pending_activity(context);
    next_event_ = std::min(kernel_now() + Time::from(left), limit_);
    next_known_at_ = kernel_time_.value();
    next_known_ = true;
}

void Simulation::arm(Timer& timer, Time when) {
    timers_.arm(timer, when);
    notify_next();
}

void Simulation::restore(Timer& timer, Time due, uint64_t order) {
    timers_.restore(timer, due, order);
    notify_next();
}

void Simulation::notify_next() {
    // sc_event keeps the earlier of two notifications, so only an earlier one need be given. Where
    // the first timer was cancelled the event fires for nothing, which costs a call, no more.
    Time next = timers_.next();
    if (next >= notified_) return;
    notified_ = next;
    forget_next_event();
    due_.notify((next - kernel_now()).sc());
}

void Simulation::dispatch() {
    notified_ = Time::max();
    const Time now = kernel_now();
    while (Timer* timer = timers_.pop_due(now)) {
        ++timer_calls_;
        timer->callback_();
    }
    if (!timers_.empty()) notify_next();
}

const Outcome& Simulation::run(Time limit) {
    if (finished()) return outcome_;
    Time now = kernel_now();
    Time span = limit - now;
    // sc_start(sc_max_time()) runs until nothing is pending; SystemC's own limit is 2^64 - 1 ps.
    Time longest = Time::max() - Time::from(sc_core::sc_time_stamp());
    bool bounded = span < longest;
    limit_ = limit;
    forget_next_event();
    sc_core::sc_start((bounded ? span : longest).sc(), sc_core::SC_EXIT_ON_STARVATION);
    // Where the next event lies behind the limit, the time has stayed at the last one before it.
    if (bounded && !finished() && sc_core::sc_pending_activity() && kernel_now() < limit)
        sc_core::sc_start((limit - kernel_now()).sc(), sc_core::SC_RUN_TO_TIME);
    return outcome_;
}

void Simulation::finish(Outcome outcome) {
    if (finished()) return;
    outcome_ = std::move(outcome);
    forget_next_event();
    // An access made ahead of the kernel's time ends the run when the kernel gets there, so that
    // the run is as long in the fast mode as in the lockstep mode.
    if (local_ == Time{})
        sc_core::sc_pause();
    else
        stop_.notify(local_.sc());
}

void Simulation::stop() { sc_core::sc_pause(); }

void Simulation::forget(Component& component) { std::erase(components_, &component); }

void Simulation::archive(Archive& archive) {
    Archive::Scope scope{archive, "simulation"};
    Time at = kernel_now();
    archive.value("now", at);
    if (archive.loading()) epoch_ = at - Time::from(kernel_time_);
    forget_next_event();
    for (Component* component : components_) component->archive(archive);
}

}  // namespace sb
