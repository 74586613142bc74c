// SPDX-License-Identifier: Apache-2.0
#include "sim/lab/table.h"

#include <algorithm>
#include <unordered_map>

namespace sb::lab {
namespace {

std::string csv_row(const std::vector<std::string>& cells) {
    std::string row;
    for (const std::string& cell : cells) {
        if (&cell != cells.data()) row += ',';
        row += csv_cell(cell);
    }
    return row += '\n';
}

const char* name(Column::Kind kind) {
    return kind == Column::Kind::axis ? "axis" : kind == Column::Kind::metric ? "metric" : "run";
}

}  // namespace

size_t Table::column(const std::string& wanted) const {
    for (size_t i = 0; i < columns.size(); ++i)
        if (columns[i].name == wanted) return i;
    return none;
}

Table make_table(const SweepPlan& plan, const std::vector<RunRow>& rows) {
    using Kind = Column::Kind;
    Table table;
    table.columns.push_back({Kind::run, "point", "", "number of the combination of axis values"});
    for (const Axis& axis : plan.spec.axes)
        table.columns.push_back({Kind::axis, axis.key, axis.unit, axis.doc});
    table.columns.push_back({Kind::run, "replication", "", "number of the repetition"});
    table.columns.push_back({Kind::run, "seed", "", "of the run: its devices' seeds come from it"});
    table.columns.push_back(
        {Kind::run, "status", "", "ok, failed, error, crashed, timeout, or not run"});
    table.columns.push_back({Kind::run, "reason", "", "why the run is not ok"});

    std::unordered_map<std::string, size_t> places;
    for (size_t i = 0; i < table.columns.size(); ++i) places[table.columns[i].name] = i;
    const size_t settings = table.columns.size();
    for (size_t i = 0; i < rows.size(); ++i) {
        const Run& run = plan.runs[i];
        std::vector<std::string> cells{std::to_string(run.point + 1)};
        for (const AxisValue& value : plan.points[run.point]) cells.push_back(value.column);
        cells.insert(cells.end(), {std::to_string(run.replication), std::to_string(run.seed),
                                   rows[i].status, rows[i].reason});
        for (const Measure& measure : rows[i].measures) {
            auto [place, fresh] = places.try_emplace(measure.name, table.columns.size());
            if (!fresh && place->second < settings)  // an axis has this name
                std::tie(place, fresh) =
                    places.try_emplace("results." + measure.name, table.columns.size());
            if (fresh)
                table.columns.push_back({Kind::metric, place->first, measure.unit, measure.doc});
            if (cells.size() <= place->second) cells.resize(place->second + 1);
            cells[place->second] = measure.value;
        }
        table.rows.push_back(std::move(cells));
    }
    for (auto& row : table.rows) row.resize(table.columns.size());
    return table;
}

Table selected(const Table& table, const std::vector<std::string>& patterns) {
    if (patterns.empty()) return table;
    Table kept;
    std::vector<size_t> from;
    for (size_t i = 0; i < table.columns.size(); ++i) {
        const Column& column = table.columns[i];
        const bool wanted =
            column.kind != Column::Kind::metric ||
            std::any_of(patterns.begin(), patterns.end(),
                        [&](const std::string& pattern) { return fits(pattern, column.name); });
        if (!wanted) continue;
        kept.columns.push_back(column);
        from.push_back(i);
    }
    for (const auto& row : table.rows) {
        kept.rows.emplace_back();
        for (const size_t i : from) kept.rows.back().push_back(row[i]);
    }
    return kept;
}

std::string csv_cell(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += c;
        quoted += c;
    }
    return quoted + "\"";
}

std::string csv(const Table& table) {
    std::vector<std::string> names;
    for (const Column& column : table.columns) names.push_back(column.name);
    std::string text = csv_row(names);
    for (const auto& row : table.rows) text += csv_row(row);
    return text;
}

std::string columns_csv(const Table& table) {
    std::string text = csv_row({"name", "kind", "unit", "description"});
    for (const Column& column : table.columns)
        text += csv_row({column.name, name(column.kind), column.unit, column.doc});
    return text;
}

}  // namespace sb::lab
