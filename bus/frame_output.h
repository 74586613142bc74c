// SPDX-License-Identifier: Apache-2.0
//
// A peer's way out: frames wait here, first in, first out, until their direction of the wire is
// free. Each becomes a packet with a number when it is offered (`offered`, or `dropped` at "source
// queue" where too many wait), so how long it has waited for the wire is seen when it is `sent`.
#pragma once

#include "bus/frame_queue.h"

namespace sb::bus {

class FrameOutput {
  public:
    FrameOutput(Device& owner, EthernetPlug& plug, size_t most_waiting);

    /// Offers a frame at now(); false where it was dropped.
    bool offer(std::vector<uint8_t> bytes);
    /// What never comes as far as the queue: offered, and dropped at `place`.
    void drop(size_t bytes, const char* place);
    /// To be called where the link has come up.
    void pump();
    size_t waiting() const { return queue_.size(); }

  private:
    void mark(uint32_t packet, observe::Stage stage, size_t bytes, const char* place = "") const;

    Device& owner_;
    EthernetPlug& plug_;
    FrameQueue queue_;
    State<Time> free_at_;
    Timer free_;
    Counter offered_, dropped_, sent_, waited_;
};

}  // namespace sb::bus
