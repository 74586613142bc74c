// SPDX-License-Identifier: Apache-2.0
//
// The timing of a DRAM: banks of which each keeps its last row open, and refresh. Data is not here.
//
// An access that finds its row open (hit) takes CL; one that finds its bank closed (miss) tRCD +
// CL; one that finds another row open (conflict) first closes that one, not before tRAS after it
// was opened: tRP + tRCD + CL. Further words of the row follow at `beat`. Refresh is due every
// `refresh_interval`: it begins then, or when the access under way has ended, closes all banks, and
// takes `refresh_time`, which an access that comes meanwhile waits for. It is worked out when the
// next access comes, from its time: there is no event for it.
//
// Addresses are physical. A row is `row_bytes` long across the whole width of the module; rows that
// follow each other are in different banks.
//
// Units: picoseconds. Accesses must be given in the order of time, and only those that are made.
// Sources: the data sheets named with each part (dram.cpp).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sim/kernel/clock.h"
#include "sim/kernel/counter.h"
#include "sim/observe/stream.h"

namespace sb::bus {

/// A part's figures, as data.
struct DramPart {
    const char* name;
    const char* doc;  // with the data sheet
    unsigned banks;
    uint64_t row_bytes;
    Time cas;         // CL: column address to data
    Time ras_to_cas;  // tRCD
    Time precharge;   // tRP
    Time ras;         // tRAS, the least that a row is open
    Time beat;        // one word after the other of an open row
    Time refresh_interval;
    Time refresh_time;
};

/// The parts there are, by name.
const std::vector<DramPart>& dram_parts();
/// The names, with "none" before them.
std::vector<std::string> dram_names();

class Dram final {
  public:
    static constexpr unsigned most_banks = 8;

    Dram(Component& owner, observe::Stream& stream, const DramPart& part);

    /// The data phase of a tenure whose address phase ends at `start`: `beats` words of `width`
    /// bytes from `address` on, each at least `least`, in whole periods of the bus clock.
    Time access(uint64_t address, uint64_t beats, unsigned width, Time least, Clock clock,
                Time start);
    /// At most how long that takes, whatever is open.
    Time longest(uint64_t beats, unsigned width, Time least, Clock clock) const;
    const DramPart& part() const { return part_; }

  private:
    static constexpr uint64_t closed = ~uint64_t{0};
    /// What a bank does, and what it counts under.
    enum class Action : uint8_t { hit, miss, conflict, refresh };

    Time refresh(Time start);
    Time open(uint64_t address, Time start);

    const DramPart part_;
    observe::Probe probe_;
    std::array<uint64_t, 4> names_{};
    // State.
    std::array<uint64_t, most_banks> row_{};  // open, or `closed`
    std::array<Time, most_banks> opened_{};
    Time busy_until_;
    uint64_t refreshed_ = 0;  // how many refreshes were done

    Counter hits_, misses_, conflicts_, refreshes_;
};

}  // namespace sb::bus
