// SPDX-License-Identifier: Apache-2.0
//
// From what a sweep asks for to the runs that it takes. A point is one combination of the axes'
// values; each of its replications is a run, with seeds of its own.
//
// Seeds: every declared key named `seed` (of a device, or of a table such as `bus`), and
// guest.parameters.seed where the scenario has it, gets a value that splitmix64 makes of the run's
// seed and the key's name, so that two sources of one run differ too. The run's seed is made of the
// sweep's seed, the point's values and the replication's number: adding values to an axis leaves
// the seeds of the points that were there. With `common_random_numbers` the point has no part in
// it. A seed that is an axis, or is given by --set, stays as it is.
//
// Key: a run's name in a folder of results. It is a digest of all that the result depends on: the
// scenario as it is for this run, the files that it names, and the program.
#pragma once

#include <string>
#include <vector>

#include "sim/lab/spec.h"

namespace sb::lab {

struct Run {
    size_t point = 0;          // index in `SweepPlan::points`
    uint64_t replication = 1;  // from 1
    uint64_t seed = 0;
    std::vector<std::string> sets;  // "cpu.clock=66MHz", seeds included
    std::string key;
};

struct SweepPlan {
    SweepSpec spec;
    std::vector<std::vector<AxisValue>> points;  // each in the order of the axes
    std::vector<Run> runs;                       // by point, and then by replication
    std::vector<std::string> seed_keys;
    std::string scenario_digest;  // of the base scenario, without the sweep
};

/// `program` stands for the program and the plug-ins that make the runs (see program_identity).
/// Errors: `Error` for a sweep that is wrong, too large, or whose runs would write to one file.
SweepPlan plan_sweep(const machine::Scenario& scenario, const std::string& program);

/// The version, and a digest of the running program and of these plug-ins.
std::string program_identity(const std::string& version, const std::vector<std::string>& plugins);

}  // namespace sb::lab
