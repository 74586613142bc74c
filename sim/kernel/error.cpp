// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/error.h"

namespace sb {

Finding* Findings::add(const std::string& component, const char* what, Time at) {
    auto [entry, fresh] = index_.try_emplace({component, what}, list_.size());
    if (fresh) list_.push_back({component, what, {}, at, 0});
    Finding& finding = list_[entry->second];
    ++finding.count;
    // Machines run ahead of each other: what a shared wire notices of one may be before what it has
    // noticed of another.
    const bool first = fresh || at < finding.first_at;
    if (first) finding.first_at = at;
    return first ? &finding : nullptr;
}

uint64_t Findings::count(const std::string& what) const {
    uint64_t total = 0;
    for (const Finding& finding : list_)
        if (finding.what == what) total += finding.count;
    return total;
}

const char* name(Outcome::Kind kind) {
    switch (kind) {
        case Outcome::Kind::running:
            return "running";
        case Outcome::Kind::guest_exit:
            return "guest exit";
        case Outcome::Kind::power_off:
            return "power off";
        case Outcome::Kind::halted:
            return "halted";
        case Outcome::Kind::shutdown:
            return "shutdown";
        case Outcome::Kind::time_limit:
            return "time limit";
        case Outcome::Kind::instruction_limit:
            return "instruction limit";
        case Outcome::Kind::text_seen:
            return "text seen";
        case Outcome::Kind::reset:
            return "reset";
        case Outcome::Kind::idle:
            return "idle";
        case Outcome::Kind::interrupted:
            return "interrupted";
        case Outcome::Kind::mismatch:
            return "wrong data";
    }
    return "?";
}

}  // namespace sb
