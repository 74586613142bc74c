// SPDX-License-Identifier: Apache-2.0
//
// What the drawings share: escaping, text that fits, and the colours of the causes.
#pragma once

#include <array>
#include <string>

#include "cpu/attribution.h"

namespace sb::machine::svg {

/// For text and for attributes in double quotes. What is not printable ASCII becomes '?'.
std::string escaped(const std::string& text);
/// Cut to `width` pixels with ".." at its end; empty where not even three characters fit.
std::string fitted(const std::string& text, double width, double font_size);
/// No narrower than the text is in any usual sans-serif font.
double text_width(size_t characters, double font_size);

struct Colour {
    const char* fill;
    const char* text;  // readable on it
};
/// By cause. Okabe and Ito's palette, "Color Universal Design" (2008), told apart with any kind of
/// colour vision, and in grey: neighbours in a stack differ in lightness.
extern const std::array<Colour, cpu::cause_count> cause_colours;
extern const std::array<const char*, cpu::cause_count> cause_labels;

}  // namespace sb::machine::svg
