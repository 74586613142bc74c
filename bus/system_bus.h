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

#include <functional>
#include <memory>
#include <vector>

#include "bus/address_space.h"
#include "sim/kernel/clock.h"
#include "sim/kernel/resume.h"
#include "sim/observe/stream.h"

namespace sb::bus {

struct SystemBusTiming {
    Clock clock{33'333'333};
    unsigned width = 4;  // bytes a beat
    unsigned address_clocks = 1;
    unsigned data_clocks = 1;
    unsigned longest_burst = 16;  // beats
};

class MasterPort;
class ProcessorPort;

/// What the bus knows of each of its masters, processor or device.
struct MasterStats {
    std::string name;
    uint64_t transactions = 0;
    uint64_t bytes = 0;
    Time held;    // the bus was theirs
    Time waited;  // they waited for it
};

class SystemBus : public Component {
  public:
    SystemBus(Simulation& sim, observe::Stream& stream, const std::string& name,
              SystemBusTiming timing, AddressSpace& memory, AddressSpace& ports);

    AddressSpace& memory() { return memory_; }
    AddressSpace& ports() { return ports_; }
    const SystemBusTiming& timing() const { return timing_; }
    const std::vector<MasterStats*>& masters() const { return masters_; }
    /// The sum of all masters' tenures.
    Time held() const;

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
        contender.stats.transactions += 1;
        contender.stats.bytes += bytes;
        contender.stats.held += duration;
    }
    void arbitrate();
    void schedule_arbitration();

    SystemBusTiming timing_;
    AddressSpace& memory_;
    AddressSpace& ports_;
    observe::Probe probe_;
    std::vector<Contender*> contenders_;
    std::vector<MasterStats*> masters_;
    State<Time> busy_until_{*this, "busy_until"};
    State<uint64_t> asked_{*this, "asked", 0};
    unsigned waiting_ = 0;
    bool reserved_ = false;  // granted to a processor whose thread has not run yet
    Timer arbitration_;
};

/// A processor's way onto the bus: a target socket for memory and one for ports. `transport` blocks
/// the calling SC_THREAD while the bus is not free. It synchronises with all that happens before
/// the access begins, so a device always sees the accesses at the right time and in the right
/// order.
class ProcessorPort : public Component, private SystemBus::Contender {
  public:
    ProcessorPort(SystemBus& bus, observe::Stream& stream, const std::string& name,
                  unsigned priority);

    TargetSocket& memory_socket() { return memory_.socket; }
    TargetSocket& port_socket() { return ports_.socket; }
    SystemBus& bus() { return bus_; }

    /// A single access to memory by pointer that the caller makes itself, at its local time
    /// `start`, before which nothing is pending. True where the bus was free: then it is held for
    /// `duration`.
    bool take(Time start, Time duration, unsigned bytes) {
        if (!bus_.free_at(start)) return false;
        bus_.hold(*this, start, duration, bytes);
        return true;
    }
    /// The same where the bus is not free: blocks the calling thread until it was granted; returns
    /// when the access ends. The kernel's time is then when it began.
    Time take_contended(Time start, Time duration, unsigned bytes);

    const MasterStats& stats() const { return Contender::stats; }
    /// An access to a declared register, by the short way: at the caller's local time `start`, with
    /// nothing pending before it and the bus free. Gives how long the bus was held; Time::max()
    /// where it is not of that kind, and nothing was done: the sockets are for those.
    Time access_register(bool ports, bool write, uint64_t address, unsigned bytes, uint32_t& value,
                         Time start);

    /// True where the access just made was one that takes no time (observation ports).
    bool last_was_free() const { return last_free_; }

  private:
    struct Side final : Target {
        Side(ProcessorPort& port, AddressSpace& space, const char* name)
            : port{port}, space{space}, socket{port, name, *this} {}
        void transport(Payload& payload, sc_core::sc_time& delay) override {
            port.transport(space, payload, delay);
        }
        bool direct_memory(Payload& payload, tlm::tlm_dmi& dmi) override;
        unsigned debug(Payload& payload) override { return space.debug(payload); }
        ProcessorPort& port;
        AddressSpace& space;
        TargetSocket socket;
    };

    void transport(AddressSpace& space, Payload& payload, sc_core::sc_time& delay);
    void wait_for_grant();
    void granted() override;

    SystemBus& bus_;
    observe::Probe probe_;
    Resume resume_;
    Side memory_;
    Side ports_;
    bool last_free_ = false;
};

/// A device's way onto the bus: it asks for a burst and gives a completion. One burst at a time.
class MasterPort : private SystemBus::Contender {
  public:
    enum class Result : uint8_t { done, aborted };
    using Completion = std::function<void(Result)>;

    /// `completion` is called at the time at which the burst's last beat ends; it may start the
    /// next.
    MasterPort(Component& owner, SystemBus& bus, observe::Stream& stream, const std::string& name,
               unsigned priority, Completion completion);

    static constexpr uint32_t max_bytes = 65536;

    /// Moves `bytes` (1 to max_bytes) of `buffer()` to or from memory from `address` on. The buffer
    /// must hold the data before a write is asked for; it holds what was read at the completion.
    void request(bool write, uint64_t address, uint32_t bytes);
    /// Forgets a burst that is under way; its data is not committed any further.
    void cancel();
    bool busy() const { return bytes_ != 0; }
    uint8_t* buffer() { return buffer_.data(); }
    const MasterStats& stats() const { return Contender::stats; }

  private:
    void granted() override;
    void tenure_ended();
    uint32_t tenure_bytes() const;
    bool move(uint32_t bytes);
    bool move_by_transport(uint64_t address, uint8_t* data, uint32_t bytes);

    Component& owner_;
    SystemBus& bus_;
    observe::Probe probe_;
    Completion completion_;
    std::vector<uint8_t> buffer_;
    State<bool> write_;
    State<uint64_t> address_;
    State<uint32_t> bytes_;
    State<uint32_t> moved_;
    State<uint32_t> tenure_;
    Timer tenure_end_;
};

}  // namespace sb::bus
