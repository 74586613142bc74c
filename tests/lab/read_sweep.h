// SPDX-License-Identifier: Apache-2.0
//
// Sweeps from text, for tests.
#pragma once

#include "sim/lab/sweep_plan.h"

namespace sb::test {

inline lab::SweepSpec read(const std::string& text, const std::vector<std::string>& sets = {}) {
    return lab::read_sweep(machine::Scenario::parse(text, "test.toml", sets));
}

inline lab::SweepPlan plan(const std::string& text, const std::vector<std::string>& sets = {}) {
    return lab::plan_sweep(machine::Scenario::parse(text, "test.toml", sets), "this program");
}

/// The values of the first axis, as --set would have them.
inline std::vector<std::string> values(const lab::SweepSpec& spec, size_t axis = 0) {
    std::vector<std::string> texts;
    for (const lab::AxisValue& value : spec.axes.at(axis).values) texts.push_back(value.text);
    return texts;
}

}  // namespace sb::test
