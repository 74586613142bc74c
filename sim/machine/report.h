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
    std::string details_folder;  // where the details were written; empty where nowhere
};

std::string report(const Results& results, const ReportOptions& options);

}  // namespace sb::machine
