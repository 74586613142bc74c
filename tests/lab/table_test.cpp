// SPDX-License-Identifier: Apache-2.0
//
// The table, its CSV, and the statistics over it.
#include <catch2/catch.hpp>

#include "sim/lab/statistics.h"
#include "sim/lab/table.h"
#include "tests/lab/read_sweep.h"

using namespace sb;
using namespace sb::test;

TEST_CASE("a cell is quoted where RFC 4180 wants it") {
    CHECK(lab::csv_cell("plain text") == "plain text");
    CHECK(lab::csv_cell("a,b") == "\"a,b\"");
    CHECK(lab::csv_cell("say \"x\"") == "\"say \"\"x\"\"\"");
    CHECK(lab::csv_cell("two\nlines") == "\"two\nlines\"");
    CHECK(lab::csv_cell("") == "");
}

TEST_CASE("a table has a row for each run, failures too, and empty cells") {
    const auto p =
        plan("[sweep.axes]\n\"cpu.clock\" = [\"33MHz\", \"66MHz\"]\n\"cpu.cache\" = [\"none\"]\n");
    const lab::Table table =
        lab::make_table(p, {{"failed", "halted: a, b", {{"total.a", "1", "us", "an a"}}},
                            {"ok",
                             "",
                             {{"total.b", "2.5", "", ""},
                              {"total.a", "3", "us", "an a"},
                              {"cpu.clock", "4", "", ""}}}});
    const std::string seeds[]{std::to_string(p.runs[0].seed), std::to_string(p.runs[1].seed)};
    CHECK(lab::csv(table) ==
          "point,cpu.clock,cpu.cache,replication,seed,status,reason,total.a,total.b,results.cpu."
          "clock\n"
          "1,33000000,none,1," +
              seeds[0] +
              ",failed,\"halted: a, b\",1,,\n"
              "2,66000000,none,1," +
              seeds[1] + ",ok,,3,2.5,4\n");
    const std::string columns = lab::columns_csv(table);
    CHECK(columns.starts_with("name,kind,unit,description\npoint,run,,"));
    CHECK(columns.find("\ncpu.clock,axis,Hz,") != std::string::npos);
    CHECK(columns.find("\ntotal.a,metric,us,an a\n") != std::string::npos);

    const lab::Table some = lab::selected(table, {"*.b"});
    CHECK(some.columns.size() == 8);
    CHECK(some.columns.back().name == "total.b");
    CHECK(some.rows[1].back() == "2.5");
}

TEST_CASE("patterns fit whole names") {
    CHECK(lab::fits("total.*", "total.elapsed"));
    CHECK(lab::fits("*", ""));
    CHECK(lab::fits("a*b*c", "a-b-b-c"));
    CHECK(lab::fits("a?c", "abc"));
    CHECK_FALSE(lab::fits("total", "total.elapsed"));
    CHECK_FALSE(lab::fits("a*b", "abc"));
    CHECK_FALSE(lab::fits("", "a"));
}

TEST_CASE("the interval of a mean is Student's") {
    // 1..5: s = sqrt(2.5), t(0.975, 4) = 2.776, so 2.776 sqrt(2.5 / 5) = 1.96293.
    const lab::Estimate five = lab::estimate({1, 2, 3, 4, 5});
    CHECK(five.mean == Approx(3));
    CHECK(five.half_width == Approx(1.96293).epsilon(1e-5));
    CHECK(five.count == 5);
    CHECK(lab::estimate({7}).half_width == 0);
    CHECK(lab::estimate({}).count == 0);
    CHECK(lab::student_t975(1) == 12.706);
    CHECK(lab::student_t975(30) == 2.042);
    CHECK(lab::student_t975(35) == 2.042);
    CHECK(lab::student_t975(60) == 2.000);
}
