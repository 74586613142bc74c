// SPDX-License-Identifier: Apache-2.0
#include "sim/lab/spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/lab/fields.h"
#include "sim/lab/plot_reader.h"

namespace sb::lab {
namespace {

using machine::Place;
using machine::RawNode;
using machine::RawValue;
using machine::Scenario;

constexpr uint64_t most_replications = 10'000;
constexpr const char* axes_prefix = "sweep.axes.";

RawNode value_node(const RawValue& value, std::string text) {
    RawNode node;
    node.kind = RawNode::Kind::value;
    node.place = value.place;
    node.value = value;
    node.value.value = std::move(text);
    return node;
}

/// An axis as an option has it: "33MHz,66MHz".
RawNode listed(const RawValue& value) {
    RawNode list;
    list.kind = RawNode::Kind::list;
    list.place = value.place;
    const std::string text = value.text();
    for (size_t at = 0; at <= text.size();) {
        const size_t comma = std::min(text.find(',', at), text.size());
        list.items.push_back(value_node(value, text.substr(at, comma - at)));
        at = comma + 1;
    }
    return list;
}

void put(RawNode& table, const std::string& key, RawNode node) {
    for (auto& [name, member] : table.members)
        if (name == key) {
            member = std::move(node);
            return;
        }
    table.members.emplace_back(key, std::move(node));
}

/// The axes of the file; those of options replace or follow them.
std::vector<Axis> read_axes(const Scenario& scenario, const RawNode* node) {
    std::vector<std::pair<std::string, RawNode>> nodes;
    if (node)
        for (const auto& [key, axis] : axis_nodes(*node)) nodes.emplace_back(key, *axis);
    for (const auto& [name, value] : scenario.sweep_sets()) {
        if (!name.starts_with(axes_prefix)) continue;
        const std::string key = name.substr(std::string_view{axes_prefix}.size());
        auto same = std::find_if(nodes.begin(), nodes.end(),
                                 [&](const auto& axis) { return axis.first == key; });
        if (same == nodes.end()) same = nodes.insert(nodes.end(), {key, {}});
        same->second = listed(value);
    }
    std::vector<Axis> axes;
    for (const auto& [key, axis] : nodes) {
        for (const Axis& other : axes)
            if (other.key == key)
                fail(axis.place, fmt::format("sweep.axes: \"{}\" stands there twice", key));
        axes.push_back(read_axis(scenario, key, axis));
    }
    return axes;
}

/// An axis whose key is given by --set stays at that value.
void pin(const Scenario& scenario, Axis& axis) {
    const size_t dot = axis.key.rfind('.');
    const RawValue* raw = scenario.find(axis.key.substr(0, dot), axis.key.substr(dot + 1));
    if (!raw || !raw->from_text) return;
    const size_t count = axis.values.size();
    RawNode list;
    list.kind = RawNode::Kind::list;
    list.items.push_back(value_node(*raw, raw->text()));
    // Zipped with others it still has as many values.
    axis.values.assign(count, read_axis(scenario, axis.key, list).values.front());
}

void check_lengths(const SweepSpec& spec) {
    for (const Axis& axis : spec.axes)
        if (spec.zipped && axis.values.size() != spec.axes.front().values.size())
            fail(
                axis.place,
                fmt::format("sweep.axes: \"{}\" has {} values and \"{}\" has {}: those of a zipped "
                            "sweep must have equally many",
                            axis.key, axis.values.size(), spec.axes.front().key,
                            spec.axes.front().values.size()));
}

}  // namespace

const Axis* SweepSpec::axis(const std::string& key) const {
    for (const Axis& axis : axes)
        if (axis.key == key) return &axis;
    return nullptr;
}

SweepSpec read_sweep(const Scenario& scenario) {
    if (!scenario.sweep() && scenario.sweep_sets().empty())
        throw Error(
            fmt::format("{}: there is no [sweep] in this scenario; add one, or say what to "
                        "vary: --axis cpu.clock=33MHz,66MHz",
                        scenario.file()));
    RawNode table;
    table.place = {scenario.file(), 0};
    if (scenario.sweep()) table = *scenario.sweep();
    if (table.kind == RawNode::Kind::table)
        for (const auto& [name, value] : scenario.sweep_sets())
            if (!name.starts_with(axes_prefix))
                put(table, name.substr(std::string_view{"sweep."}.size()),
                    value_node(value, value.text()));

    Fields fields{table, "sweep"};
    SweepSpec spec;
    spec.zipped = fields.choice("combine", {"crossed", "zipped"}) == "zipped";
    spec.replications = fields.number("replications", 1, most_replications, 1);
    spec.seed = fields.number("seed", 0, ~uint64_t{0}, 1);
    spec.common_random_numbers = fields.truth("common_random_numbers", false);
    spec.metrics = fields.texts("metrics");
    const RawNode* axes = fields.take("axes");
    const RawNode* plot = fields.take("plot");
    const RawNode* plots = fields.take("plots");
    fields.finish();
    spec.axes = read_axes(scenario, axes);
    if (spec.axes.empty() && spec.replications == 1)
        fail(table.place, "this sweep has no axes; add [sweep.axes]");
    check_lengths(spec);
    for (Axis& axis : spec.axes) pin(scenario, axis);
    if (!spec.zipped)
        for (Axis& axis : spec.axes)
            axis.values.erase(std::unique(axis.values.begin(), axis.values.end()),
                              axis.values.end());
    read_plots(plot, plots, spec);
    return spec;
}

bool fits(std::string_view pattern, std::string_view name) {
    size_t p = 0, n = 0, star = std::string_view::npos, mark = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = n;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

}  // namespace sb::lab
