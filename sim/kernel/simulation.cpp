// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/simulation.h"

#include <algorithm>

#include "sim/kernel/component.h"

namespace sb {

Simulation::Simulation(const char* name)
    : sc_core::sc_module{sc_core::sc_module_name{name}},
      kernel_time_{sc_core::sc_get_curr_simcontext()->time_stamp()} {
    domains_.push_back(std::make_unique<Domain>());
    domain_ = domains_[0].get();
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
    next_event_ = std::min(several() ? next_of_machine() : next_of_kernel(), limit_);
    next_known_at_ = kernel_time_.value();
    next_known_ = true;
}

Time Simulation::next_of_kernel() const {
    const sc_core::sc_simcontext* context = sc_core::sc_get_curr_simcontext();
    return kernel_now() + Time::from(sc_core::sc_time_to_pending_activity(context));
}

Time Simulation::next_of_machine() const {
    const Time now = kernel_now();
    Time next = next_of_kernel();
    // Behind our own event, which is that of any machine's timer, there may be one of a foreign
    // module, which is nobody's machine.
    if (next == notified_ && next != Time::max()) {
        due_.cancel();
        next = next_of_kernel();
        due_.notify((notified_ - now).sc());
    }
    next = std::min(next, domain_->timers.next());
    Time others = Time::max();
    for (const auto& domain : domains_)
        if (domain.get() != domain_) others = std::min(others, domain->timers.next());
    // What is left of the others' timers at this very time are their processors', as ours is: one
    // of them has to go first.
    if (lockstep_ && others > now) next = std::min(next, others);
    if (lockstep_ || !skip_windows_) return std::min(next, window_end(now));
    return others == Time::max() ? next : std::min(next, window_end(others));
}

Time Simulation::window_end(Time at) const {
    const uint64_t number = at / window_ + 1;
    return number > Time::max() / window_ ? Time::max() : window_ * number;
}

Domain& Simulation::add_domain(const std::string& name) {
    domains_.push_back(std::make_unique<Domain>());
    domains_.back()->index = static_cast<unsigned>(domains_.size() - 1);
    domains_.back()->name = name;
    turn_of(*domains_.back());
    return *domain_;
}

void Simulation::join(const Domain& a, const Domain& b, Time least) {
    if (&a == &b) return;
    if (least == Time{}) throw Error("two machines can not be joined without any delay");
    window_ = std::min(window_, least);
}

void Simulation::arm(Timer& timer, Time when) {
    TimerQueue& queue = timer.domain_->timers;
    queue.arm(timer, when, timer.place_ ? timer.place_ : timer.domain_->next_order());
    if (several()) forget_next_event();
    notify_by(queue.next());
}

void Simulation::restore(Timer& timer, Time due, uint64_t order) {
    TimerQueue& queue = timer.domain_->timers;
    queue.arm(timer, due, order);
    if (order >= Domain::first_order)
        timer.domain_->armed = std::max(timer.domain_->armed, order - Domain::first_order + 1);
    forget_next_event();
    notify_by(queue.next());
}

void Simulation::notify_by(Time next) {
    // sc_event keeps the earlier of two notifications, so only an earlier one need be given. Where
    // the first timer was cancelled the event fires for nothing, which costs a call, no more.
    if (next >= notified_) return;
    notified_ = next;
    forget_next_event();
    due_.notify((next - kernel_now()).sc());
}

/// Of all machines'; null where none is armed.
Timer* Simulation::first_timer() const {
    Timer* first = domains_[0]->timers.first();
    if (!several()) return first;
    for (const auto& domain : domains_) {
        Timer* timer = domain->timers.first();
        if (timer && (!first || timer->before(*first))) first = timer;
    }
    return first;
}

void Simulation::dispatch() {
    notified_ = Time::max();
    const Time now = kernel_now();
    if (now >= end_) return;
    bool processors = false;
    Timer* timer = nullptr;
    while ((timer = first_timer()) && timer->due_ <= now) {
        // A foreign module's process may still be due at this time: it comes before a processor.
        if (timer->rank_ == Timer::Rank::processor && !processors) {
            if (sc_core::sc_pending_activity_at_current_time()) {
                notified_ = now;
                due_.notify(sc_core::SC_ZERO_TIME);
                return;
            }
            processors = true;
        }
        cancel(*timer);
        turn_of(*timer->domain_);
        ++timer_calls_;
        timer->callback_();
    }
    if (timer) notify_by(timer->due_);
}

const Outcome& Simulation::run(Time limit) {
    if (over_) return outcome();
    Time now = kernel_now();
    Time span = limit - now;
    // sc_start(sc_max_time()) runs until nothing is pending; SystemC's own limit is 2^64 - 1 ps.
    Time longest = Time::max() - Time::from(sc_core::sc_time_stamp());
    bool bounded = span < longest;
    limit_ = std::min(limit, end_);
    forget_next_event();
    sc_core::sc_start((bounded ? span : longest).sc(), sc_core::SC_EXIT_ON_STARVATION);
    // Where the next event lies behind the limit, the time has stayed at the last one before it.
    if (bounded && !over_ && sc_core::sc_pending_activity() && kernel_now() < limit)
        sc_core::sc_start((limit - kernel_now()).sc(), sc_core::SC_RUN_TO_TIME);
    return outcome();
}

/// Whether an end of that kind of the machine whose turn it is ends the run.
bool Simulation::decides_run(Outcome::Kind kind) const {
    if (kind == Outcome::Kind::interrupted || kind == Outcome::Kind::text_seen ||
        kind == Outcome::Kind::instruction_limit)
        return true;
    if (!end_of_all_) return domain_ == domains_[0].get();
    return std::all_of(domains_.begin(), domains_.end(), [](const auto& d) { return d->finished; });
}

void Simulation::finish(Outcome outcome) {
    if (domain_->finished) return;
    const Outcome::Kind kind = outcome.kind;
    domain_->outcome = std::move(outcome);
    domain_->finished = true;
    forget_next_event();
    if (several()) {
        if (!decides_run(kind)) return;
        // Nobody has passed the end of the window in which a machine acts.
        end_ = std::min(end_, window_end(now()));
        limit_ = std::min(limit_, end_);
        stop_.notify((end_ - kernel_now()).sc());
        return;
    }
    over_ = true;
    // An access made ahead of the kernel's time ends the run when the kernel gets there, so that
    // the run is as long in the fast mode as in the lockstep mode.
    if (local_ == Time{})
        sc_core::sc_pause();
    else
        stop_.notify(local_.sc());
}

void Simulation::stop() {
    over_ = true;
    for (const auto& domain : domains_) domain->finished = true;
    sc_core::sc_pause();
}

const Outcome& Simulation::outcome() const {
    const Outcome& first = domains_[0]->outcome;
    if (!several() || first.kind != Outcome::Kind::running) return first;
    for (const auto& domain : domains_)
        for (const Outcome::Kind kind : {Outcome::Kind::interrupted, Outcome::Kind::text_seen,
                                         Outcome::Kind::instruction_limit})
            if (domain->outcome.kind == kind) return domain->outcome;
    return first;
}

void Simulation::forget(Component& component) { std::erase(components_, &component); }

void Simulation::archive(Archive& archive) {
    Archive::Scope scope{archive, "simulation"};
    Time at = kernel_now();
    archive.value("now", at);
    if (archive.loading()) epoch_ = at - Time::from(kernel_time_);
    if (several()) {
        for (const auto& domain : domains_) {
            Archive::Scope machine{archive, "machine" + std::to_string(domain->index)};
            archive.value("finished", domain->finished);
            archive.value("kind", domain->outcome.kind);
            archive.value("code", domain->outcome.code);
        }
        archive.value("end", end_);
        if (archive.loading() && end_ != Time::max()) stop_.notify((end_ - at).sc());
    }
    forget_next_event();
    for (Component* component : components_) component->archive(archive);
}

}  // namespace sb
