// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/timer.h"

#include <algorithm>

#include "sim/kernel/component.h"
#include "sim/kernel/simulation.h"

namespace sb {

Timer::Timer(Component& owner, std::string name, std::function<void()> callback, Rank rank)
    : sim_{owner.simulation()},
      domain_{&owner.domain()},
      name_{std::move(name)},
      callback_{std::move(callback)},
      rank_{rank} {
    owner.declare_state(name_, [this](Archive& archive) { archive.timer(*this); });
}

Timer::~Timer() { cancel(); }

void Timer::arm_after(Time delay) { arm_at(sim_.now() + delay); }
void Timer::arm_at(Time when) { sim_.arm(*this, std::max(when, sim_.now())); }
void Timer::cancel() { sim_.cancel(*this); }

void Timer::act_for(const Component& other) {
    cancel();
    domain_ = &other.domain();
    place_ = sim_.next_place();
}

void TimerQueue::arm(Timer& timer, Time due, uint64_t order) {
    if (timer.armed()) remove(timer.slot_);
    timer.due_ = due;
    timer.order_ = order;
    heap_.push_back(&timer);
    timer.slot_ = heap_.size() - 1;
    sift_up(timer.slot_);
}

void TimerQueue::cancel(Timer& timer) {
    if (timer.armed()) remove(timer.slot_);
}

void TimerQueue::place(size_t slot, Timer* timer) {
    heap_[slot] = timer;
    timer->slot_ = slot;
}

void TimerQueue::sift_up(size_t slot) {
    Timer* timer = heap_[slot];
    while (slot > 0) {
        size_t parent = (slot - 1) / 2;
        if (!timer->before(*heap_[parent])) break;
        place(slot, heap_[parent]);
        slot = parent;
    }
    place(slot, timer);
}

void TimerQueue::sift_down(size_t slot) {
    Timer* timer = heap_[slot];
    for (;;) {
        size_t child = 2 * slot + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && heap_[child + 1]->before(*heap_[child])) ++child;
        if (!heap_[child]->before(*timer)) break;
        place(slot, heap_[child]);
        slot = child;
    }
    place(slot, timer);
}

void TimerQueue::remove(size_t slot) {
    heap_[slot]->slot_ = Timer::idle;
    Timer* last = heap_.back();
    heap_.pop_back();
    if (slot == heap_.size()) return;
    place(slot, last);
    sift_up(slot);
    sift_down(last->slot_);
}

}  // namespace sb
