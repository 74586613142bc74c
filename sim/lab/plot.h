// SPDX-License-Identifier: Apache-2.0
//
// From the table of a sweep to a picture: the data of its lines, with the mean and the 95 %
// confidence interval over the replications, and a gnuplot script that draws them as SVG. Script
// and data stay, so that a user can change them and draw again.
//
// Runs that are not ok are left out of the means; a point without any leaves a gap. Metrics of
// different units go into panels of their own, one below the other.
#pragma once

#include <string>
#include <vector>

#include "sim/lab/statistics.h"
#include "sim/lab/table.h"

namespace sb::lab {

struct PlotPoint {
    std::string x_text;
    double x = 0;  // or the position of a category
    Estimate y;
};

struct PlotLine {
    std::string label;
    std::vector<PlotPoint> points;
};

struct PlotPanel {
    std::string unit, label;  // of y
    std::string legend;       // what the lines' labels are values of
    std::vector<PlotLine> lines;
};

struct PlotData {
    std::string title, x_label;
    bool categories = false;  // x has names, which stand at 0, 1, ...
    std::vector<std::string> category_names;
    bool x_was_set = false;  // it is an axis, and no metric
    bool log_x = false, log_y = false;
    uint64_t replications = 1;
    std::vector<PlotPanel> panels;
    std::vector<std::string> notes;  // what could not be drawn, for the user
};

PlotData plot_data(const PlotSpec& plot, const SweepSpec& spec, const Table& table);

/// Lines as blocks of x, mean, low, high, count; gnuplot's `index` counts them through all panels.
std::string gnuplot_data(const PlotData& data);
/// `stem` names the files beside the script: stem.dat and stem.svg.
std::string gnuplot_script(const PlotData& data, const std::string& stem);

/// Runs gnuplot on the script in this folder. Empty where all went well, else what is wrong.
std::string draw(const std::string& folder, const std::string& script);

}  // namespace sb::lab
