// SPDX-License-Identifier: Apache-2.0
#include "bus/arbitration/policy.h"

#include "bus/arbitration/fixed.h"
#include "bus/arbitration/round_robin.h"
#include "bus/arbitration/weighted.h"

namespace sb::bus {

std::unique_ptr<ArbitrationPolicy> make_policy(const std::string& name) {
    if (name == "fixed") return std::make_unique<FixedPriority>();
    if (name == "round-robin") return std::make_unique<RoundRobin>();
    if (name == "weighted") return std::make_unique<Weighted>();
    return nullptr;
}

}  // namespace sb::bus
