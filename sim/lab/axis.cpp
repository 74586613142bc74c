// SPDX-License-Identifier: Apache-2.0
#include "sim/lab/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <optional>

#include "sim/lab/fields.h"
#include "sim/machine/plan.h"

namespace sb::lab {
namespace {

using machine::Place;
using machine::RawNode;
using machine::RawValue;
using machine::Scenario;

constexpr size_t most_values = 10'000;

// Larger units of one quantity stand before smaller ones. Which of them a key takes, and how large
// each is, the key's own reader says.
constexpr std::array unit_names{"GHz",  "MHz",  "kHz", "Hz",  "GiB", "MiB", "KiB",
                                "B",    "s",    "ms",  "us",  "ns",  "ps",  "Gbps",
                                "Mbps", "kbps", "bps", "ppm", "ppb"};

/// How much "1 unit" is for this kind of key; 0 where that is no value of it.
uint64_t scale_of(const Key& key, const char* unit) {
    if (key.type == ValueType::text || key.type == ValueType::file) return 0;
    Key free = key;  // without bounds
    free.least = 0;
    free.most = ~uint64_t{0};
    try {
        const Value value = parse_value(free, fmt::format("1{}", unit));
        const auto* scale = std::get_if<uint64_t>(&value);
        return scale ? *scale : 0;
    } catch (const Error&) {
        return 0;
    }
}

std::string with_unit(const Key& key, uint64_t value) {
    for (const char* unit : unit_names)
        if (const uint64_t scale = scale_of(key, unit); scale && value % scale == 0)
            if (value || scale == 1) return fmt::format("{}{}", value / scale, unit);
    return std::to_string(value);
}

/// The value as --set would have it, and as the table has it.
AxisValue checked(const Scenario& scenario, const Key& key, const std::string& full_key,
                  const RawNode& node) {
    if (node.kind != RawNode::Kind::value)
        fail(node.place, fmt::format("sweep.axes: \"{}\": a value of an axis is a text, a whole "
                                     "number, true or false",
                                     full_key));
    std::string text = node.value.text();
    const bool path = key.type == ValueType::file ||
                      (full_key == "guest.program" &&
                       (text.find('/') != std::string::npos ||
                        std::filesystem::is_regular_file(scenario.resolve(node.value))));
    if (path && !text.empty()) text = scenario.resolve(node.value);
    try {
        const bool bare = std::holds_alternative<int64_t>(node.value.value);
        if (bare && key.type != ValueType::integer && key.type != ValueType::text)
            throw Error(fmt::format("{} is not {}", text, expected(key)));
        const Value value = parse_value(key, text);
        const auto* number = std::get_if<uint64_t>(&value);
        return {text, number ? std::to_string(*number) : text};
    } catch (const Error& error) {
        fail(node.place, fmt::format("sweep.axes: \"{}\": {}", full_key, error.what()));
    }
}

/// A range of whole numbers. A guest's parameter may be negative, anything else not.
struct Range {
    int64_t from = 0, to = 0;
    std::optional<int64_t> step, factor, points;
    bool log = false;
};

class RangeReader {
  public:
    RangeReader(Fields& fields, const Key& key) : fields_{fields}, key_{key} {}

    std::vector<int64_t> read(const RawNode& node) {
        const auto from = bound("from"), to = bound("to");
        if (!from || !to) fail(node.place, fields_.name() + ": a range needs \"from\" and \"to\"");
        Range range{*from,           *to,
                    bound("step"),   whole("factor"),
                    whole("points"), fields_.choice("scale", {"linear", "log"}) == "log"};
        const int ways =
            range.step.has_value() + range.factor.has_value() + range.points.has_value();
        auto refuse = [&](const char* what) { fail(node.place, fields_.name() + ": " + what); };
        if (ways != 1) refuse("a range needs one of \"step\", \"factor\" and \"points\"");
        if (range.log && !range.points) refuse("scale \"log\" goes with \"points\"");
        if (range.from > range.to) refuse("\"from\" is beyond \"to\"");
        if (range.step && *range.step < 1) refuse("\"step\" must be more than 0");
        if (range.factor && *range.factor < 2) refuse("\"factor\" must be 2 or more");
        if (range.points && (*range.points < 2 || *range.points > int64_t{most_values}))
            refuse("\"points\" must be from 2 to 10000");
        if ((range.log || range.factor) && range.from < 1)
            refuse("a logarithmic range begins above 0");
        std::vector<int64_t> values = spread(range);
        if (values.size() > most_values) refuse("more than 10000 values");
        return values;
    }

  private:
    std::optional<int64_t> whole(const char* name) {
        const RawNode* node = fields_.take(name);
        return node ? std::optional{number(*node, name, Key{})} : std::nullopt;
    }
    /// In the key's own unit.
    std::optional<int64_t> bound(const char* name) {
        const RawNode* node = fields_.take(name);
        return node ? std::optional{number(*node, name, key_)} : std::nullopt;
    }

    int64_t number(const RawNode& node, const char* name, const Key& key) {
        const bool unbounded = std::string_view{name} == "step";
        if (node.kind == RawNode::Kind::value) {
            const auto* bare = std::get_if<int64_t>(&node.value.value);
            const bool takes_bare = key.type == ValueType::text || key.type == ValueType::integer;
            if (bare && takes_bare && (key.type == ValueType::text || *bare >= 0)) return *bare;
            if (!bare && key.type != ValueType::text) {
                Key wanted = key;
                if (unbounded) {
                    wanted.least = 0;
                    wanted.most = ~uint64_t{0};
                }
                try {
                    const Value value = parse_value(wanted, node.value.text());
                    const auto* quantity = std::get_if<uint64_t>(&value);
                    if (quantity && *quantity <= uint64_t{INT64_MAX})
                        return static_cast<int64_t>(*quantity);
                } catch (const Error& error) {
                    fields_.refuse(node, name, error.what());
                }
            }
        }
        fields_.refuse(node, name,
                       key.type == ValueType::text ? "must be a whole number" : expected(key));
    }

    static std::vector<int64_t> spread(const Range& range) {
        std::vector<int64_t> values;
        if (range.points) {
            const auto last = static_cast<long double>(*range.points - 1);
            const auto from = static_cast<long double>(range.from);
            const auto to = static_cast<long double>(range.to);
            for (int64_t i = 0; i < *range.points; ++i) {
                const long double part = static_cast<long double>(i) / last;
                const long double value =
                    range.log ? from * std::pow(to / from, part) : from + (to - from) * part;
                int64_t rounded = i == 0                   ? range.from
                                  : i + 1 == *range.points ? range.to
                                                           : std::llround(value);
                rounded = std::clamp(rounded, range.from, range.to);
                if (values.empty() || values.back() != rounded) values.push_back(rounded);
            }
            return values;
        }
        for (int64_t value = range.from; value <= range.to && values.size() <= most_values;) {
            values.push_back(value);
            const bool over = range.step ? __builtin_add_overflow(value, *range.step, &value)
                                         : __builtin_mul_overflow(value, *range.factor, &value);
            if (over) break;
        }
        return values;
    }

    Fields& fields_;
    const Key& key_;
};

bool is_description(const RawNode& table) {
    for (const auto& [name, node] : table.members)
        if (node.kind == RawNode::Kind::value || name == "values") return true;
    return table.members.empty();
}

void collect(const RawNode& table, const std::string& path,
             std::vector<std::pair<std::string, const RawNode*>>& into) {
    for (const auto& [name, node] : table.members) {
        const std::string key = path.empty() ? name : path + "." + name;
        if (node.kind == RawNode::Kind::table && !is_description(node))
            collect(node, key, into);
        else
            into.emplace_back(key, &node);
    }
}

Key declared(const Scenario& scenario, const std::string& key, const Place& place) {
    try {
        return machine::declared_key(scenario, key);
    } catch (const Error& error) {
        fail(place, fmt::format("sweep.axes: \"{}\": {}", key, error.what()));
    }
}

}  // namespace

std::vector<std::pair<std::string, const RawNode*>> axis_nodes(const RawNode& axes) {
    if (axes.kind != RawNode::Kind::table)
        fail(axes.place, "\"sweep.axes\" must be a table, [sweep.axes]");
    std::vector<std::pair<std::string, const RawNode*>> list;
    collect(axes, "", list);
    return list;
}

std::string base_unit(const Key& key) {
    if (key.type == ValueType::integer) return {};
    for (const char* unit : unit_names)
        if (scale_of(key, unit) == 1) return unit;
    return {};
}

Axis read_axis(const Scenario& scenario, const std::string& full_key, const RawNode& node) {
    const Key key = declared(scenario, full_key, node.place);
    constexpr std::string_view parameter = "guest.parameters.";
    const std::string label =
        full_key.starts_with(parameter) ? full_key.substr(parameter.size()) : full_key;
    Axis axis{full_key, label, base_unit(key), key.doc, {}, node.place};
    const RawNode* list = &node;
    RawNode made;
    if (node.kind == RawNode::Kind::table) {
        Fields fields{node, fmt::format("sweep.axes.\"{}\"", full_key)};
        axis.label = fields.text("label", label);
        const std::string unit = fields.text("unit", axis.unit);
        if (!axis.unit.empty() && unit != axis.unit)
            fields.refuse(*node.find("unit"), "unit",
                          fmt::format("this key is in {} already", axis.unit));
        axis.unit = unit;
        if ((list = fields.take("values")) == nullptr) {
            made.kind = RawNode::Kind::list;
            for (const int64_t value : RangeReader{fields, key}.read(node)) {
                RawNode item;
                item.kind = RawNode::Kind::value;
                item.place = node.place;
                item.value.value = key.type == ValueType::text || key.type == ValueType::integer
                                       ? std::to_string(value)
                                       : with_unit(key, static_cast<uint64_t>(value));
                made.items.push_back(std::move(item));
            }
            list = &made;
        }
        fields.finish();
    }
    if (list->kind != RawNode::Kind::list)
        fail(list->place,
             fmt::format("sweep.axes: \"{}\" must be a list such as [1, 2], or a range "
                         "such as {{ from = 1, to = 9, step = 2 }}",
                         full_key));
    if (list->items.empty())
        fail(list->place, fmt::format("sweep.axes: \"{}\": the list is empty", full_key));
    if (list->items.size() > most_values)
        fail(list->place,
             fmt::format("sweep.axes: \"{}\": more than {} values", full_key, most_values));
    for (const RawNode& item : list->items) {
        AxisValue value = checked(scenario, key, full_key, item);
        for (const AxisValue& other : axis.values)
            if (other.column == value.column)
                fail(item.place, fmt::format("sweep.axes: \"{}\": {} stands there twice", full_key,
                                             value.text));
        axis.values.push_back(std::move(value));
    }
    return axis;
}

}  // namespace sb::lab
