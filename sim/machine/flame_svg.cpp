// SPDX-License-Identifier: Apache-2.0
//
// The flame graph as a drawing. A frame's width is its share of all cycles, to a thousandth of a
// pixel. Frames that would be narrower than `least_width` stand together in one grey box beside
// their siblings, so that the widths always add up.
#include <fmt/format.h>

#include <algorithm>

#include "sim/machine/flame.h"
#include "sim/machine/journey_words.h"
#include "sim/machine/svg.h"

namespace sb::machine {
namespace {

constexpr double width = 1200, margin = 12, inner = width - 2 * margin;
constexpr double row = 19, font = 12, head = 64, foot = 34, padding = 4;
constexpr double least_width = 0.2;  // pixels
constexpr const char* narrow_fill = "#BDBDBD";

/// Light blues and greens for functions: the causes' colours stand out among them.
std::string function_colour(const std::string& name) {
    uint32_t hash = 2166136261u;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    return fmt::format("hsl({},45%,{}%)", 185 + hash % 40, 74 + (hash >> 8) % 12);
}

/// What is in the frame: no parameters, no anonymous namespace.
std::string short_name(std::string name) {
    static const std::string anonymous = "(anonymous namespace)::";
    for (size_t at; (at = name.find(anonymous)) != std::string::npos;)
        name.erase(at, anonymous.size());
    const size_t parameters = name.find('(');
    if (parameters != std::string::npos && parameters > 0) name.erase(parameters);
    return name;
}

/// Without outer namespaces, where it has to be short.
std::string label_for(std::string name, double width) {
    for (size_t at;
         svg::text_width(name.size(), font) > width && (at = name.find("::")) != std::string::npos;)
        name.erase(0, at + 2);
    return svg::fitted(name, width, font);
}

struct Drawing {
    const FlameGraph& graph;
    uint64_t all;
    size_t depth = 0;
    std::string body;
    double top = 0;

    double pixels(uint64_t cycles) const {
        return inner * static_cast<double>(cycles) / static_cast<double>(all);
    }
    size_t deepest(uint32_t index) const {
        const FlameGraph::Node& node = graph.nodes()[index];
        if (pixels(node.total) < least_width) return 0;
        size_t most = 0;
        for (const uint32_t next : node.children) most = std::max(most, deepest(next));
        return most + 1;
    }
    void box(uint64_t from, uint64_t cycles, size_t level, const std::string& fill,
             const char* text_colour, const std::string& label, const std::string& title) {
        const double x = margin + pixels(from), w = pixels(cycles);
        const double y = top + static_cast<double>(depth - level - 1) * row;
        body += fmt::format(
            "<g class=\"f\" data-x=\"{:.9f}\" data-w=\"{:.9f}\" data-l=\"{}\" "
            "data-n=\"{}\"><title>{}</title>"
            "<rect x=\"{:.3f}\" y=\"{:.1f}\" width=\"{:.3f}\" height=\"{}\" fill=\"{}\"/>"
            "<text x=\"{:.3f}\" y=\"{:.1f}\" fill=\"{}\">{}</text></g>\n",
            static_cast<double>(from) / static_cast<double>(all),
            static_cast<double>(cycles) / static_cast<double>(all), level, svg::escaped(label),
            svg::escaped(title), x, y, w, row - 1, fill, x + padding, y + row - 6, text_colour,
            svg::escaped(label_for(label, w - 2 * padding)));
    }
    std::string counted(const std::string& name, uint64_t cycles, uint64_t self) const {
        std::string text =
            fmt::format("{}\n{} cycles, {:.4f} % of all", name, grouped(cycles),
                        100.0 * static_cast<double>(cycles) / static_cast<double>(all));
        if (self != cycles) text += fmt::format("; {} executing in itself", grouped(self));
        return text;
    }
    void draw(uint32_t index, uint64_t from, size_t level) {
        const FlameGraph::Node& node = graph.nodes()[index];
        const std::string& name = graph.name(node);
        const bool cause = graph.is_cause(node);
        const svg::Colour colour =
            cause ? svg::cause_colours[node.frame] : svg::Colour{"", "#000000"};
        const bool outer = level < 2;  // everything, and the phases
        box(from, node.total, level,
            cause   ? colour.fill
            : outer ? "#E8E8E8"
                    : function_colour(name),
            colour.text, short_name(name), counted(name, node.total, node.self));
        from += node.self;
        uint64_t narrow = 0, count = 0;
        for (const uint32_t next : node.children) {
            const uint64_t cycles = graph.nodes()[next].total;
            if (pixels(cycles) < least_width) {
                narrow += cycles;
                ++count;
                continue;
            }
            draw(next, from, level + 1);
            from += cycles;
        }
        if (pixels(narrow) >= least_width)
            box(from, narrow, level + 1, narrow_fill, "#000000", "narrow frames",
                counted(fmt::format("{} narrow frames", count), narrow, narrow));
    }
};

// A click on a frame makes it as wide as the picture, and what it led to in proportion; its callers
// are all full width. A click on the lowest frame gives back the whole.
constexpr const char* script = R"js(<script type="text/javascript"><![CDATA[
(function () {
  var margin = 12, inner = 1176, letter = 12 * 0.62, padding = 4;
  var frames = Array.prototype.slice.call(document.querySelectorAll("g.f"));
  function number(g, name) { return parseFloat(g.getAttribute("data-" + name)); }
  function zoom(chosen) {
    var x0 = number(chosen, "x"), w0 = number(chosen, "w"), level = number(chosen, "l");
    frames.forEach(function (g) {
      var x = number(g, "x"), w = number(g, "w"), tiny = 1e-9;
      var below = number(g, "l") < level;
      var inside = x >= x0 - tiny && x + w <= x0 + w0 + tiny;
      var around = below && x <= x0 + tiny && x + w >= x0 + w0 - tiny;
      g.style.display = around || (inside && !below) ? "" : "none";
      var left = around ? 0 : (x - x0) / w0, wide = around ? 1 : w / w0;
      var rect = g.querySelector("rect"), text = g.querySelector("text");
      rect.setAttribute("x", margin + left * inner);
      rect.setAttribute("width", wide * inner);
      text.setAttribute("x", margin + left * inner + padding);
      var fit = Math.floor((wide * inner - 2 * padding) / letter), name = g.getAttribute("data-n"), at;
      while (name.length > fit && (at = name.indexOf("::")) >= 0) name = name.substring(at + 2);
      text.textContent = name.length <= fit ? name : fit < 3 ? "" : name.substring(0, fit - 2) + "..";
    });
  }
  frames.forEach(function (g) { g.addEventListener("click", function () { zoom(g); }); });
})();
]]></script>
)js";

}  // namespace

std::string flame_svg(const FlameGraph& graph, const std::string& title) {
    Drawing d{graph, std::max<uint64_t>(graph.nodes()[0].total, 1), 0, {}, head};
    d.depth = std::max<size_t>(d.deepest(0), 1) + 1;  // a row of narrow frames may stand above
    d.draw(0, 0, 0);
    const double height = head + static_cast<double>(d.depth) * row + foot;
    std::string legend;
    double x = margin;
    for (size_t cause = 1; cause < cpu::cause_count; ++cause) {
        legend += fmt::format(
            "<rect x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"11\" height=\"11\" fill=\"{2}\"/><text "
            "x=\"{3:.1f}\" y=\"{4:.1f}\" font-size=\"11\">{5}</text>\n",
            x, height - foot + 12, svg::cause_colours[cause].fill, x + 16, height - foot + 21.5,
            svg::cause_labels[cause]);
        x += 16 + svg::text_width(std::string_view{svg::cause_labels[cause]}.size(), 11) + 16;
    }
    const std::string words = fmt::format(
        "{} cycles, every one of them: phase, callers below, called above, causes on top. A click "
        "widens a frame.{}",
        grouped(graph.nodes()[0].total),
        graph.has_symbols() ? "" : " No symbols: frames are 4 KiB pages of code.");
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1:.0f}\" width=\"{0}\" "
        "height=\"{1:.0f}\" "
        "font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"12\">\n"
        "<style>g.f {{ cursor: pointer; }} g.f:hover rect {{ stroke: #000000; stroke-width: 1; }} "
        "g.f text {{ pointer-events: none; }}</style>\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        "<text x=\"{2}\" y=\"26\" font-size=\"17\" font-weight=\"bold\">{3}</text>\n"
        "<text x=\"{2}\" y=\"46\" font-size=\"11\" fill=\"#444444\">{4}</text>\n{5}{6}{7}</svg>\n",
        width, height, margin, svg::escaped(svg::fitted(title, inner, 17)),
        svg::escaped(svg::fitted(words, inner, 11)), d.body, legend, script);
}

}  // namespace sb::machine
