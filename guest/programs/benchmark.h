// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_PROGRAMS_BENCHMARK_H
#define GUEST_PROGRAMS_BENCHMARK_H

// What the benchmarks have in common. Each has parts; each part is a phase of its own and gives a
// 32-bit result, which is printed. The results depend on `iterations` alone, so a machine that
// prints different ones computes wrongly.

#include <cstdint>

#include "runtime/print.h"
#include "runtime/probe.h"

namespace guest {

template <typename Part>
void run_part(const char* name, uint32_t iterations, Part part) {
    uint32_t result;
    {
        PhaseScope phase(name);
        result = part(iterations);
    }
    print("{12} {08x}\n", name, result);
}

// The pseudo-random numbers of a linear congruential generator, the same on every machine.
class Random {
  public:
    uint32_t next() {
        state_ = state_ * 1664525 + 1013904223;
        return state_;
    }

    // From 0 to `bound` - 1. The high bits of the generator are its best.
    uint32_t below(uint32_t bound) {
        return static_cast<uint32_t>(static_cast<uint64_t>(next()) * bound >> 32);
    }

  private:
    uint32_t state_ = 1;
};

}  // namespace guest

#endif
