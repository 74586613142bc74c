// SPDX-License-Identifier: Apache-2.0
//
// A processor's posted-write buffer: a write to memory takes the processor only the time to put it
// here, and goes over the bus afterwards, in order, competing as any master does (with its
// processor's priority, weight and slots). Source of the behaviour: Intel486 Microprocessor Hardware
// Reference Manual, chapter 3 (write buffers: four, in order, one clock to put one there; a read of a
// device and a locked access wait until they are empty). Simplified: here every read that goes over the
// bus waits, as none may pass a write; on a 486 a read that misses the cache may pass writes that all
// hit it.
//
// What a write changes is in memory at once. Nobody can tell: a bus master's burst that reaches the same
// bytes waits until the write has been on the bus, and a write to what a burst under way reaches waits
// for that tenure's end, or, where the master holds the bus by a lock, for the burst's.
//
// An entry costs no event while nobody else wants the bus: when it begins and ends is known, and is
// reckoned up (`settle`) when somebody asks. What has not begun by then competes (`compete`).
#pragma once

#include "bus/system_bus.h"
#include "sim/kernel/resume.h"

namespace sb::bus {

class PostedWrites final : private SystemBus::Contender {
  public:
    /// `resume` blocks the processor's thread; `party` is its port's.
    PostedWrites(Component& owner, SystemBus& bus, observe::Stream& stream, const std::string& name,
                 MasterSettings settings, unsigned party, Resume& resume);

    /// Puts a write that takes `duration` on the bus, at local time `start`: gives when the processor
    /// goes on. May block the calling thread.
    Time put(Time start, Time duration, const MemoryAccess& access);
    /// Waits until all has been on the bus: gives when that is. May block the calling thread.
    Time drain(Time start);
    bool empty() const { return count_ == 0; }

    /// Reckons up what has begun and ended by `t`.
    void settle(Time t) { settle(t, true); }
    /// Somebody else asks for the bus now.
    void compete();
    /// True where `f(address, bytes)` is for one of those that have not begun.
    template <typename F>
    bool any(F&& f) const {
        for (unsigned n = under_way_; n < count_; ++n)
            if (f(at(n).address, at(n).bytes)) return true;
        return false;
    }

  private:
    struct Entry {
        Time put;
        Time duration;
        Time wait;  // of the duration: wait states
        uint64_t address = 0;
        uint64_t data = 0;
        uint64_t bytes = 0;
    };

    const Entry& at(unsigned n) const { return entries_[(head_ + n) % entries_.size()]; }
    /// `inclusive`: what would begin at `t` itself has begun.
    void settle(Time t, bool inclusive);
    void pop();
    Time asked_of_head() const { return std::max(at(0).put, end_); }
    /// When the head ends, or begins; Time::max() where that is not known.
    Time next_change() const;
    Time wait(Time start, Time until);
    Time kept_until(Time start, const MemoryAccess& access) const;
    bool alone() const { return bus_.waiting_ == 0 && bus_.locked_by_ == nullptr; }
    void begin_head();
    void step();
    void granted() override;
    Time tenure_length() const override { return at(0).duration; }
    void archive(Archive& archive);

    Component& owner_;
    SystemBus& bus_;
    Resume& resume_;
    observe::Probe probe_;
    std::vector<Entry> entries_;  // a ring
    unsigned head_ = 0, count_ = 0;
    bool under_way_ = false;  // the head
    bool blocked_ = false;    // the processor's thread waits for something to happen here
    Time end_;                // of the last that began
    Timer step_;
    Timer watch_;  // so that events come in time, where somebody looks at them
};

}  // namespace sb::bus
