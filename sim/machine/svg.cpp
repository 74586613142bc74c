// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/svg.h"

namespace sb::machine::svg {

std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\n':
                out += "&#10;";
                break;
            default:
                out += c >= ' ' && c <= '~' ? c : '?';
        }
    }
    return out;
}

double text_width(size_t characters, double font_size) {
    constexpr double widest_average = 0.62;  // of the font's size; DejaVu Sans has 0.58
    return static_cast<double>(characters) * font_size * widest_average;
}

std::string fitted(const std::string& text, double width, double font_size) {
    if (text_width(text.size(), font_size) <= width) return text;
    size_t fit = 0;
    while (text_width(fit + 1, font_size) <= width) ++fit;
    constexpr size_t least = 3;
    return fit < least ? std::string{} : text.substr(0, fit - 2) + "..";
}

const std::array<Colour, cpu::cause_count> cause_colours{{
    {"#0072B2", "#ffffff"},  // executing: blue
    {"#E69F00", "#000000"},  // memory stall: orange
    {"#D55E00", "#ffffff"},  // I/O stall: vermilion
    {"#F0E442", "#000000"},  // interrupt entry: yellow
    {"#CC79A7", "#000000"},  // interrupt exit: purple
    {"#D9D9D9", "#000000"},  // halted: light grey
}};

const std::array<const char*, cpu::cause_count> cause_labels{
    "executing", "memory stall", "I/O stall", "interrupt entry", "interrupt exit", "halted"};

}  // namespace sb::machine::svg
