// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/cycle_stack.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/machine/journey_words.h"
#include "sim/machine/svg.h"

namespace sb::machine {
namespace {

constexpr double width = 1000, margin = 24, bars_at = 160, bars_width = 600;
constexpr double bar_height = 26, line_height = 15, small = 11, normal = 13, large = 18;
constexpr double least_edge = 4;    // pixels of a segment that has a white edge
constexpr double least_label = 44;  // pixels of a segment that has its share written in it

struct Drawing {
    std::string body;
    double y = margin;

    void text(double x, double at, double size, const std::string& words, const char* more = "") {
        body += fmt::format("<text x=\"{:.2f}\" y=\"{:.2f}\" font-size=\"{}\"{}>{}</text>\n", x, at,
                            size, more, svg::escaped(words));
    }
    void segment(double x, double w, size_t cause, const std::string& title,
                 const std::string& label) {
        const svg::Colour& colour = svg::cause_colours[cause];
        body += fmt::format(
            "<rect x=\"{:.3f}\" y=\"{:.2f}\" width=\"{:.3f}\" height=\"{}\" fill=\"{}\"{}>"
            "<title>{}</title></rect>\n",
            x, y, w, bar_height, colour.fill,
            w >= least_edge ? " stroke=\"#ffffff\" stroke-width=\"0.5\"" : "", svg::escaped(title));
        if (w >= least_label)
            text(x + w / 2, y + bar_height / 2 + small * 0.36, small, label,
                 fmt::format(" fill=\"{}\" text-anchor=\"middle\" pointer-events=\"none\"",
                             colour.text)
                     .c_str());
    }
};

std::vector<const PhaseResult*> shown(const Results& results, bool with_bytes) {
    std::vector<const PhaseResult*> list;
    for (const PhaseResult& phase : results.phases)
        if (phase.cpu.total() > 0 && (!with_bytes || phase.bytes > 0)) list.push_back(&phase);
    return list;
}

double ratio(uint64_t part, uint64_t whole) {
    return whole ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

uint64_t busy(const PhaseResult& phase) {
    return phase.cpu.total() - phase.cpu.cycles[static_cast<size_t>(cpu::Cause::halted)];
}

std::string title_of(const PhaseResult& phase, size_t cause) {
    const uint64_t cycles = phase.cpu.cycles[cause], all = phase.cpu.total();
    std::string text =
        fmt::format("{}, {}: {} of {} cycles, {:.4f} %", phase.name, svg::cause_labels[cause],
                    grouped(cycles), grouped(all), 100 * ratio(cycles, all));
    if (phase.bytes)
        text += fmt::format("\n{:.4f} cycles per byte ({} bytes)", ratio(cycles, phase.bytes),
                            grouped(phase.bytes));
    return text;
}

/// The bar: `scale` pixels for a cycle.
double bar(Drawing& d, const PhaseResult& phase, double scale) {
    double x = bars_at;
    for (size_t cause = 0; cause < cpu::cause_count; ++cause) {
        const uint64_t cycles = phase.cpu.cycles[cause];
        if (cycles == 0) continue;
        const double w = static_cast<double>(cycles) * scale;
        d.segment(x, w, cause, title_of(phase, cause),
                  fmt::format("{:.1f} %", 100 * ratio(cycles, phase.cpu.total())));
        x += w;
    }
    return x;
}

void name_of(Drawing& d, const PhaseResult& phase) {
    d.text(bars_at - 10, d.y + bar_height / 2 + normal * 0.36, normal,
           svg::fitted(phase.name, bars_at - 10 - margin, normal), " text-anchor=\"end\"");
}

/// "executing 2 210, memory stall 2 684": a share too small to be seen can be read.
void numbers(Drawing& d, const PhaseResult& phase) {
    std::vector<std::string> lines(1);
    for (size_t cause = 0; cause < cpu::cause_count; ++cause) {
        if (phase.cpu.cycles[cause] == 0) continue;
        const std::string word =
            fmt::format("{} {}", svg::cause_labels[cause], grouped(phase.cpu.cycles[cause]));
        std::string& line = lines.back();
        if (!line.empty() &&
            svg::text_width(line.size() + 3 + word.size(), small) > width - bars_at - margin)
            lines.push_back(word);
        else
            line += (line.empty() ? "" : ",  ") + word;
    }
    for (const std::string& line : lines) {
        d.text(bars_at, d.y + small, small, line, " fill=\"#444444\"");
        d.y += line_height;
    }
}

void legend(Drawing& d) {
    double x = bars_at;
    for (size_t cause = 0; cause < cpu::cause_count; ++cause) {
        d.body += fmt::format(
            "<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"12\" height=\"12\" "
            "fill=\"{}\"><title>{}</title></rect>\n",
            x, d.y, svg::cause_colours[cause].fill, svg::escaped(cpu::causes[cause].doc));
        d.text(x + 17, d.y + 10.5, small, svg::cause_labels[cause]);
        x += 17 + svg::text_width(std::string_view{svg::cause_labels[cause]}.size(), small) + 18;
    }
    d.y += 30;
}

void heading(Drawing& d, const std::string& words) {
    d.text(margin, d.y + normal, normal, words, " font-weight=\"bold\"");
    d.y += 26;
}

void shares(Drawing& d, const std::vector<const PhaseResult*>& phases) {
    heading(d, "Share of each phase's cycles");
    for (const PhaseResult* phase : phases) {
        name_of(d, *phase);
        bar(d, *phase, bars_width / static_cast<double>(phase->cpu.total()));
        d.text(bars_at + bars_width + 10, d.y + bar_height / 2 + small * 0.36, small,
               svg::fitted(grouped(phase->cpu.total()) + " cycles",
                           width - margin - bars_at - bars_width - 10, small));
        d.y += bar_height + 4;
        numbers(d, *phase);
        d.y += 10;
    }
}

/// Cycles per byte, or cycles where no phase moved any.
void absolute(Drawing& d, const std::vector<const PhaseResult*>& phases, bool per_byte) {
    d.y += 8;
    heading(d, per_byte ? "Cycles per byte, of the phases that moved bytes" : "Cycles");
    const auto size = [per_byte](const PhaseResult& p) {
        return per_byte ? ratio(p.cpu.total(), p.bytes) : static_cast<double>(p.cpu.total());
    };
    double longest = 0;
    for (const PhaseResult* phase : phases) longest = std::max(longest, size(*phase));
    for (const PhaseResult* phase : phases) {
        name_of(d, *phase);
        const double pixels = bars_width * size(*phase) / longest;
        const double end = bar(d, *phase, pixels / static_cast<double>(phase->cpu.total()));
        const std::string words = per_byte ? fmt::format("{:.3f}, {:.3f} not halted", size(*phase),
                                                         ratio(busy(*phase), phase->bytes))
                                           : grouped(phase->cpu.total()) + " cycles";
        d.text(end + 10, d.y + bar_height / 2 + small * 0.36, small,
               svg::fitted(words, width - margin - end - 10, small));
        d.y += bar_height + 10;
    }
}

}  // namespace

std::string cycle_stack_svg(const Results& results) {
    Drawing d;
    const std::string title = results.title.empty() ? results.file : results.title;
    d.text(margin, d.y + large, large, svg::fitted(title, width - 2 * margin, large),
           " font-weight=\"bold\"");
    d.y += large + 14;
    d.text(margin, d.y + small, small,
           svg::fitted(
               fmt::format("Where every processor cycle went. {} at {:.3f} MHz, {} cycles in all.",
                           results.cpu_model, static_cast<double>(results.cpu_hz) / 1e6,
                           grouped(results.total.cpu.total())),
               width - 2 * margin, small),
           " fill=\"#444444\"");
    d.y += 28;
    legend(d);
    shares(d, shown(results, false));
    const auto moving = shown(results, true);
    absolute(d, moving.empty() ? shown(results, false) : moving, !moving.empty());
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
