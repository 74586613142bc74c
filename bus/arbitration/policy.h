// SPDX-License-Identifier: Apache-2.0
//
// Who of those that ask for a bus gets it next. A policy knows no bus: it sees contenders by index,
// each with its priority, weight, order of asking and the length of the tenure that it would have.
// It is asked when the bus falls free, so what asked later, but before that, counts too.
//
// One class a policy, in this folder; `policy_names` lists them, `make_policy` makes them. State, where a
// policy has any, is saved by `archive`.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/kernel/archive.h"
#include "sim/kernel/time.h"

namespace sb::bus {

/// One who asks for the bus now.
struct Candidate {
    unsigned index = 0;     // of all that are connected to the bus, in the order of connecting
    unsigned priority = 0;  // smaller numbers win
    unsigned weight = 1;
    uint64_t since = 0;  // order of asking
    Time length;         // of its tenure, where the policy is one `by_time`
};

/// Who is next; or nobody yet, and when to ask again.
struct Choice {
    static constexpr unsigned nobody = ~0u;
    unsigned index = nobody;
    Time again = Time::max();
};

class ArbitrationPolicy {
  public:
    virtual ~ArbitrationPolicy() = default;
    /// `asking` is not empty, and in the order of the indices. `last` had the bus before (`nobody`
    /// at first).
    virtual Choice choose(std::span<const Candidate> asking, unsigned last, Time now) = 0;
    /// True where the time and the tenures' lengths matter.
    virtual bool by_time() const { return false; }
    /// When, from `from` on, `one` would be given the bus if nobody else asked.
    virtual Time earliest(const Candidate&, Time from) const { return from; }
    /// The longest tenure that anybody should have.
    virtual Time longest_tenure() const { return Time::max(); }
    virtual void archive(Archive&) {}
};

inline const std::vector<std::string> policy_names{"fixed", "round-robin", "weighted", "tdma"};

/// A policy other than `tdma`, which needs its slots; null for an unknown name.
std::unique_ptr<ArbitrationPolicy> make_policy(const std::string& name);

}  // namespace sb::bus
