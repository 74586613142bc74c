// SPDX-License-Identifier: Apache-2.0
//
// From a table to what gnuplot draws.
#include <catch2/catch.hpp>

#include "sim/lab/plot.h"
#include "tests/lab/read_sweep.h"

using namespace sb;
using namespace sb::test;
using Catch::Contains;

namespace {

const std::string sweep =
    "[sweep]\nreplications = 2\n[sweep.axes]\n\"cpu.clock\" = [\"66MHz\", \"33MHz\"]\n"
    "\"cpu.cache\" = [\"none\", \"perfect\"]\n";

/// Values of the eight runs: clock, cache, replication.
lab::Table table_of(const lab::SweepPlan& plan) {
    std::vector<lab::RunRow> rows;
    for (size_t i = 0; i < plan.runs.size(); ++i)
        rows.push_back({"ok",
                        "",
                        {{"total.it's", std::to_string(i), "us", ""},
                         {"total.n", std::to_string(10 * i), "", ""}}});
    rows[2].status = "failed";
    return lab::make_table(plan, rows);
}

lab::PlotData data_of(const std::string& plot) {
    const auto p = plan(sweep + plot);
    return lab::plot_data(p.spec.plots.at(0), p.spec, table_of(p));
}

}  // namespace

TEST_CASE("a plot has a line for each value of the other axes, in the order of x") {
    const auto data = data_of("[sweep.plot]\ny = \"total.it's\"\n");
    REQUIRE(data.panels.size() == 1);
    REQUIRE(data.panels[0].lines.size() == 2);
    CHECK(data.x_label == "cpu.clock (MHz)");
    CHECK(data.panels[0].legend == "cpu.cache");
    const lab::PlotLine& none = data.panels[0].lines[0];
    CHECK(none.label == "none");
    REQUIRE(none.points.size() == 2);
    CHECK(none.points[0].x == 33);  // runs 4 and 5
    CHECK(none.points[0].y.mean == Approx(4.5));
    CHECK(none.points[0].y.half_width == Approx(12.706 * 0.5));
    CHECK(none.points[1].x == 66);  // runs 0 and 1
    CHECK(none.points[1].y.mean == Approx(0.5));
    // Of runs 2 and 3 the first failed.
    CHECK(data.panels[0].lines[1].points[1].y.count == 1);
    CHECK(data.panels[0].lines[1].points[1].y.mean == 3);
}

TEST_CASE("a filter keeps one value, and units have panels of their own") {
    const auto data =
        data_of("[sweep.plot]\ny = \"total.*\"\nwhere = { \"cpu.cache\" = \"none\" }\n");
    REQUIRE(data.panels.size() == 2);
    CHECK(data.panels[0].lines.size() == 1);
    CHECK(data.panels[1].lines[0].points[0].y.mean == 45);
}

TEST_CASE("lines of several metrics are named by what tells them apart") {
    const auto p = plan(sweep + "[sweep.plot]\ny = \"phase.*.elapsed\"\n");
    std::vector<lab::RunRow> rows(
        p.runs.size(),
        {"ok", "", {{"phase.a.elapsed", "1", "us", ""}, {"phase.b.elapsed", "2", "us", ""}}});
    const auto data = lab::plot_data(p.spec.plots.at(0), p.spec, lab::make_table(p, rows));
    REQUIRE(data.panels.size() == 1);
    CHECK(data.panels[0].label == "elapsed (\u00b5s)");
    CHECK(data.panels[0].lines.at(0).label == "a, cpu.cache none");
    CHECK(data.panels[0].lines.at(3).label == "b, cpu.cache perfect");
}

TEST_CASE("an axis of words is one of categories") {
    const auto data = data_of("[sweep.plot]\nx = \"cpu.cache\"\ny = \"total.n\"\n");
    CHECK(data.categories);
    CHECK(data.category_names == std::vector<std::string>{"none", "perfect"});
    CHECK(data.panels.at(0).lines.at(0).label == "66MHz");
    CHECK_THAT(lab::gnuplot_script(data, "plot_1"), Contains("set xtics ('none' 0, 'perfect' 1)"));
}

TEST_CASE("what can not be drawn is said") {
    const auto missing = data_of("[sweep.plot]\ny = \"total.m\"\n");
    CHECK(missing.panels.empty());
    REQUIRE(missing.notes.size() == 1);
    CHECK_THAT(missing.notes[0], Contains("total.m") && Contains("did you mean \"total.n\"?"));
    const auto zero = data_of(
        "[sweep.plot]\ny = \"total.n\"\ny_scale = \"log\"\nwhere = { \"cpu.clock\" = \"66MHz\" "
        "}\nx = \"cpu.cache\"\n");
    CHECK(zero.log_y);  // the mean of 0 and 10 is above 0
}

TEST_CASE("a script quotes all text") {
    const auto data =
        data_of("[sweep.plot]\ny = \"total.it's\"\ntitle = \"a `date` \\\"b\\\" 'c'\\nd\"\n");
    const std::string script = lab::gnuplot_script(data, "plot_1");
    CHECK_THAT(script, Contains("set title 'a `date` \"b\" ''c'' d'"));
    CHECK_THAT(script, Contains("'total.it''s ("));
    CHECK_THAT(lab::gnuplot_data(data), Contains("\n33 4.5 -1.853 10.853 2\n"));
}
