// SPDX-License-Identifier: Apache-2.0
#include "bus/frame_queue.h"

#include <fmt/format.h>

namespace sb::bus {
namespace {

/// What stands before each frame's bytes in a saved queue.
struct Head {
    uint64_t at;
    uint32_t bytes;
    uint32_t packet;
    uint8_t damaged;
    uint8_t mark;
    uint8_t unused[6];
};

}  // namespace

FrameQueue::FrameQueue(Component& owner, const std::string& name, size_t most) : most_{most} {
    owner.declare_state(name, [this, name](Archive& a) { archive(a, name); });
}

void FrameQueue::archive(Archive& archive, const std::string& name) {
    std::vector<uint8_t> saved;
    for (const Entry& entry : entries_) {
        const Head head{entry.at.ps(),      static_cast<uint32_t>(entry.frame.bytes.size()),
                        entry.frame.packet, entry.frame.damaged,
                        entry.mark,         {}};
        const auto* bytes = reinterpret_cast<const uint8_t*>(&head);
        saved.insert(saved.end(), bytes, bytes + sizeof head);
        saved.insert(saved.end(), entry.frame.bytes.begin(), entry.frame.bytes.end());
    }
    archive.blob(name, saved, ~size_t{0});
    if (!archive.loading()) return;
    entries_.clear();
    for (size_t at = 0; at < saved.size();) {
        Head head{};
        const bool whole = saved.size() - at >= sizeof head;
        if (whole) std::memcpy(&head, &saved[at], sizeof head);
        at += sizeof head;
        if (!whole || head.bytes > saved.size() - at || full())
            throw Error(fmt::format("state archive: \"{}\" is not a queue of at most {} frames",
                                    name, most_));
        const auto first = saved.begin() + static_cast<ptrdiff_t>(at);
        Frame frame{{first, first + head.bytes}, head.packet, head.damaged != 0};
        push(std::move(frame), Time::ps(head.at), head.mark);
        at += head.bytes;
    }
}

}  // namespace sb::bus
