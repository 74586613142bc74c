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
        if (master == last_ && end_ > now)
            s.masters.back().held = master->held - (end_ - now);
    }
    s.idle += now - end_;
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
    }
    for (Traffic& target : targets_) {
        Archive::Scope scope{archive, "to " + target.name};
        archive.value("bytes", target.bytes);
    }
    archive.value("end", end_);
    archive.value("idle", idle_);
    archive.value("turnaround", turnaround_);
}

}  // namespace sb::bus
