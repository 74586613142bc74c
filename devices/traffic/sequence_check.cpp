// SPDX-License-Identifier: Apache-2.0
#include "devices/traffic/sequence_check.h"

#include <bit>

namespace sb::devices {
namespace {

constexpr size_t most_flows = 4096;
constexpr uint64_t window_bits = 64, longest_jump = 1'000'000;

}  // namespace

SequenceCheck::SequenceCheck(Component& owner)
    : in_order_{owner, "in_order", "packets",
                "received packets that were later than all before of their flow"},
      lost_{owner, "lost", "packets", "packets of received flows that never came"},
      reordered_{owner, "reordered", "packets", "received packets that a later one had overtaken"},
      duplicated_{owner, "duplicated", "packets", "received packets that had come before"},
      stale_{owner, "stale", "packets", "received packets that 64 or more others had overtaken"},
      restarted_{owner, "restarted", "flows",
                 "times that a flow's numbers jumped, and it began anew"},
      unchecked_{owner, "unchecked", "packets", "received packets of too many flows to check"} {
    owner.declare_state("flows", [this](Archive& a) { archive(a); });
}

void SequenceCheck::seen(uint64_t key, uint64_t number) {
    if (flows_.size() >= most_flows && !flows_.contains(key)) return unchecked_ += 1;
    Flow& flow = flows_[key];
    if (number >= flow.next) return forward(flow, number);
    const uint64_t back = flow.next - 1 - number;
    if (back >= longest_jump) {
        ++restarted_;
        flow = {number + 1, ~uint64_t{0}};
    } else if (back >= window_bits) {
        ++stale_;
    } else if (flow.window >> back & 1) {
        ++duplicated_;
    } else {
        flow.window |= uint64_t{1} << back;
        ++reordered_;
    }
}

void SequenceCheck::forward(Flow& flow, uint64_t number) {
    const uint64_t skipped = number - flow.next;
    if (skipped >= longest_jump) {
        ++restarted_;
        flow = {number + 1, ~uint64_t{0}};
        return;
    }
    const uint64_t shift = skipped + 1;
    if (shift < window_bits) {
        lost_ += static_cast<uint64_t>(std::popcount(~flow.window >> (window_bits - shift)));
        flow.window = flow.window << shift | 1;
    } else {
        lost_ += static_cast<uint64_t>(std::popcount(~flow.window)) + shift - window_bits;
        flow.window = 1;
    }
    flow.next = number + 1;
    ++in_order_;
}

void SequenceCheck::finish() {
    for (auto& [key, flow] : flows_) {
        lost_ += static_cast<uint64_t>(std::popcount(~flow.window));
        flow.window = ~uint64_t{0};
    }
}

void SequenceCheck::archive(Archive& archive) {
    struct Item {
        uint64_t key;
        Flow flow;
    };
    std::vector<uint8_t> saved;
    for (const auto& [key, flow] : flows_) {
        const Item item{key, flow};
        const auto* bytes = reinterpret_cast<const uint8_t*>(&item);
        saved.insert(saved.end(), bytes, bytes + sizeof item);
    }
    archive.blob("flows", saved, most_flows * sizeof(Item));
    if (!archive.loading()) return;
    flows_.clear();
    for (size_t at = 0; at + sizeof(Item) <= saved.size(); at += sizeof(Item)) {
        Item item;
        std::memcpy(&item, &saved[at], sizeof item);
        flows_[item.key] = item.flow;
    }
}

}  // namespace sb::devices
