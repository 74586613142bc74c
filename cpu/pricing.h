// SPDX-License-Identifier: Apache-2.0
//
// Which row of the timing table an operation is. What depends on data or on the mode (REP counts,
// ports, multipliers, gates) is priced zero here and charged by its handler.
#pragma once

#include "cpu/operation.h"
#include "cpu/timing.h"

namespace sb::cpu {

struct Price {
    uint16_t clocks = 0;
    uint16_t more = 0;  // added where a branch is taken
};

Price price_of(const Operation& op, const Model& model);

}  // namespace sb::cpu
