// SPDX-License-Identifier: Apache-2.0
//
// The caches of one processor: first level (one, or one for code and one for data), and a second
// one where there is one; and what other masters' bursts do to them. What an access of the
// processor's own does is in Core (cached.cpp), as it takes the processor's time.
//
// Instruction fetch. A line of code is looked up when an instruction with a byte in it begins and
// the line is not the one that was fetched last (or, for an instruction across two lines, the two):
// the prefetch queue holds it. So a loop within one line looks it up once.
//
// Snooping (`cpu.snoop`). Each line that another master's tenure touches is looked for in every
// cache when the tenure is granted. A modified one is written back first, which takes a tenure of
// the processor's own before the master's; a write then drops the line. A line that is not there
// costs nothing, one that is there and clean neither. With snooping off the tags stay, and where a
// real machine would have used old data there is a finding and a count.
#pragma once

#include <array>
#include <memory>

#include "bus/processor_port.h"
#include "cpu/cache.h"
#include "cpu/memory_types.h"
#include "sim/kernel/config.h"

namespace sb::cpu {

/// The settings of caches in a scenario.
std::vector<Key> cache_keys();

class Caches final : public bus::Snooper {
  public:
    static constexpr uint32_t no_line = 1;

    /// Throws `Error` where the geometry is none.
    Caches(Component& owner, observe::Stream& stream, bus::ProcessorPort& port, const Model& model,
           const Config& config);

    // Null where there is none; for a unified first level both are one.
    Cache* code = nullptr;
    Cache* data = nullptr;
    Cache* second = nullptr;
    unsigned fetch_bytes = 16;  // what a fetch brings: a line
    /// The code lines fetched last, and before it; `no_line` where there is none.
    std::array<uint32_t, 2> fetched{no_line, no_line};

    const MemoryTypes types;

    bool split() const { return code != data; }
    /// The processor wrote there: a code cache of its own does not have the line any more. True
    /// where the prefetch queue had it.
    bool drop_code(uint32_t address);
    void clear();

    Time snoop(bool write, uint64_t address, uint64_t bytes, Time start) override;

  private:
    Cache* add(const char* name, const CacheInfo& info);
    Time snoop_line(bool write, uint32_t address, Time start);
    void unseen(Cache& cache, uint32_t* tag, bool write, uint32_t address);

    Component& owner_;
    observe::Stream& stream_;
    bus::ProcessorPort& port_;
    const bool snooping_;
    std::array<std::unique_ptr<Cache>, 3> all_;
    unsigned count_ = 0;
};

}  // namespace sb::cpu
