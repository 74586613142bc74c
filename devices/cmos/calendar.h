// SPDX-License-Identifier: Apache-2.0
//
// The calendar of the MC146818: two-digit years, of which each fourth is a leap year.
#pragma once

#include <cstdint>
#include <string>

namespace sb::devices {

struct Calendar {
    unsigned second = 0, minute = 0, hour = 0;  // 24-hour
    unsigned weekday = 1;                       // 1 = Sunday
    unsigned day = 1, month = 1;
    unsigned year = 0;  // 0 to 99

    static constexpr unsigned seconds_a_day = 86400;
    unsigned second_of_day() const { return (hour * 60 + minute) * 60 + second; }
    /// This many seconds later.
    void advance(uint64_t seconds);
    /// Every part within its bounds; false where one was not.
    bool normalise();
    unsigned days_of_month() const;
};

/// "2024-01-31 23:59:58" with its weekday; throws `Error` where that is no time.
Calendar parse_calendar(const std::string& text, unsigned& century);

}  // namespace sb::devices
