// SPDX-License-Identifier: Apache-2.0
//
// Reads what a sweep's table says about its plots. They are checked against the axes; whether a
// metric exists shows only when there are results.
#pragma once

#include "sim/lab/spec.h"

namespace sb::lab {

/// `plot` is one table, `plots` a list of them; either may be null.
void read_plots(const machine::RawNode* plot, const machine::RawNode* plots, SweepSpec& spec);

}  // namespace sb::lab
