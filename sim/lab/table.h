// SPDX-License-Identifier: Apache-2.0
//
// The table of a sweep: a row for each run, in the order of the plan; first what was set, then how
// the run ended, then what it measured. Cells are text; a missing one is empty.
#pragma once

#include <string>
#include <vector>

#include "sim/lab/measures.h"
#include "sim/lab/sweep_plan.h"

namespace sb::lab {

struct Column {
    enum class Kind { run, axis, metric };
    Kind kind = Kind::run;
    std::string name;
    std::string unit;
    std::string doc;
};

struct Table {
    std::vector<Column> columns;
    std::vector<std::vector<std::string>> rows;

    static constexpr size_t none = ~size_t{0};
    size_t column(const std::string& name) const;  // its index, or `none`
};

/// How one run of the plan ended, and what it measured.
struct RunRow {
    std::string status;
    std::string reason;
    std::vector<Measure> measures;
};

/// `rows` as `plan.runs`. Metrics stand in the order in which the rows bring them up.
Table make_table(const SweepPlan& plan, const std::vector<RunRow>& rows);
/// The same with those metrics only that fit one of the patterns; all of them where there is none.
Table selected(const Table& table, const std::vector<std::string>& patterns);

/// RFC 4180, with line feeds: a header and the rows.
std::string csv(const Table& table);
/// A row for each column of the table: name, kind, unit, description.
std::string columns_csv(const Table& table);
/// One cell, quoted where it has to be.
std::string csv_cell(const std::string& text);

}  // namespace sb::lab
