// SPDX-License-Identifier: Apache-2.0
//
// A drawing of packets' latencies by stage, as SVG: for each controller that packets came to, one
// bar of where the mean packet's time went, and the distribution of each stage. Times are on a
// logarithmic axis, and shares on one of nines (50 %, 90 %, 99 %, 99.9 %...), so that the tail of a
// distribution takes as much room as its body.
#pragma once

#include <string>

#include "sim/machine/results.h"

namespace sb::machine {

/// A drawing that says so where the run had no packets.
std::string packet_latency_svg(const Results& results);

}  // namespace sb::machine
