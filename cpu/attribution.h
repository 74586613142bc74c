// SPDX-License-Identifier: Apache-2.0
//
// Where the cycles went: every one is counted under one cause and under the phase that the guest
// says it is in. The sum over all is the processor's local time in cycles, exactly.
#pragma once

#include <array>
#include <cstdint>
#include <map>

namespace sb::cpu {

enum class Cause : uint8_t {
    executing,
    memory_stall,
    io_stall,
    interrupt_entry,
    interrupt_exit,
    halted,
    count_
};

struct CauseInfo {
    const char* name;
    const char* doc;
};
inline constexpr size_t cause_count = static_cast<size_t>(Cause::count_);
inline constexpr std::array<CauseInfo, cause_count> causes{{
    {"executing", "instruction clocks from the timing table"},
    {"memory_stall", "waiting for a data access to memory on the bus"},
    {"io_stall", "waiting for an access to a port or to a device's memory"},
    {"interrupt_entry",
     "delivering interrupts and exceptions, with acknowledge, table reads, pushes"},
    {"interrupt_exit", "IRET, with its pops and table reads"},
    {"halted", "stopped at HLT until an interrupt came"},
}};

struct PhaseCounts {
    std::array<uint64_t, cause_count> cycles{};
    uint64_t instructions = 0;
    uint64_t interrupts = 0;
    uint64_t exceptions = 0;

    uint64_t total() const {
        uint64_t sum = 0;
        for (uint64_t n : cycles) sum += n;
        return sum;
    }
    PhaseCounts& operator+=(const PhaseCounts& o) {
        for (size_t i = 0; i < cause_count; ++i) cycles[i] += o.cycles[i];
        instructions += o.instructions;
        interrupts += o.interrupts;
        exceptions += o.exceptions;
        return *this;
    }
};

class Attribution {
  public:
    static constexpr unsigned phases = 256;

    void add(Cause cause, uint64_t cycles) {
        current_->cycles[static_cast<size_t>(cause)] += cycles;
    }
    PhaseCounts& current() { return *current_; }
    uint8_t phase() const { return phase_; }
    void enter(uint8_t phase) {
        phase_ = phase;
        current_ = &counts_[phase];
    }
    const PhaseCounts& of(uint8_t phase) const { return counts_[phase]; }
    PhaseCounts total() const {
        PhaseCounts sum;
        for (const PhaseCounts& counts : counts_) sum += counts;
        return sum;
    }
    std::array<PhaseCounts, phases>& all() { return counts_; }

  private:
    std::array<PhaseCounts, phases> counts_{};
    uint8_t phase_ = 0;
    PhaseCounts* current_ = &counts_[0];
};

/// What was spent in code that begins at one address.
struct ProfileEntry {
    uint64_t cycles = 0;
    uint64_t instructions = 0;
};
using Profile = std::map<uint32_t, ProfileEntry>;  // by linear address of the decoded block

}  // namespace sb::cpu
