// SPDX-License-Identifier: Apache-2.0
#include "devices/cmos/calendar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "sim/kernel/error.h"

namespace sb::devices {

unsigned Calendar::days_of_month() const {
    static constexpr std::array<unsigned, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && year % 4 == 0 ? 29 : days[std::clamp(month, 1u, 12u) - 1];
}

bool Calendar::normalise() {
    const Calendar given = *this;
    second = std::min(second, 59u);
    minute = std::min(minute, 59u);
    hour = std::min(hour, 23u);
    weekday = std::clamp(weekday, 1u, 7u);
    year = std::min(year, 99u);
    month = std::clamp(month, 1u, 12u);
    day = std::clamp(day, 1u, days_of_month());
    return second == given.second && minute == given.minute && hour == given.hour &&
           weekday == given.weekday && year == given.year && month == given.month &&
           day == given.day;
}

void Calendar::advance(uint64_t seconds) {
    const uint64_t sum = second_of_day() + seconds;
    const auto rest = static_cast<unsigned>(sum % seconds_a_day);
    second = rest % 60;
    minute = rest / 60 % 60;
    hour = rest / 3600;
    // A century of whole days brings everything back but the weekday.
    constexpr uint64_t century_days = 36525;
    uint64_t days = sum / seconds_a_day;
    weekday = static_cast<unsigned>((weekday - 1 + days) % 7) + 1;
    for (days %= century_days; days > 0; --days) {
        if (++day <= days_of_month()) continue;
        day = 1;
        if (++month <= 12) continue;
        month = 1;
        year = (year + 1) % 100;
    }
}

Calendar parse_calendar(const std::string& text, unsigned& century) {
    Calendar c;
    unsigned year = 0;
    int used = 0;
    const int parts = std::sscanf(text.c_str(), "%4u-%2u-%2u %2u:%2u:%2u%n", &year, &c.month,
                                  &c.day, &c.hour, &c.minute, &c.second, &used);
    c.year = year % 100;
    century = year / 100;
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (parts != 6 || static_cast<size_t>(used) != text.size() || year < 1900 || !c.normalise() ||
        (c.month == 2 && c.day == 29 && !leap))
        throw Error(fmt::format("\"{}\" is not a time such as \"2024-01-31 23:59:58\"", text));
    // Sakamoto's rule: 0 is Sunday.
    static constexpr std::array<unsigned, 12> shift{0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
    const unsigned y = year - (c.month < 3);
    c.weekday = (y + y / 4 - y / 100 + y / 400 + shift[c.month - 1] + c.day) % 7 + 1;
    return c;
}

}  // namespace sb::devices
