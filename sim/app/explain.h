// SPDX-License-Identifier: Apache-2.0
//
// `southbridge explain`: runs a scenario and tells the journey of one transfer in it.
#pragma once

#include <string>

#include "sim/app/commands.h"

namespace CLI {
class App;
}

namespace sb::app {

struct ExplainOptions {
    RunOptions run;  // scenario, sets, lockstep, json
    std::string phase;
    unsigned transfer = 0;  // the how manieth stay in the phase; 0: the longest
};

/// Declares the command's own options and its examples.
void explain_options(CLI::App& command, ExplainOptions& options);
/// Returns the run's exit status. Throws `Error` where there is no such phase or transfer.
int explain(const ExplainOptions& options);

}  // namespace sb::app
