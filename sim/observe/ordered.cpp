// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/ordered.h"

namespace sb::observe {

void Ordered::event(const Stream& stream, const Event& event) {
    if (last_ - first_ == ring_.size()) release(stream);
    Time at = event.at;
    if (event.kind == Kind::bus_wait) at = at - Time::ps(event.values[0]);
    if (at < released_) {
        at = released_;
        ++late_;
    }
    size_t place = last_++;
    for (; place != first_ && ring_[(place - 1) & mask_].at > at; --place)
        ring_[place & mask_] = ring_[(place - 1) & mask_];
    Event& slot = ring_[place & mask_];
    slot = event;
    slot.at = at;
}

void Ordered::release(const Stream& stream) {
    const Event& event = ring_[first_ & mask_];
    released_ = event.at;
    ++first_;
    next_.event(stream, event);
}

void Ordered::finish(const Stream& stream) {
    while (first_ != last_) release(stream);
}

}  // namespace sb::observe
