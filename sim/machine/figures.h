// SPDX-License-Identifier: Apache-2.0
//
// How tables print figures.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace sb::machine {

/// 1234567.891 as "1 234 567.891": groups of three, as tables of figures have them.
inline std::string grouped(double value, int decimals) {
    const std::string digits = fmt::format("{:.{}f}", value, decimals);
    const size_t point = std::min(digits.find('.'), digits.size());
    std::string text;
    for (size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && i < point && (point - i) % 3 == 0 && digits[i - 1] != '-') text += ' ';
        text += digits[i];
    }
    return text;
}

}  // namespace sb::machine
