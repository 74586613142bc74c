// SPDX-License-Identifier: Apache-2.0
//
// A run's results as a flat list of numbers with stable names: "total.throughput",
// "phase.dma.halted", "counter.ide.interrupts", "metric.latency". It reads the results' JSON by its
// shape, not by its content, so that a new group of results is in every table without a change
// here:
// - a number is a measure, named by its path;
// - an object with "value" is one too, with its "unit" and "doc";
// - an element of a list of objects is named by its "component" and "name"; other lists are left
// out;
// - "unit" of an object is that of the numbers in it, but not of those whose name says more
// ("count",
//   "..._ps", "..._cycles", "bytes");
// - members of "metrics" stand for themselves, without that word; "..._docs" at the top documents
// names. In names, spaces become _ and slashes vanish: "I/O stall" is "IO_stall".
#pragma once

#include <string>
#include <vector>

namespace sb::lab {

struct Measure {
    std::string name;
    std::string value;  // as JSON has it
    std::string unit;
    std::string doc;
};

/// `json`: text of machine::json_text. Not JSON, or no object: no measures.
std::vector<Measure> measures(const std::string& json);

}  // namespace sb::lab
