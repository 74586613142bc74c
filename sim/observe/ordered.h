// SPDX-License-Identifier: Apache-2.0
//
// Puts events into the order of their stamps. The model emits some things when they have ended,
// with the time at which they began: an access after what it set off, the delivery of an interrupt
// after its pushes. And a wait for a bus is known when it ends: its event is handed on with the
// time at which it began.
//
// The window is bounded: an event may come up to `window` - 1 events late. One that comes later
// than that is handed on with the time of the one before it, and counted in `late`. Among equal
// stamps the model's own order stays.
#pragma once

#include <vector>

#include "sim/observe/stream.h"

namespace sb::observe {

class Ordered final : public Sink {
  public:
    static constexpr size_t default_window = 1024;
    /// `window` is a power of two.
    explicit Ordered(Sink& next, size_t window = default_window)
        : next_{next}, ring_(window), mask_{window - 1} {}

    void event(const Stream& stream, const Event& event) override;
    /// Hands on what is still held back.
    void finish(const Stream& stream);
    uint64_t late() const { return late_; }

  private:
    void release(const Stream& stream);

    Sink& next_;
    std::vector<Event> ring_;
    size_t mask_;
    size_t first_ = 0;  // free-running; `& mask_` is the place in the ring
    size_t last_ = 0;
    Time released_;
    uint64_t late_ = 0;
};

}  // namespace sb::observe
