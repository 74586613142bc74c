// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <set>

#include "sim/lab/plot.h"

namespace sb::lab {
namespace {

constexpr unsigned width = 900;
constexpr unsigned panel_height = 480;
constexpr double most_marks = 14;     // of x beside each other
constexpr size_t margin_letters = 7;  // of a legend, besides its text

// Colours that people with any kind of colour vision tell apart (Okabe and Ito, "Color universal
// design", 2008), the yellow last; points differ in shape too.
constexpr std::array colours{"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                             "#56B4E9", "#E69F00", "#000000", "#B8A800"};
constexpr std::array shapes{7, 5, 9, 13, 11, 6, 4, 8};

/// In single quotes gnuplot interprets nothing, and a quote is written twice.
std::string quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return out + "'";
}

bool power_of_two(double value) {
    int exponent = 0;
    return std::frexp(value, &exponent) == 0.5;
}

std::set<double> x_values(const PlotData& data) {
    std::set<double> values;
    for (const PlotPanel& panel : data.panels)
        for (const PlotLine& line : panel.lines)
            for (const PlotPoint& point : line.points) values.insert(point.x);
    return values;
}

/// Whether there is room for a mark at each value on a logarithmic axis.
bool apart(const std::set<double>& values) {
    if (values.size() < 2) return true;
    const double whole = std::log(*values.rbegin() / *values.begin());
    double before = 0;
    for (const double value : values) {
        if (before > 0 && std::log(value / before) < whole / most_marks) return false;
        before = value;
    }
    return true;
}

std::string x_axis(const PlotData& data) {
    std::string text;
    const std::set<double> values = x_values(data);
    if (data.categories) {
        std::string tics;
        for (size_t i = 0; i < data.category_names.size(); ++i)
            tics += fmt::format("{}{} {}", i ? ", " : "", quoted(data.category_names[i]), i);
        return fmt::format("set xtics ({})\nset xrange [-0.4:{}.4]\n", tics,
                           data.category_names.size() - 1);
    }
    if (data.log_x) {
        const bool binary = std::all_of(values.begin(), values.end(), power_of_two);
        text += binary ? "set logscale x 2\n" : "set logscale x 10\n";
        std::string tics;
        for (const double value : values)
            tics += fmt::format("{}{:.6g}", tics.empty() ? "" : ", ", value);
        if (data.x_was_set && apart(values)) text += fmt::format("set xtics ({})\n", tics);
        if (values.size() > 1)
            text += fmt::format("set xrange [{:.6g}:{:.6g}]\n", *values.begin() / 1.15,
                                *values.rbegin() * 1.15);
    } else if (values.size() > 1) {
        const double margin = (*values.rbegin() - *values.begin()) * 0.03;
        text += fmt::format("set xrange [{:.10g}:{:.10g}]\n", *values.begin() - margin,
                            *values.rbegin() + margin);
    }
    return text;
}

/// Room for the widest legend, so that panels have the same width.
size_t legend_letters(const PlotData& data) {
    size_t longest = 0;
    for (const PlotPanel& panel : data.panels)
        for (const PlotLine& line : panel.lines)
            longest = std::max({longest, line.label.size(), panel.legend.size()});
    return longest ? longest + margin_letters : 3;
}

bool replicated(const PlotLine& line) {
    return std::any_of(line.points.begin(), line.points.end(),
                       [](const PlotPoint& point) { return point.y.count > 1; });
}

bool never_negative(const PlotPanel& panel) {
    for (const PlotLine& line : panel.lines)
        for (const PlotPoint& point : line.points)
            if (point.y.mean < 0) return false;
    return true;
}

std::string panel_script(const PlotData& data, const PlotPanel& panel, const std::string& stem,
                         size_t first_index) {
    std::string text = fmt::format("set ylabel {}\n", quoted(panel.label));
    if (data.log_y)
        text += "set logscale y 10\nset yrange [*:*]\n";
    else
        text += never_negative(panel) ? "set yrange [0:*]\n" : "set yrange [*:*]\n";
    const bool legend = panel.lines.size() > 1 || !panel.lines.front().label.empty();
    if (legend)
        text += fmt::format("set key {}\n", panel.legend.empty()
                                                ? "notitle"
                                                : "title " + quoted(panel.legend) + " left");
    else
        text += "unset key\n";
    text += "plot \\\n";
    for (size_t i = 0; i < panel.lines.size(); ++i) {
        const PlotLine& line = panel.lines[i];
        const std::string source =
            fmt::format("{} index {}", quoted(stem + ".dat"), first_index + i);
        const std::string style =
            fmt::format("lc rgb '{}' lw 1.8 pt {} ps 0.65", colours[i % colours.size()],
                        shapes[i % shapes.size()]);
        const std::string title =
            line.label.empty() ? std::string{"notitle"} : "title " + quoted(line.label);
        // A bar that would go below zero has no lower end on a logarithmic axis.
        if (replicated(line))
            text += fmt::format(
                "  {} using 1:2:{}:4 with yerrorbars lc rgb '{}' lw 1.2 ps 0 notitle, \\\n", source,
                data.log_y ? "($3>0?$3:$2)" : "3", colours[i % colours.size()]);
        text += fmt::format("  {} using 1:2 with linespoints {} {}{}\n", source, style, title,
                            i + 1 < panel.lines.size() ? ", \\" : "");
    }
    return text;
}

}  // namespace

std::string gnuplot_data(const PlotData& data) {
    std::string text;
    for (const PlotPanel& panel : data.panels)
        for (const PlotLine& line : panel.lines) {
            std::string label = line.label;
            std::replace_if(
                label.begin(), label.end(), [](unsigned char c) { return c < ' '; }, ' ');
            text += fmt::format("# {}: {}\n# x  mean  low  high  runs  (95 % confidence)\n",
                                panel.label, label);
            for (const PlotPoint& point : line.points)
                text += fmt::format("{:.10g} {:.10g} {:.10g} {:.10g} {}\n", point.x, point.y.mean,
                                    point.y.mean - point.y.half_width,
                                    point.y.mean + point.y.half_width, point.y.count);
            text += "\n\n";
        }
    return text;
}

std::string gnuplot_script(const PlotData& data, const std::string& stem) {
    const size_t panels = std::max<size_t>(1, data.panels.size());
    std::string text = fmt::format(
        "# Draw again, in this folder: gnuplot {0}.gp\n"
        "set terminal svg size {1},{2} font 'Helvetica,15' linewidth 1 background rgb 'white' "
        "noenhanced\n"
        "set encoding utf8\n"
        "set output {3}\n"
        "set border 3 lc rgb '#555555' lw 1\n"
        "set tics nomirror out scale 0.6 tc rgb '#333333'\n"
        "set grid xtics ytics lt 1 lc rgb '#e2e2e2' lw 0.8, lt 1 lc rgb '#e2e2e2' lw 0.8\n"
        "set key outside right center Left reverse samplen 2 spacing 1.25 tc rgb '#222222'\n"
        "set bars 0.5\n"
        "set lmargin 11\n"
        "set rmargin {4}\n",
        stem, width, panels * panel_height, quoted(stem + ".svg"), legend_letters(data));
    text += x_axis(data);
    if (data.replications > 1)
        text +=
            fmt::format("set label 1 {} at screen 0.988,0.018 right font ',11' tc rgb '#666666'\n",
                        quoted(fmt::format(
                            "mean of {} replications; bars: 95 % confidence interval of the mean",
                            data.replications)));
    if (panels > 1) text += fmt::format("set multiplot layout {},1\n", panels);
    size_t index = 0;
    for (size_t i = 0; i < data.panels.size(); ++i) {
        if (i == 0 && !data.title.empty())
            text += fmt::format("set title {} font ',17' tc rgb '#111111'\n", quoted(data.title));
        if (i == 1) text += "unset title\nunset label 1\n";
        text += fmt::format("set xlabel {}\n", quoted(data.x_label));
        text += panel_script(data, data.panels[i], stem, index);
        index += data.panels[i].lines.size();
    }
    if (panels > 1) text += "unset multiplot\n";
    return text;
}

std::string draw(const std::string& folder, const std::string& script) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe to gnuplot";
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(ends[1], STDOUT_FILENO);
        ::dup2(ends[1], STDERR_FILENO);
        if (::chdir(folder.c_str()) != 0) ::_exit(126);
        ::execlp("gnuplot", "gnuplot", script.c_str(), nullptr);
        ::_exit(errno == ENOENT ? 127 : 126);
    }
    ::close(ends[1]);
    std::string said;
    char text[512];
    for (ssize_t got = 0; (got = ::read(ends[0], text, sizeof text)) != 0;) {
        if (got < 0 && errno != EINTR) break;
        if (got > 0 && said.size() < 4096) said.append(text, static_cast<size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    while (pid > 0 && ::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (pid < 0) return "gnuplot can not be started";
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return "gnuplot is not installed (Debian's package gnuplot-nox draws them)";
    std::replace(said.begin(), said.end(), '\n', ' ');
    return "gnuplot failed: " + said;
}

}  // namespace sb::lab
