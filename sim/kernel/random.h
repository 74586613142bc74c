// SPDX-License-Identifier: Apache-2.0
//
// Random numbers that are the same on every host: integers only, no floating point and no library's
// distributions. A generator is plain data, so `State<Random>` saves it.
//
// Sources. xoshiro256**: D. Blackman and S. Vigna, "Scrambled linear pseudorandom number
// generators", ACM TOMS 47(4), 2021. Its state is seeded, as the authors advise, by splitmix64: G.
// Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. A
// number below a bound: D. Lemire, "Fast random integer generation in an interval", ACM TOMACS
// 29(1), 2019. Exponential variates: J. von Neumann, "Various techniques used in connection with
// random digits", NBS AMS 12, 1951: only comparisons of uniform numbers, so it is exact and needs
// no logarithm; about 4.3 uniform numbers each.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/kernel/config.h"
#include "sim/kernel/time.h"

namespace sb {

class Random {
  public:
    Random() : Random{0} {}
    explicit Random(uint64_t seed);
    /// A generator of its own for each name: streams that differ, from one seed of the scenario.
    Random(uint64_t seed, std::string_view name);

    /// 64 uniform bits.
    uint64_t next() {
        const uint64_t result = rotate(state_[1] * 5, 7) * 9;
        const uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = rotate(state_[3], 45);
        return result;
    }
    /// Uniform from 0 to `bound` - 1; 0 where the bound is 0.
    uint64_t below(uint64_t bound);
    /// True with a probability in parts per billion. Certain and impossible things draw no number.
    bool chance(uint64_t parts_per_billion) {
        if (parts_per_billion == 0) return false;
        return parts_per_billion >= certain || below(certain) < parts_per_billion;
    }

    /// Exponentially distributed with mean 1, in units of 2^-64.
    __extension__ using Wide = unsigned __int128;
    Wide exponential();
    /// Exponentially distributed, to the nearest picosecond.
    Time exponential(Time mean);
    /// The gap to the next of events that come at random, so many a second on average (at least 1).
    Time exponential_gap(uint64_t per_second);
    /// Geometrically distributed from 1 on: trials until the first success, where they are `mean`
    /// on average.
    uint64_t geometric(uint64_t mean);

    const uint64_t (&state() const)[4] { return state_; }

  private:
    static uint64_t rotate(uint64_t v, int by) { return v << by | v >> (64 - by); }
    uint64_t state_[4];
};

}  // namespace sb
