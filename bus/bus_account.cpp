// SPDX-License-Identifier: Apache-2.0
#include "bus/bus_account.h"

#include <algorithm>

namespace sb::bus {

Time BusSummary::held() const {
    Time sum;
    for (const MasterStats& master : masters) sum += master.held;
    return sum;
}

uint64_t BusSummary::bytes_by_master() const {
    uint64_t sum = 0;
    for (const MasterStats& master : masters) sum += master.bytes;
    return sum;
}

uint64_t BusSummary::bytes_by_target() const {
    uint64_t sum = 0;
    for (const Traffic& target : targets) sum += target.bytes;
    return sum;
}

Traffic& BusAccount::target(const std::string& name) {
    auto known = std::find_if(targets_.begin(), targets_.end(),
                              [&](const Traffic& t) { return t.name == name; });
    if (known != targets_.end()) return *known;
    targets_.push_back({name, 0});
    return targets_.back();
}

Time BusAccount::held() const {
    Time sum;
    for (const MasterStats* master : masters_) sum += master->held;
    return sum;
}

BusSummary BusAccount::summary(const std::string& name, Time clock, Time now) const {
    BusSummary s{name, clock, now, {}, {targets_.begin(), targets_.end()}, turnaround_, idle_};
    for (const MasterStats* master : masters_) {
        s.masters.push_back(*master);
        // What of the last tenure, and of the turnaround before it, lies after `now`.
        if (master == last_)
            s.masters.back().held = master->held - (end_ - std::max(begin_, now));
    }
    const Time early = std::min(begin_ - now, last_turnaround_);
    s.turnaround = turnaround_ - early;
    s.idle = idle_ - (begin_ - now - early) + (now - end_);
    return s;
}

void BusAccount::archive(Archive& archive) {
    for (MasterStats* master : masters_) {
        Archive::Scope scope{archive, master->name};
        archive.value("transactions", master->transactions);
        archive.value("bytes", master->bytes);
        archive.value("held", master->held);
        archive.value("waited", master->waited);
        archive.value("worst_wait", master->worst_wait);
        archive.value("abandoned", master->abandoned);
    }
    for (Traffic& target : targets_) {
        Archive::Scope scope{archive, "to " + target.name};
        archive.value("bytes", target.bytes);
    }
    uint64_t last = 0;
    while (last < masters_.size() && masters_[last] != last_) ++last;
    archive.value("last", last);
    last_ = last < masters_.size() ? masters_[last] : nullptr;
    archive.value("begin", begin_);
    archive.value("end", end_);
    archive.value("last_turnaround", last_turnaround_);
    archive.value("idle", idle_);
    archive.value("turnaround", turnaround_);
}

}  // namespace sb::bus
