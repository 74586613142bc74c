// SPDX-License-Identifier: Apache-2.0
//
// `southbridge sweep`: its options, its progress, what it says. sim/lab does the work.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace sb::app {

struct SweepCommand {
    std::string program = "southbridge";  // as it was called, for hints
    std::string scenario;
    std::vector<std::string> sets, axes, plots, plugins;
    std::string out;
    unsigned at_once = 0;            // 0: one for each processor
    std::string replications, seed;  // as sweep.replications and sweep.seed, or empty
    double timeout = 0;
    bool dry_run = false;
};

void sweep_options(CLI::App& command, SweepCommand& options);
/// 0: every run is ok; 4: some are not; 130: stopped.
int sweep(const SweepCommand& options);
/// Checks the sweep of a scenario that has one, and says how large it is; else an empty text.
std::string check_sweep(const std::string& scenario, const std::vector<std::string>& sets);

}  // namespace sb::app
