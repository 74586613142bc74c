// SPDX-License-Identifier: Apache-2.0
//
// Makes one run in this process, which must be one of its own: SystemC has one simulation in each.
#pragma once

#include "sim/lab/run_record.h"
#include "sim/machine/scenario.h"

namespace sb::lab {

/// The scenario with these assignments, run to its end. Never throws `Error`: what is wrong with a
/// point becomes a record with the status `error`.
RunRecord make_run(const machine::Scenario& scenario, const std::vector<std::string>& sets,
                   const std::string& key);

}  // namespace sb::lab
