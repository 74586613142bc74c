// SPDX-License-Identifier: Apache-2.0
//
// A run's results as a person reads them: what ran, the table of phases, what the guest did that
// the hardware does not define, and what to look at next.
#pragma once

#include <string>

#include "sim/machine/results.h"

namespace sb::machine {

struct ReportOptions {
    bool colour = false;
    bool screen = false;  // what the text screen shows
};

std::string report(const Results& results, const ReportOptions& options);

}  // namespace sb::machine
