// SPDX-License-Identifier: Apache-2.0
//
// A clock whose period need not be a whole number of picoseconds: 1.193182 MHz, 1.8432 MHz. Ticks
// are numbered from the start of the run (tick 0 is at time 0), and tick k is at ceil(k * 10^12 /
// Hz) ps: every tick is off by less than a picosecond, and the error never adds up. All in
// integers.
#pragma once

#include <algorithm>

#include "sim/kernel/clock.h"

namespace sb {

class TickClock {
  public:
    constexpr explicit TickClock(uint64_t hz)
        : hz_{std::clamp<uint64_t>(hz, 1, Clock::ps_per_second)} {}

    constexpr uint64_t hz() const { return hz_; }
    /// When tick `k` is; Time::max() where that is beyond the range of time.
    constexpr Time at(uint64_t k) const {
        const Wide ps = (Wide{k} * Clock::ps_per_second + (hz_ - 1)) / hz_;
        return ps > Time::max().ps() ? Time::max() : Time::ps(static_cast<uint64_t>(ps));
    }
    /// The number of the last tick at or before `t`.
    constexpr uint64_t last(Time t) const {
        return static_cast<uint64_t>(Wide{t.ps()} * hz_ / Clock::ps_per_second);
    }
    /// The number of the first tick at or after `t`.
    constexpr uint64_t next(Time t) const {
        const uint64_t k = last(t);
        return at(k) == t ? k : k + 1;
    }

  private:
    __extension__ using Wide = unsigned __int128;
    uint64_t hz_;
};

}  // namespace sb
