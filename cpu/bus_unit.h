// SPDX-License-Identifier: Apache-2.0
//
// The processor's pins: one socket to memory and one to ports, and the bus clocking of what goes
// through them. Times are in cycles of the processor; a stall is rounded up to whole cycles.
#pragma once

#include "bus/apic.h"
#include "bus/line.h"
#include "bus/processor_port.h"
#include "bus/target.h"
#include "sim/kernel/clock.h"

namespace sb::cpu {

class BusUnit {
  public:
    BusUnit(Component& owner, bus::ProcessorPort& port, Clock clock)
        : owner_{owner},
          port_{port},
          clock_{clock},
          memory_{owner, "memory"},
          ports_{owner, "ports"},
          ferr{owner, "ferr"} {
        memory_.bind(port.memory_socket());
        ports_.bind(port.port_socket());
    }

    struct Access {
        // Small enough to be returned in registers.
        uint64_t stall = 0;  // cycles
        uint32_t value = 0;
        bool free = false;    // took no time, and its instruction takes none
        bool waited = false;  // the thread was blocked
    };
    /// One access of 1, 2 or 4 bytes that begins at `cycle`. May block the calling thread.
    Access transport(bool ports, bool write, uint32_t address, uint32_t v, unsigned bytes,
                     uint64_t cycle);

    /// The bus time of an access to direct memory that the caller makes itself; `idle` says that
    /// nothing is pending before `cycle`. May block, and then `blocked` is set.
    uint64_t take(const bus::MemoryAccess& access, uint64_t cycle, bool idle, bool& blocked);

    /// LOCK#, from the next access on, and until the one under way has ended (or `cycle`, where that is
    /// later).
    void lock() { port_.lock(); }
    void unlock(uint64_t cycle) {
        if (port_.locked()) port_.unlock(clock_.cycles(cycle));
    }

    bus::AddressSpace& memory_space() { return port_.bus().memory(); }
    bus::ProcessorPort& port() { return port_; }
    /// The local APIC, where the board has one that can be moved.
    bus::ApicPlacement* apic = nullptr;

    /// Reads without time or side effects; returns the bytes done.
    unsigned peek(uint32_t address, uint8_t* data, unsigned bytes);

  private:
    Access by_socket(bool ports, bool write, uint32_t address, uint32_t v, unsigned bytes,
                     Time start);

    Component& owner_;
    bus::ProcessorPort& port_;
    Clock clock_;
    bus::InitiatorSocket memory_;
    bus::InitiatorSocket ports_;
    bus::Request request_;
    Time last_duration_;       // of a register access,
    uint64_t last_stall_ = 0;  // and its length in cycles: they are mostly the same

  public:
    bus::Pin ferr;  // FERR#: an x87 exception that is reported by interrupt
};

}  // namespace sb::cpu
