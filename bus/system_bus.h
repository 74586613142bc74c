// SPDX-License-Identifier: Apache-2.0
//
// The system bus: one transaction at a time, from processors (single accesses to memory and ports)
// and from bus masters (bursts). It is the place where contention happens and is counted.
//
// Timing. A single access takes `address_clocks` plus, for each bus-wide beat, `data_clocks` plus
// the wait states of the memory; an access to a device takes at least that, and else as long as the
// device says. A burst pays the address clocks once per tenure. The bus is not phase-locked: a
// transaction begins when it is requested and the bus is free, not on the next edge.
// Defaults: Intel486 hardware reference, 2-clock single and 2-1-1-1 burst transfers.
//
// Arbitration happens when the bus falls free, never before: a request of higher priority that
// comes earlier than that wins. Among equals the one that waited longest wins. Tenures are at most
// `longest_burst` beats long; a longer request competes again for each.
//
// Data of a burst is committed when its tenure ends. Nobody can see the difference: the bus is
// held.
//
// Uncontended accesses by processors take a path without any of this: see `ProcessorPort`.
#pragma once

#include <vector>

#include "bus/address_space.h"
#include "bus/bus_account.h"
#include "sim/kernel/clock.h"
#include "sim/observe/stream.h"

namespace sb::bus {

struct SystemBusTiming {
    Clock clock{33'333'333};
    unsigned width = 4;  // bytes a beat
    unsigned address_clocks = 1;
    unsigned data_clocks = 1;
    unsigned longest_burst = 16;  // beats
};

class Crossing;
class MasterPort;
class ProcessorPort;

class SystemBus : public Component {
  public:
    SystemBus(Simulation& sim, observe::Stream& stream, const std::string& name,
              SystemBusTiming timing, AddressSpace& memory, AddressSpace& ports);

    AddressSpace& memory() { return memory_; }
    AddressSpace& ports() { return ports_; }
    const SystemBusTiming& timing() const { return timing_; }
    const std::vector<MasterStats*>& masters() const { return account_.masters(); }
    /// Accesses by processors to what is behind the host bridge go through `crossing`.
    void cross_by(Crossing& crossing) { crossing_ = &crossing; }
    /// The sum of all masters' tenures.
    Time held() const { return account_.held(); }
    BusSummary summary(Time at) const {
        return account_.summary(std::string{basename()}, timing_.clock.period(), at);
    }

    /// How long `bytes` at `address` of this memory take in one tenure.
    Time memory_time(const DirectMemory& memory, uint64_t address, uint64_t bytes) const;
    /// The least that any transaction takes.
    Time least_time() const {
        return timing_.clock.cycles(timing_.address_clocks + timing_.data_clocks);
    }

  private:
    friend class MasterPort;
    friend class ProcessorPort;

    /// One who can wait for the bus. Smaller priority numbers win.
    struct Contender {
        virtual ~Contender() = default;
        virtual void granted() = 0;
        unsigned priority = 0;
        uint64_t since = 0;  // order of asking
        Time asked;
        bool waiting = false;
        MasterStats stats;
        observe::Probe* probe = nullptr;
    };

    void join(Contender& contender);
    void ask(Contender& contender);
    bool free_at(Time t) const { return busy_until_ <= t && waiting_ == 0 && !reserved_; }
    /// The bus belongs to `contender` from `start` for `duration`.
    void hold(Contender& contender, Time start, Time duration, uint64_t bytes) {
        busy_until_ = start + duration;
        account_.hold(contender.stats, start, duration);
        contender.stats.bytes += bytes;
    }
    void arbitrate();
    void schedule_arbitration();

    SystemBusTiming timing_;
    AddressSpace& memory_;
    AddressSpace& ports_;
    observe::Probe probe_;
    Crossing* crossing_ = nullptr;
    std::vector<Contender*> contenders_;
    BusAccount account_;
    State<Time> busy_until_{*this, "busy_until"};
    State<uint64_t> asked_{*this, "asked", 0};
    unsigned waiting_ = 0;
    bool reserved_ = false;  // granted to a processor whose thread has not run yet
    Timer arbitration_;
};

}  // namespace sb::bus
