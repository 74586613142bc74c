// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/merge.h"

#include <algorithm>

#include "sim/kernel/simulation.h"

namespace sb::observe {

void Merge::event(const Event& event) {
    const uint64_t window = sim_.window_number();
    if (window != window_) flush();
    window_ = window;
    const unsigned machine = sim_.domain().index;
    if (machine >= held_.size()) held_.resize(machine + 1);
    held_[machine].push_back(event);
}

void Merge::flush() {
    struct Head {
        size_t next = 0;
        Time at;  // of the last one, or later
    };
    std::vector<Head> heads(held_.size());
    for (;;) {
        size_t first = held_.size();
        Time at;
        for (size_t machine = 0; machine < held_.size(); ++machine) {
            const Head& head = heads[machine];
            if (head.next == held_[machine].size()) continue;
            const Time stamp = std::max(head.at, held_[machine][head.next].at);
            if (first != held_.size() && stamp >= at) continue;
            first = machine;
            at = stamp;
        }
        if (first == held_.size()) break;
        heads[first].at = at;
        stream_.hand_on(held_[first][heads[first].next++]);
    }
    for (std::vector<Event>& events : held_) events.clear();
}

}  // namespace sb::observe
