// SPDX-License-Identifier: Apache-2.0
//
// Whose a bus was, when: every picosecond of a bus belongs to one master's tenure, to a turnaround
// between two, or is idle. Each is counted as it happens, none is derived from the others, so that
//
//     held by all masters + turnaround + idle = elapsed
//
// is a law that tests can check (`BusSummary::balanced`). Bytes are counted at both ends, by master
// and by target; their sums are equal.
//
// Units: picoseconds, bytes. Tenures are given in order, and never overlap.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "sim/kernel/archive.h"
#include "sim/kernel/time.h"

namespace sb::bus {

/// What a bus knows of each of its masters, processor or device.
struct MasterStats {
    std::string name;
    uint64_t transactions = 0;
    uint64_t bytes = 0;
    Time held;               // the bus was theirs
    Time waited;             // they waited for it, all in all
    Time worst_wait;         // and the longest single wait
    uint64_t abandoned = 0;  // of the transactions: given up for a processor, and repeated
};

/// Bytes to and from one target.
struct Traffic {
    std::string name;
    uint64_t bytes = 0;
};

/// A bus's account at one time, as plain data.
struct BusSummary {
    std::string name;
    Time clock;  // its period
    Time elapsed;
    std::vector<MasterStats> masters;
    std::vector<Traffic> targets;
    Time turnaround;
    Time idle;

    Time held() const;
    uint64_t bytes_by_master() const;
    uint64_t bytes_by_target() const;
    bool balanced() const {
        return held() + turnaround + idle == elapsed && bytes_by_master() == bytes_by_target();
    }
};

/// A bus that can give its account.
class AccountedBus {
  public:
    virtual ~AccountedBus() = default;
    /// Up to `at`, before which nothing is left to happen.
    virtual BusSummary summary(Time at) = 0;
};

class BusAccount {
  public:
    /// The bus is `master`'s from `start` for `duration`, after `turnaround` before it.
    void hold(MasterStats& master, Time start, Time duration, Time turnaround = {}) {
        idle_ += start - turnaround - end_;
        turnaround_ += turnaround;
        master.transactions += 1;
        master.held += duration;
        begin_ = start;
        end_ = start + duration;
        last_ = &master;
        last_turnaround_ = turnaround;
    }
    /// The bus passes to another owner until `start`, for `turnaround`, before anybody holds it.
    void turn(Time start, Time turnaround) {
        idle_ += start - turnaround - end_;
        turnaround_ += turnaround;
        end_ = start;
        last_ = nullptr;
    }
    /// The tenure under way lasts until `end` at least.
    void extend(Time end) {
        if (end <= end_ || !last_) return;
        last_->held += end - end_;
        end_ = end;
    }
    /// The tenure under way ends at `end` already.
    void cut(Time end) {
        if (end >= end_ || !last_) return;
        last_->held = last_->held - (end_ - end);
        end_ = end;
    }
    static void waited(MasterStats& master, Time t) {
        master.waited += t;
        if (t > master.worst_wait) master.worst_wait = t;
    }

    void add(MasterStats& master) { masters_.push_back(&master); }
    /// A target's counter; it stays where it is.
    Traffic& target(const std::string& name);
    const std::vector<MasterStats*>& masters() const { return masters_; }
    Time held() const;
    /// The account at `now`; what of a tenure lies after it is left out.
    BusSummary summary(const std::string& name, Time clock, Time now) const;
    void archive(Archive& archive);

  private:
    std::vector<MasterStats*> masters_;
    std::deque<Traffic> targets_;
    MasterStats* last_ = nullptr;
    Time begin_, end_;  // of the last tenure
    Time last_turnaround_;
    Time idle_;
    Time turnaround_;
};

}  // namespace sb::bus
