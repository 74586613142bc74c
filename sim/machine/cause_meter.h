// SPDX-License-Identifier: Apache-2.0
//
// Cycles by cause since the last look, from the processor's own attribution: exact wherever the
// processor's time is committed, which it is whenever it emits an event.
#pragma once

#include <utility>

#include "cpu/attribution.h"

namespace sb::machine {

using CauseCycles = std::array<uint64_t, cpu::cause_count>;

inline uint64_t sum(const CauseCycles& cycles) {
    uint64_t all = 0;
    for (uint64_t n : cycles) all += n;
    return all;
}

class CauseMeter {
  public:
    explicit CauseMeter(const cpu::Attribution& attribution) : attribution_{attribution} {}

    /// To be called at least once in each phase before the next is entered.
    CauseCycles take() {
        CauseCycles taken{};
        collect(phase_, taken);
        phase_ = attribution_.phase();
        collect(phase_, taken);
        return taken;
    }

  private:
    void collect(uint8_t phase, CauseCycles& taken) {
        const CauseCycles& now = attribution_.of(phase).cycles;
        for (size_t i = 0; i < now.size(); ++i)
            taken[i] += now[i] - std::exchange(seen_[phase][i], now[i]);
    }

    const cpu::Attribution& attribution_;
    std::array<CauseCycles, cpu::Attribution::phases> seen_{};
    uint8_t phase_ = 0;
};

}  // namespace sb::machine
