// SPDX-License-Identifier: Apache-2.0
//
// Frames that wait, first in, first out, each with a time and a mark whose meanings are the
// owner's. Bounded, and part of the owner's saved state.
#pragma once

#include <deque>

#include "bus/ethernet.h"

namespace sb::bus {

class FrameQueue {
  public:
    struct Entry {
        Frame frame;
        Time at;
        uint8_t mark = 0;
    };

    FrameQueue(Component& owner, const std::string& name, size_t most);
    FrameQueue(const FrameQueue&) = delete;

    bool empty() const { return entries_.empty(); }
    bool full() const { return entries_.size() >= most_; }
    size_t size() const { return entries_.size(); }
    Entry& front() { return entries_.front(); }
    const Entry& front() const { return entries_.front(); }
    /// False where it is full; the frame is gone then.
    bool push(Frame frame, Time at, uint8_t mark = 0) {
        if (full()) return false;
        entries_.push_back({std::move(frame), at, mark});
        return true;
    }
    Entry pop() {
        Entry first = std::move(entries_.front());
        entries_.pop_front();
        return first;
    }
    void clear() { entries_.clear(); }

  private:
    void archive(Archive& archive, const std::string& name);

    std::deque<Entry> entries_;
    size_t most_;
};

}  // namespace sb::bus
