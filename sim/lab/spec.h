// SPDX-License-Identifier: Apache-2.0
//
// What a scenario's table `sweep` asks for, checked (docs/sweeps.md has the syntax). Nothing here
// knows how runs are made.
//
// Errors: `Error` with file, line, what was expected and the nearest valid name.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/lab/axis.h"

namespace sb::lab {

/// One picture: a line for each combination of `by`, over `x`.
struct PlotSpec {
    std::string name;  // of its files
    std::string title;
    std::string x;                                           // an axis, or a metric
    std::vector<std::string> y;                              // metrics, or patterns of them
    std::vector<std::string> by;                             // axes
    std::vector<std::pair<std::string, std::string>> where;  // axis and its value in the table
    std::string x_label, y_label;                            // empty: from the columns
    bool log_x = false, log_y = false;
    machine::Place place;
};

struct SweepSpec {
    bool zipped = false;
    uint64_t replications = 1;
    uint64_t seed = 1;
    bool common_random_numbers = false;
    std::vector<Axis> axes;
    std::vector<std::string> metrics;  // patterns of those to keep; empty: all
    std::vector<PlotSpec> plots;

    const Axis* axis(const std::string& key) const;
};

/// Refuses a scenario that has no sweep.
SweepSpec read_sweep(const machine::Scenario& scenario);
/// A plot as an option has it: "x=cpu.clock,y=total.elapsed,by=cpu.model,log=xy".
PlotSpec plot_option(const std::string& option, const SweepSpec& spec);
/// Whether the name fits a pattern with * (any text) and ? (any character).
bool fits(std::string_view pattern, std::string_view name);

}  // namespace sb::lab
