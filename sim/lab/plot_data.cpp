// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>

#include "sim/lab/fields.h"
#include "sim/lab/plot.h"

namespace sb::lab {
namespace {

struct Scale {
    double divisor = 1;
    std::string unit;
};

/// A unit in which the largest value is from 1 to 1000, for quantities that have a choice of them.
Scale scale_for(const std::string& unit, const std::vector<double>& values) {
    using Step = std::pair<double, const char*>;
    static const std::map<std::string, std::vector<Step>> families{
        {"ps", {{1e12, "s"}, {1e9, "ms"}, {1e6, "µs"}, {1e3, "ns"}}},
        {"Hz", {{1e9, "GHz"}, {1e6, "MHz"}, {1e3, "kHz"}}},
        {"bps", {{1e9, "Gbit/s"}, {1e6, "Mbit/s"}, {1e3, "kbit/s"}}},
        {"ppb", {{1e9, ""}, {1e3, "ppm"}}},
        {"ns", {{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}}},
        {"us", {{1e6, "s"}, {1e3, "ms"}, {1, "µs"}}},
    };
    double largest = 0;
    for (const double value : values) largest = std::max(largest, std::abs(value));
    if (unit == "B") {
        const bool whole = std::all_of(values.begin(), values.end(), [](double value) {
            return std::fmod(value, 1024.0) == 0.0;
        });
        if (whole && largest >= 1048576.0 * 16) return {1048576, "MiB"};
        if (whole && largest >= 1024) return {1024, "KiB"};
        return {1, unit};
    }
    const auto family = families.find(unit);
    if (family != families.end())
        for (const auto& [divisor, name] : family->second)
            if (largest >= divisor) return {divisor, name};
    return {1, unit};
}

bool number(const std::string& text, double& value) {
    if (text.empty()) return false;
    char* end = nullptr;
    value = std::strtod(text.c_str(), &end);
    return *end == '\0' && std::isfinite(value);
}

std::string with_unit(const std::string& label, const std::string& unit) {
    return unit.empty() ? label : fmt::format("{} ({})", label, unit);
}

/// The rows of one line that lie at one x.
struct Bucket {
    std::string x_text;
    std::vector<double> xs, ys;
};

/// What names such as phase.pio.elapsed and phase.dma.elapsed have in common, and what tells them
/// apart: parts between dots at the beginning and at the end.
class CommonParts {
  public:
    explicit CommonParts(const std::vector<std::string>& names) {
        if (names.size() < 2) return;
        const std::string& first = names.front();
        head_ = first.size();
        tail_ = first.size();
        for (const std::string& name : names) {
            size_t same = 0;
            while (same < std::min(head_, name.size()) && name[same] == first[same]) ++same;
            head_ = same;
            for (same = 0; same < std::min(tail_, name.size()) &&
                           name[name.size() - 1 - same] == first[first.size() - 1 - same];)
                ++same;
            tail_ = same;
        }
        const size_t dot = first.substr(0, head_).rfind('.');
        head_ = dot == std::string::npos ? 0 : dot + 1;
        const size_t last = first.find('.', first.size() - tail_);
        tail_ = last == std::string::npos ? 0 : first.size() - last;
        for (const std::string& name : names)
            if (head_ + tail_ >= name.size()) head_ = tail_ = 0;
        text = first.substr(first.size() - tail_);
        if (!text.empty()) text.erase(0, 1);
    }
    std::string rest_of(const std::string& name) const {
        return name.substr(head_, name.size() - head_ - tail_);
    }
    std::string text;

  private:
    size_t head_ = 0, tail_ = 0;
};

class Builder {
  public:
    Builder(const PlotSpec& plot, const SweepSpec& spec, const Table& table)
        : plot_{plot}, spec_{spec}, table_{table} {
        data_.title = plot.title;
        data_.log_x = plot.log_x;
        data_.log_y = plot.log_y;
        data_.replications = spec.replications;
        status_ = table.column("status");
        point_ = table.column("point");
        for (const std::string& key : plot.by) by_.push_back(table.column(key));
        for (const auto& [key, value] : plot.where) where_.emplace_back(table.column(key), value);
    }

    PlotData build() {
        x_ = table_.column(plot_.x);
        if (x_ == Table::none) {
            note("no run has the metric \"{}\"{}", plot_.x, metric_hint(plot_.x));
            return std::move(data_);
        }
        data_.x_was_set = table_.columns[x_].kind == Column::Kind::axis;
        prepare_x();
        std::vector<size_t> ys = chosen();
        std::vector<std::string> units;
        for (const size_t y : ys)
            if (std::find(units.begin(), units.end(), table_.columns[y].unit) == units.end())
                units.push_back(table_.columns[y].unit);
        for (const std::string& unit : units) {
            std::vector<size_t> of_unit;
            for (const size_t y : ys)
                if (table_.columns[y].unit == unit) of_unit.push_back(y);
            add_panel(unit, of_unit);
        }
        check_logarithms();
        return std::move(data_);
    }

  private:
    template <typename... Parts>
    void note(fmt::format_string<Parts...> format, Parts&&... parts) {
        data_.notes.push_back(fmt::format("plot \"{}\": ", plot_.name) +
                              fmt::format(format, std::forward<Parts>(parts)...));
    }

    std::string metric_hint(const std::string& name) const {
        std::vector<std::string> names;
        for (const Column& column : table_.columns)
            if (column.kind == Column::Kind::metric) names.push_back(column.name);
        const std::string near = nearest(name, names);
        return near.empty() ? "; columns.csv lists what there is"
                            : fmt::format("; did you mean \"{}\"?", near);
    }

    std::vector<size_t> chosen() {
        std::vector<size_t> list;
        for (const std::string& pattern : plot_.y) {
            bool any = false;
            for (size_t i = 0; i < table_.columns.size(); ++i) {
                if (table_.columns[i].kind != Column::Kind::metric ||
                    !fits(pattern, table_.columns[i].name))
                    continue;
                any = true;
                if (std::find(list.begin(), list.end(), i) == list.end()) list.push_back(i);
            }
            if (!any) note("no run has a metric \"{}\"{}", pattern, metric_hint(pattern));
        }
        return list;
    }

    bool drawn(const std::vector<std::string>& row) const {
        return row[status_] == status_ok &&
               std::all_of(where_.begin(), where_.end(),
                           [&](const auto& pair) { return row[pair.first] == pair.second; });
    }

    /// The text of an axis's value as the user wrote it.
    std::string written(size_t column, const std::string& cell) const {
        const Axis* axis = spec_.axis(table_.columns[column].name);
        if (!axis) return cell;
        for (const AxisValue& value : axis->values) {
            if (value.column != cell) continue;
            const bool bare = value.text == value.column && !axis->unit.empty();
            return bare ? value.text + " " + axis->unit : value.text;
        }
        return cell;
    }

    void prepare_x() {
        const Column& column = table_.columns[x_];
        std::vector<double> values;
        for (const auto& row : table_.rows) {
            double value = 0;
            if (!drawn(row)) continue;
            if (number(row[x_], value))
                values.push_back(value);
            else if (column.kind == Column::Kind::axis)
                data_.categories = true;
        }
        if (data_.categories) {
            // In the order of the axis, and so of the rows.
            for (const auto& row : table_.rows)
                if (drawn(row) && category(row[x_]) == data_.category_names.size())
                    data_.category_names.push_back(written(x_, row[x_]));
            data_.log_x = false;
        } else {
            x_scale_ = scale_for(column.unit, values);
        }
        const Axis* axis = spec_.axis(plot_.x);
        const std::string label = axis ? axis->label : plot_.x;
        data_.x_label = with_unit(plot_.x_label.empty() ? label : plot_.x_label,
                                  data_.categories ? "" : x_scale_.unit);
    }

    size_t category(const std::string& cell) const {
        const auto& names = data_.category_names;
        return static_cast<size_t>(std::find(names.begin(), names.end(), written(x_, cell)) -
                                   names.begin());
    }

    void add_panel(const std::string& unit, const std::vector<size_t>& ys) {
        std::vector<double> values;
        for (const auto& row : table_.rows)
            for (const size_t y : ys)
                if (double value = 0; drawn(row) && number(row[y], value)) values.push_back(value);
        if (unit == "B")
            y_scale_ = {1, unit};
        else
            y_scale_ = scale_for(unit, values);
        PlotPanel panel;
        panel.unit = y_scale_.unit;
        const CommonParts common = common_parts(ys);
        const std::string label = !plot_.y_label.empty() ? plot_.y_label
                                  : ys.size() == 1       ? table_.columns[ys[0]].name
                                                         : common.text;
        panel.label = label.empty() ? y_scale_.unit : with_unit(label, y_scale_.unit);
        for (const size_t y : ys)
            add_lines(panel, y, ys.size() > 1 ? common.rest_of(table_.columns[y].name) : "");
        if (ys.size() == 1) panel.legend = fmt::format("{}", fmt::join(by_labels(), ", "));
        if (!panel.lines.empty()) data_.panels.push_back(std::move(panel));
    }

    std::vector<std::string> by_labels() const {
        std::vector<std::string> names;
        for (const std::string& key : plot_.by) {
            const Axis* axis = spec_.axis(key);
            names.push_back(axis ? axis->label : key);
        }
        return names;
    }

    CommonParts common_parts(const std::vector<size_t>& ys) const {
        std::vector<std::string> names;
        for (const size_t y : ys) names.push_back(table_.columns[y].name);
        return CommonParts{names};
    }

    /// `name` is the metric's, where there are several in the panel.
    void add_lines(PlotPanel& panel, size_t y, const std::string& name) {
        std::vector<std::string> labels;
        std::vector<std::vector<Bucket>> lines;
        const std::vector<std::string> axes = by_labels();
        for (const auto& row : table_.rows) {
            double value = 0;
            if (!drawn(row) || !number(row[y], value)) continue;
            std::vector<std::string> parts;
            if (!name.empty()) parts.push_back(name);
            for (size_t i = 0; i < by_.size(); ++i)
                parts.push_back((name.empty() ? "" : axes[i] + " ") + written(by_[i], row[by_[i]]));
            const std::string label = fmt::format("{}", fmt::join(parts, ", "));
            auto line = std::find(labels.begin(), labels.end(), label);
            if (line == labels.end()) {
                line = labels.insert(labels.end(), label);
                lines.emplace_back();
            }
            add_value(lines[static_cast<size_t>(line - labels.begin())], row, value);
        }
        for (size_t i = 0; i < lines.size(); ++i)
            panel.lines.push_back(line_of(labels[i], lines[i]));
    }

    void add_value(std::vector<Bucket>& line, const std::vector<std::string>& row, double value) {
        // Over an axis, values of one x belong together; over a metric, the replications of a
        // point.
        const bool over_axis = table_.columns[x_].kind == Column::Kind::axis;
        const std::string& id = over_axis ? row[x_] : row[point_];
        double x = 0;
        if (data_.categories)
            x = static_cast<double>(category(row[x_]));
        else if (number(row[x_], x))
            x /= x_scale_.divisor;
        else
            return;
        auto bucket = std::find_if(line.begin(), line.end(),
                                   [&](const Bucket& other) { return other.x_text == id; });
        if (bucket == line.end()) bucket = line.insert(line.end(), {id, {}, {}});
        bucket->xs.push_back(x);
        bucket->ys.push_back(value / y_scale_.divisor);
    }

    PlotLine line_of(const std::string& label, const std::vector<Bucket>& buckets) const {
        PlotLine line{label, {}};
        for (const Bucket& bucket : buckets)
            line.points.push_back({bucket.x_text, estimate(bucket.xs).mean, estimate(bucket.ys)});
        if (table_.columns[x_].kind == Column::Kind::axis)
            std::stable_sort(line.points.begin(), line.points.end(),
                             [](const PlotPoint& a, const PlotPoint& b) { return a.x < b.x; });
        return line;
    }

    void check_logarithms() {
        bool x_good = true, y_good = true;
        for (const PlotPanel& panel : data_.panels)
            for (const PlotLine& line : panel.lines)
                for (const PlotPoint& point : line.points) {
                    x_good = x_good && point.x > 0;
                    y_good = y_good && point.y.mean > 0;
                }
        if (data_.log_x && !x_good) note("x has values at or below 0: its axis is linear");
        if (data_.log_y && !y_good) note("y has values at or below 0: its axis is linear");
        data_.log_x = data_.log_x && x_good;
        data_.log_y = data_.log_y && y_good;
    }

    static constexpr const char* status_ok = "ok";

    const PlotSpec& plot_;
    const SweepSpec& spec_;
    const Table& table_;
    PlotData data_;
    size_t status_ = 0, point_ = 0, x_ = 0;
    std::vector<size_t> by_;
    std::vector<std::pair<size_t, std::string>> where_;
    Scale x_scale_, y_scale_;
};

}  // namespace

PlotData plot_data(const PlotSpec& plot, const SweepSpec& spec, const Table& table) {
    return Builder{plot, spec, table}.build();
}

}  // namespace sb::lab
