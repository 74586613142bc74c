// SPDX-License-Identifier: Apache-2.0
#include "sim/lab/plot_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/lab/fields.h"

namespace sb::lab {
namespace {

using machine::RawNode;

std::vector<std::string> keys_of(const SweepSpec& spec) {
    std::vector<std::string> keys;
    for (const Axis& axis : spec.axes) keys.push_back(axis.key);
    return keys;
}

[[noreturn]] void no_axis(const machine::Place& place, const std::string& what,
                          const std::string& key, const SweepSpec& spec) {
    fail(place,
         fmt::format("{}: \"{}\" is no axis of the sweep{}", what, key, hint(key, keys_of(spec))));
}

/// The value as the table has it; the scenario may write it in any unit that the axis's values
/// have.
std::string column_value(const Axis& axis, const std::string& text, const machine::Place& place,
                         const std::string& what) {
    std::vector<std::string> texts;
    for (const AxisValue& value : axis.values) {
        if (value.text == text || value.column == text) return value.column;
        texts.push_back(value.text);
    }
    fail(place, fmt::format("{}: the axis \"{}\" has no value {}{}", what, axis.key, text,
                            hint(text, texts)));
}

/// Axes that are neither fixed nor drawn would be averaged over: each one gets lines of its own.
void spread_over(PlotSpec& plot, const SweepSpec& spec, bool by_given) {
    auto fixed = [&](const std::string& key) {
        return std::any_of(plot.where.begin(), plot.where.end(),
                           [&](const auto& pair) { return pair.first == key; });
    };
    auto drawn = [&](const std::string& key) {
        return plot.x == key || std::find(plot.by.begin(), plot.by.end(), key) != plot.by.end();
    };
    // Zipped axes move together: any one of them tells the points apart. A metric over a metric is
    // one line through all points.
    if (spec.zipped || !spec.axis(plot.x)) return;
    for (const Axis& axis : spec.axes) {
        if (axis.values.size() < 2 || drawn(axis.key) || fixed(axis.key)) continue;
        if (by_given)
            fail(plot.place,
                 fmt::format(
                     "plot \"{}\": the axis \"{}\" is not drawn; add it to \"by\", or fix it: "
                     "where = {{ \"{}\" = \"{}\" }}",
                     plot.name, axis.key, axis.key, axis.values.front().text));
        plot.by.push_back(axis.key);
    }
}

void check_name(const PlotSpec& plot, const SweepSpec& spec) {
    const bool good = !plot.name.empty() && plot.name.size() <= 64 &&
                      std::all_of(plot.name.begin(), plot.name.end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '_' || c == '-';
                      });
    if (!good)
        fail(plot.place,
             fmt::format("plot \"{}\": a name has letters, digits, _ and -, at most 64 of "
                         "them: it names files",
                         plot.name));
    for (const PlotSpec& other : spec.plots)
        if (other.name == plot.name)
            fail(plot.place,
                 fmt::format("there are two plots \"{}\"; give each a name", plot.name));
}

/// Which metrics there are shows only when there are results. What begins as they do is one, and so
/// is what resembles no axis.
bool looks_like_metric(const std::string& name, const SweepSpec& spec) {
    for (const char* group : {"total.", "phase.", "metric.", "counter.", "packets."})
        if (name.starts_with(group)) return true;
    return name.find('.') != std::string::npos && nearest(name, keys_of(spec)).empty();
}

PlotSpec read_plot(const RawNode& node, const std::string& name, const SweepSpec& spec) {
    Fields fields{node, name};
    PlotSpec plot;
    plot.place = node.place;
    plot.name = fields.text("name", fmt::format("{}", spec.plots.size() + 1));
    check_name(plot, spec);
    plot.title = fields.text("title", "");
    plot.x = fields.text("x", spec.axes.empty() ? "" : spec.axes.front().key);
    plot.y = fields.texts("y");
    if (plot.y.empty())
        fail(node.place, name + ": needs \"y\": a metric, such as \"total.elapsed\"");
    plot.by = fields.texts("by");
    const bool by_given = node.find("by") != nullptr;
    for (const std::string& key : plot.by)
        if (!spec.axis(key)) no_axis(node.find("by")->place, name + ".by", key, spec);
    if (const RawNode* where = fields.take("where")) {
        if (where->kind != RawNode::Kind::table)
            fields.refuse(*where, "where", "must be a table such as { \"cpu.cache\" = \"none\" }");
        for (const auto& [key, value] : where->members) {
            const Axis* axis = spec.axis(key);
            if (!axis) no_axis(value.place, name + ".where", key, spec);
            if (value.kind != RawNode::Kind::value)
                fields.refuse(value, "where", "takes one value for each axis");
            plot.where.emplace_back(
                key, column_value(*axis, value.value.text(), value.place, name + ".where"));
        }
    }
    plot.x_label = fields.text("x_label", "");
    plot.y_label = fields.text("y_label", "");
    plot.log_x = fields.choice("x_scale", {"linear", "log"}) == "log";
    plot.log_y = fields.choice("y_scale", {"linear", "log"}) == "log";
    fields.finish();
    if (!spec.axis(plot.x) && !looks_like_metric(plot.x, spec))
        no_axis(node.find("x") ? node.find("x")->place : node.place, name + ".x", plot.x, spec);
    spread_over(plot, spec, by_given);
    return plot;
}

RawNode text_node(const machine::Place& place, const std::string& text) {
    RawNode node;
    node.kind = RawNode::Kind::value;
    node.place = place;
    node.value.value = text;
    node.value.place = place;
    return node;
}

}  // namespace

void read_plots(const RawNode* plot, const RawNode* plots, SweepSpec& spec) {
    if (plot) spec.plots.push_back(read_plot(*plot, "sweep.plot", spec));
    if (!plots) return;
    if (plots->kind != RawNode::Kind::list)
        fail(plots->place, "\"sweep.plots\" must be a list of tables, [[sweep.plots]]");
    for (const RawNode& node : plots->items)
        spec.plots.push_back(read_plot(node, "sweep.plots", spec));
}

PlotSpec plot_option(const std::string& option, const SweepSpec& spec) {
    RawNode table;
    table.place = {"--plot " + option, 0};
    RawNode y = text_node(table.place, ""), by = y;
    y.kind = by.kind = RawNode::Kind::list;
    for (size_t at = 0; at < option.size();) {
        const size_t comma = std::min(option.find(',', at), option.size());
        const std::string part = option.substr(at, comma - at);
        at = comma + 1;
        const size_t equals = part.find('=');
        if (equals == std::string::npos)
            fail(table.place, "write it as x=AXIS,y=METRIC,by=AXIS,log=xy,name=NAME,title=TEXT");
        const std::string key = part.substr(0, equals);
        const RawNode value = text_node(table.place, part.substr(equals + 1));
        if (key == "y")
            y.items.push_back(value);
        else if (key == "by")
            by.items.push_back(value);
        else if (key == "log")
            for (const char axis : value.value.text())
                table.members.emplace_back(std::string{axis} + "_scale",
                                           text_node(table.place, "log"));
        else
            table.members.emplace_back(key, value);
    }
    if (!y.items.empty()) table.members.emplace_back("y", y);
    if (!by.items.empty()) table.members.emplace_back("by", by);
    return read_plot(table, "--plot", spec);
}

}  // namespace sb::lab
