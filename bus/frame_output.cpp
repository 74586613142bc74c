// SPDX-License-Identifier: Apache-2.0
#include "bus/frame_output.h"

namespace sb::bus {

FrameOutput::FrameOutput(Device& owner, EthernetPlug& plug, size_t most_waiting)
    : owner_{owner},
      plug_{plug},
      queue_{owner, "output.queue", most_waiting},
      free_at_{owner, "output.free_at"},
      free_{owner, "output.free", [this] { pump(); }},
      offered_{owner, "offered", "frames", "frames that it wanted to send"},
      dropped_{owner, "offered_dropped", "frames",
               "frames that it could not send: its queue was full, or they were not whole"},
      sent_{owner, "sent", "frames", "frames that it began to send"},
      waited_{owner, "waited", "ps", "time from offering to sending, of all frames sent"} {}

bool FrameOutput::offer(std::vector<uint8_t> bytes) {
    Frame frame{std::move(bytes), plug_.next_packet()};
    const size_t size = frame.bytes.size();
    const uint32_t packet = frame.packet;
    ++offered_;
    mark(packet, observe::Stage::offered, size);
    if (queue_.push(std::move(frame), owner_.now())) {
        if (queue_.size() == 1) pump();
        return true;
    }
    ++dropped_;
    mark(packet, observe::Stage::dropped, size, "source queue");
    return false;
}

void FrameOutput::drop(size_t bytes, const char* place) {
    const uint32_t packet = plug_.next_packet();
    ++offered_;
    ++dropped_;
    mark(packet, observe::Stage::offered, bytes);
    mark(packet, observe::Stage::dropped, bytes, place);
}

void FrameOutput::pump() {
    if (queue_.empty() || !plug_.up()) return;
    if (owner_.now() < free_at_) return free_.arm_at(free_at_);
    FrameQueue::Entry next = queue_.pop();
    const uint64_t rate = plug_.bits_per_second();
    free_at_ = owner_.now() + ethernet::wire_time(next.frame.bytes.size(), rate) +
               ethernet::gap_time(rate);
    if (!queue_.empty()) free_.arm_at(free_at_);
    ++sent_;
    waited_ += (owner_.now() - next.at).ps();
    plug_.transmit(std::move(next.frame));
}

void FrameOutput::mark(uint32_t packet, observe::Stage stage, size_t bytes,
                       const char* place) const {
    if (!owner_.probe().wants(observe::Kind::packet)) return;
    owner_.probe().emit(owner_.now(), observe::Kind::packet, packet, static_cast<uint64_t>(stage),
                        bytes, owner_.probe().stream().intern(place));
}

}  // namespace sb::bus
