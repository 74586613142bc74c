// SPDX-License-Identifier: Apache-2.0
//
// How a processor gets onto the system bus: single accesses to memory and ports.
#pragma once

#include <memory>

#include "bus/crossing.h"
#include "bus/posted_writes.h"
#include "bus/system_bus.h"
#include "sim/kernel/resume.h"

namespace sb::bus {

/// A processor's way onto the bus: a target socket for memory and one for ports. `transport` blocks
/// the calling SC_THREAD while the bus is not free. It synchronises with all that happens before
/// the access begins, so a device always sees the accesses at the right time and in the right
/// order.
class ProcessorPort : public Component,
                      private SystemBus::Contender,
                      private Crossing::Waiter {
  public:
    ProcessorPort(SystemBus& bus, observe::Stream& stream, const std::string& name,
                  MasterSettings settings);

    TargetSocket& memory_socket() { return memory_.socket; }
    TargetSocket& port_socket() { return ports_.socket; }
    SystemBus& bus() { return bus_; }

    /// A single access to memory by pointer that the caller makes itself, at its local time
    /// `start`, before which nothing is pending. Where the bus was free it is held, and this gives
    /// for how long; Time::max() where it was not.
    Time take(Time start, const MemoryAccess& access) {
        if (!bus_.free_at(start)) return Time::max();
        return held(start, access);
    }
    /// The same where the bus is not free, or special: gives when the processor goes on. May block
    /// the calling thread until the bus was granted; the kernel's time is then when that was.
    Time take_contended(Time start, const MemoryAccess& access);
    /// The processor has the bus from `start` on, before another master that was granted it: a
    /// snooped line is written back. Gives when that ends.
    Time write_back(Time start, const MemoryAccess& access) { return start + held(start, access); }

    const MasterStats& stats() const { return Contender::stats; }
    /// An access to a declared register, by the short way: at the caller's local time `start`, with
    /// nothing pending before it and the bus free. Gives how long the bus was held, nothing for a free
    /// access; Time::max() where it is not of that kind, and nothing was done: the sockets are for those.
    Time access_register(bool ports, bool write, uint64_t address, unsigned bytes, uint32_t& value,
                         Time start);

    /// True where the access just made was one that takes no time (observation ports).
    bool last_was_free() const { return last_free_; }

    /// From the next access on, nobody else has the bus until unlock(): LOCK#.
    void lock() {
        if (!wants_lock) ++bus_.obstacles_;
        wants_lock = true;
    }
    /// At local time `at`, or when the tenure under way ends, if that is later.
    void unlock(Time at);
    bool locked() const { return wants_lock; }

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
    Crossing* crossing(const AddressSpace::Range* range) const;
    /// Gets the bus behind the host bridge: gives when it is the processor's. May block.
    Time get_crossing(Crossing& crossing, Time start);
    Time cross(Crossing& pci, const AddressSpace& space, const Payload& payload,
               const AddressSpace::Range* range, Time start, Time own);
    void crossing_granted() override { resume_.wake(now()); }
    bool post(AddressSpace& space, const AddressSpace::Range* range, Payload& payload, Time start,
              sc_core::sc_time& delay);
    /// Gets the bus for a tenure of `length`: gives when it begins. May block.
    void get_bus(Time start, Time length, observe::Command command, uint64_t address,
                 unsigned bytes);
    void granted() override;
    Time tenure_length() const override { return length_; }
    void count(const MemoryAccess& access) {
        Contender::stats.bytes += access.bytes;
        access.memory.traffic->bytes += access.bytes;
    }
    Time held(Time start, const MemoryAccess& access) {
        const Time duration =
            bus_.begin_memory(access.memory, access.address, access.bytes, start);
        bus_.hold(*this, start, duration);
        count(access);
        if (probe_.wants(observe::Kind::access)) [[unlikely]]
            note(start, duration, access);
        return duration;
    }
    void note(Time start, Time duration, const MemoryAccess& access);
    observe::Command command(const AddressSpace& space, bool write) const {
        using observe::Command;
        if (&space == &bus_.ports_) return write ? Command::port_write : Command::port_read;
        return write ? Command::memory_write : Command::memory_read;
    }

    SystemBus& bus_;
    observe::Probe probe_;
    Resume resume_;
    Side memory_;
    Side ports_;
    std::unique_ptr<PostedWrites> posted_;
    Time length_;  // of the tenure that is asked for
    bool last_free_ = false;
};

}  // namespace sb::bus
