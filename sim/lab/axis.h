// SPDX-License-Identifier: Apache-2.0
//
// One axis of a sweep: a key of the scenario, and the values that it takes in turn. They are
// listed,
//     "cpu.cache" = ["none", "perfect"]
// or given as a range, which is exact in the key's own unit:
//     "cpu.clock" = { from = "33MHz", to = "100MHz", step = "33MHz" }
//     "guest.parameters.size" = { from = 64, to = 65536, factor = 2 }
//     "disk.latency" = { from = "1us", to = "1ms", points = 10, scale = "log" }
// A range ends at the last value not beyond `to`. Values of points on a logarithmic scale are
// rounded to whole units, and equal ones count once. A table may say more: `values` (instead of a
// range), `label` and `unit` (of a guest's parameter), for the table and the plots.
//
// Errors: `Error` with the place of the value.
#pragma once

#include <string>
#include <vector>

#include "sim/kernel/config.h"
#include "sim/machine/scenario.h"

namespace sb::lab {

struct AxisValue {
    std::string text;    // as --set would have it
    std::string column;  // in the table: a bare number in the axis's unit, where it is one
    bool operator==(const AxisValue&) const = default;
};

struct Axis {
    std::string key;    // "cpu.clock"
    std::string label;  // for people
    std::string unit;   // of `AxisValue::column`: "Hz", or empty
    std::string doc;
    std::vector<AxisValue> values;
    machine::Place place;
};

/// Axes of a table `sweep.axes`, in its order. `cpu.clock = [...]` without quotes is understood
/// too.
std::vector<std::pair<std::string, const machine::RawNode*>> axis_nodes(
    const machine::RawNode& axes);
/// Reads one, checking every value against the key that it is for.
Axis read_axis(const machine::Scenario& scenario, const std::string& key,
               const machine::RawNode& node);
/// The unit in which a value of this key is a whole number, such as "ps"; empty where it has none.
std::string base_unit(const Key& key);

}  // namespace sb::lab
