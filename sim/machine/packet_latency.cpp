// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/packet_latency.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/machine/figures.h"
#include "sim/machine/svg.h"

namespace sb::machine {
namespace {

using observe::HdrHistogram;
using observe::PacketWay;
using observe::Span;

constexpr double width = 1000, margin = 24, plot_at = 70, plot_width = 500, plot_height = 320;
constexpr double bar_height = 26, small = 11, normal = 13, large = 18, line_height = 17;
constexpr double legend_at = plot_at + plot_width + 26;
constexpr double least_edge = 4, least_label = 60;
constexpr double least_step = 0.4;  // pixels between two points of a curve
constexpr double most_nines = 6;

struct Style {
    const char* colour;
    const char* text;  // readable on it
    const char* more;  // of the line
    bool whole;        // spans other stages: no part of the bar
};
/// By span. Okabe and Ito's palette, as in svg.h; what spans others is black and dashed.
constexpr std::array<Style, observe::span_count> styles{{
    {"#999999", "#000000", "", false},                          // source wait
    {"#56B4E9", "#000000", "", false},                          // wire
    {"#C9B800", "#000000", "", false},                          // accept: their yellow, darker
    {"#0072B2", "#ffffff", "", false},                          // DMA
    {"#E69F00", "#000000", "", false},                          // moderation
    {"#D55E00", "#ffffff", "", false},                          // interrupt
    {"#CC79A7", "#000000", "", false},                          // bottom half
    {"#7A4B00", "#ffffff", " stroke-dasharray=\"2 3\"", true},  // in the ring
    {"#009E73", "#ffffff", "", false},                          // protocol
    {"#5E3C99", "#ffffff", "", false},                          // application
    {"#5E3C99", "#ffffff", "", false},                          // forwarding
    {"#8C510A", "#ffffff", "", false},                          // transmit
    {"#000000", "#ffffff", " stroke-dasharray=\"6 3\"", true},  // host
    {"#000000", "#ffffff", " stroke-dasharray=\"6 3\"", true},  // through
    {"#000000", "#ffffff", "", true},                           // end to end
}};

struct Drawing {
    std::string body;
    double y = margin;
    void text(double x, double at, double size, const std::string& words, const char* more = "") {
        body += fmt::format("<text x=\"{:.2f}\" y=\"{:.2f}\" font-size=\"{}\"{}>{}</text>\n", x, at,
                            size, more, svg::escaped(words));
    }
    void line(double x1, double y1, double x2, double y2, const char* colour) {
        body += fmt::format(
            "<line x1=\"{:.2f}\" y1=\"{:.2f}\" x2=\"{:.2f}\" y2=\"{:.2f}\" stroke=\"{}\" "
            "stroke-width=\"0.6\"/>\n",
            x1, y1, x2, y2, colour);
    }
};

std::string time_words(double ps) {
    const auto in = [ps](double unit, const char* name) {
        return fmt::format("{:.4g} {}", ps / unit, name);
    };
    return ps < 1e3    ? in(1, "ps")
           : ps < 1e6  ? in(1e3, "ns")
           : ps < 1e9  ? in(1e6, "us")
           : ps < 1e12 ? in(1e9, "ms")
                       : in(1e12, "s");
}

/// Spans that took any time, of one way.
std::vector<size_t> drawn(const PacketWay& way) {
    std::vector<size_t> list;
    for (size_t i = 0; i < observe::span_count; ++i)
        if (way.spans[i].greatest() > 0) list.push_back(i);
    return list;
}

struct Axes {
    double low, high;  // decades of picoseconds
    double nines;
    double top;

    Axes(const PacketWay& way, double y) : low{20}, high{0}, nines{1}, top{y} {
        for (const size_t i : drawn(way)) {
            const HdrHistogram& h = way.spans[i];
            low = std::min(
                low, std::floor(std::log10(std::max<double>(1e3, static_cast<double>(h.least())))));
            high = std::max(high, std::ceil(std::log10(static_cast<double>(h.greatest()))));
            nines = std::max(nines, std::ceil(std::log10(static_cast<double>(h.count()))));
        }
        nines = std::min(nines, most_nines);
        if (high <= low) high = low + 1;
    }
    double x(double ps) const {
        const double place = (std::log10(std::max(ps, 1.0)) - low) / (high - low);
        return plot_at + plot_width * std::clamp(place, 0.0, 1.0);
    }
    /// Of the share of packets that took longer.
    double y(double longer) const {
        const double place = longer > 0 ? std::min(-std::log10(longer) / nines, 1.0) : 1.0;
        return top + plot_height * (1 - place);
    }
};

void grid(Drawing& d, const Axes& axes) {
    for (double decade = axes.low; decade <= axes.high; ++decade) {
        const double x = axes.x(std::pow(10, decade));
        d.line(x, axes.top, x, axes.top + plot_height, "#cccccc");
        d.text(x, axes.top + plot_height + 15, small, time_words(std::pow(10, decade)),
               " text-anchor=\"middle\"");
    }
    const auto level = [&](double longer, const std::string& words) {
        const double y = axes.y(longer);
        d.line(plot_at, y, plot_at + plot_width, y, "#cccccc");
        d.text(plot_at - 6, y + small * 0.36, small, words, " text-anchor=\"end\"");
    };
    level(1, "0 %");
    level(0.5, "50 %");
    for (double nine = 1; nine < axes.nines; ++nine)
        level(std::pow(10, -nine), fmt::format("{:.{}f} %", 100 - std::pow(10, 2 - nine),
                                               std::max(0, static_cast<int>(nine) - 2)));
    level(0, "all");
}

/// A staircase: the share of packets that took no longer than that.
void curve(Drawing& d, const Axes& axes, const HdrHistogram& h, const Style& style,
           const std::string& title) {
    std::string points;
    double last_x = -1, last_y = -1;
    uint64_t seen = 0;
    const auto point = [&](double x, double y, bool always) {
        if (!always && std::abs(x - last_x) < least_step && std::abs(y - last_y) < least_step)
            return;
        points += fmt::format("{:.2f},{:.2f} ", x, y);
        last_x = x;
        last_y = y;
    };
    double before = axes.y(1);
    h.each([&](uint64_t, uint64_t highest, uint64_t count) {
        seen += count;
        const bool last = seen == h.count();
        const double x = axes.x(static_cast<double>(std::min(highest, h.greatest())));
        const double y = axes.y(1 - static_cast<double>(seen) / static_cast<double>(h.count()));
        const bool first = points.empty();
        point(x, before, first);
        point(x, y, last || first);
        before = y;
    });
    d.body += fmt::format(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" "
        "stroke-width=\"{}\"{}><title>{}</title></polyline>\n",
        points, style.colour, style.whole ? 2.2 : 1.6, style.more, svg::escaped(title));
}

void legend(Drawing& d, const PacketWay& way, double y) {
    constexpr double columns[]{165, 230, 295, 360};
    const char* heads[]{"mean", "p50", "p99", "max"};
    for (size_t c = 0; c < 4; ++c)
        d.text(legend_at + columns[c], y, small, heads[c], " text-anchor=\"end\" fill=\"#444444\"");
    for (const size_t i : drawn(way)) {
        y += line_height;
        const HdrHistogram& h = way.spans[i];
        d.body += fmt::format(
            "<line x1=\"{:.2f}\" y1=\"{:.2f}\" x2=\"{:.2f}\" y2=\"{:.2f}\" stroke=\"{}\" "
            "stroke-width=\"2.2\"{}/>\n",
            legend_at, y - 4, legend_at + 18, y - 4, styles[i].colour, styles[i].more);
        d.text(legend_at + 23, y, small, observe::spans[i].name);
        const double values[]{h.mean(), static_cast<double>(h.quantile(1, 2)),
                              static_cast<double>(h.quantile(99, 100)),
                              static_cast<double>(h.greatest())};
        for (size_t c = 0; c < 4; ++c)
            d.text(legend_at + columns[c], y, small, time_words(values[c]), " text-anchor=\"end\"");
    }
}

/// The mean packet's time, stage by stage: each weighted by how many of the packets passed it.
void bar(Drawing& d, const PacketWay& way) {
    double all = 0;
    const auto time = [&](size_t i) {
        return way.spans[i].mean() * static_cast<double>(way.spans[i].count());
    };
    uint64_t packets = 0;
    for (const size_t i : drawn(way))
        if (!styles[i].whole) {
            all += time(i);
            packets = std::max(packets, way.spans[i].count());
        }
    if (all == 0) return;
    double x = plot_at;
    for (const size_t i : drawn(way)) {
        if (styles[i].whole) continue;
        const double w = (width - margin - plot_at) * time(i) / all;
        const std::string mean = time_words(time(i) / static_cast<double>(packets));
        const std::string name = observe::spans[i].name;
        d.body += fmt::format(
            "<rect x=\"{:.3f}\" y=\"{:.2f}\" width=\"{:.3f}\" height=\"{}\" "
            "fill=\"{}\"{}><title>{}</title></rect>\n",
            x, d.y, w, bar_height, styles[i].colour,
            w >= least_edge ? " stroke=\"#ffffff\" stroke-width=\"0.5\"" : "",
            svg::escaped(fmt::format("{}: {}, {:.2f} %\n{}", name, mean, 100 * time(i) / all,
                                     observe::spans[i].doc)));
        if (w >= least_label)
            d.text(x + w / 2, d.y + bar_height / 2 + small * 0.36, small,
                   svg::fitted(name + " " + mean, w - 4, small),
                   fmt::format(" fill=\"{}\" text-anchor=\"middle\" pointer-events=\"none\"",
                               styles[i].text)
                       .c_str());
        x += w;
    }
    d.text(plot_at - 6, d.y + bar_height / 2 + small * 0.36, small, "mean", " text-anchor=\"end\"");
    d.y += bar_height + 18;
}

void panel(Drawing& d, const PacketWay& way) {
    d.text(margin, d.y + normal, normal,
           svg::fitted(fmt::format("Packets to {}: {} served, {} forwarded", way.name,
                                   grouped(static_cast<double>(way.served), 0),
                                   grouped(static_cast<double>(way.forwarded), 0)),
                       width - 2 * margin, normal),
           " font-weight=\"bold\"");
    d.y += 26;
    bar(d, way);
    const Axes axes{way, d.y};
    grid(d, axes);
    for (const size_t i : drawn(way))
        curve(d, axes, way.spans[i], styles[i],
              fmt::format("{}: {}", observe::spans[i].name, observe::spans[i].doc));
    legend(d, way, d.y + 12);
    d.y += plot_height + 50;
}

}  // namespace

std::string packet_latency_svg(const Results& results) {
    Drawing d;
    const std::string title = results.title.empty() ? results.file : results.title;
    d.text(margin, d.y + large, large, svg::fitted(title, width - 2 * margin, large),
           " font-weight=\"bold\"");
    d.y += large + 14;
    bool any = false;
    if (results.packets)
        for (const PacketWay& way : results.packets->ways) any = any || !drawn(way).empty();
    d.text(margin, d.y + small, small,
           any ? "Share of packets for which a stage took no longer; both axes logarithmic. See "
                 "docs/packets.md."
               : "No packet came to an end that could be drawn.",
           " fill=\"#444444\"");
    d.y += 34;
    if (any)
        for (const PacketWay& way : results.packets->ways)
            if (!drawn(way).empty()) panel(d, way);
    const double height = d.y + margin;
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1:.0f}\" width=\"{0}\" "
        "height=\"{1:.0f}\" "
        "font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n"
        "<title>{2}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{3}</svg>\n",
        width, height, svg::escaped(title), d.body);
}

}  // namespace sb::machine
