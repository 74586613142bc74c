// SPDX-License-Identifier: Apache-2.0
//
// A clock domain: a period in integer picoseconds and the conversions between cycles and time. No
// process toggles; a clock is only arithmetic. The period is the nearest integer to 10^12 / Hz, so
// a frequency that does not divide 10^12 is off by less than half a picosecond a cycle (33 ppm at
// 66 MHz); every cycle count stays exact, because all times are multiples of the rounded period.
#pragma once

#include "sim/kernel/time.h"

namespace sb {

class Clock {
  public:
    static constexpr uint64_t ps_per_second = 1'000'000'000'000;
    static constexpr uint64_t max_hz = 100'000'000'000;  // 10 ps: below, the rounding would show.

    constexpr explicit Clock(uint64_t hz)
        : hz_{hz < 1        ? 1
              : hz > max_hz ? max_hz
                            : hz},
          period_{Time::ps((ps_per_second + hz_ / 2) / hz_)} {}

    constexpr uint64_t hz() const { return hz_; }
    constexpr Time period() const { return period_; }
    constexpr Time cycles(uint64_t n) const { return period_ * n; }
    /// Cycles that have begun and ended in `t`.
    constexpr uint64_t whole(Time t) const { return t / period_; }
    /// The least number of cycles that lasts at least `t`.
    constexpr uint64_t ceil(Time t) const {
        return t.ps() / period_.ps() + (t.ps() % period_.ps() != 0);
    }

  private:
    uint64_t hz_;
    Time period_;
};

}  // namespace sb
