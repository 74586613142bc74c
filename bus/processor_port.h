// SPDX-License-Identifier: Apache-2.0
//
// How a processor gets onto the system bus: single accesses to memory and ports.
#pragma once

#include "bus/system_bus.h"
#include "sim/kernel/resume.h"

namespace sb::bus {

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

    /// A single access to memory by pointer, or a burst, that the caller makes itself, at its local
    /// time `start`, before which nothing is pending. Where the bus was free it is held, and this
    /// gives for how long; Time::max() where it was not.
    Time take(Time start, const DirectMemory& memory, uint64_t address, unsigned bytes) {
        if (!bus_.free_at(start)) return Time::max();
        const Time duration = bus_.memory_time(memory, address, bytes, start);
        bus_.hold(*this, start, duration, bytes);
        return duration;
    }
    /// The same where the bus is not free: blocks the calling thread until it was granted; returns
    /// when the access ends. The kernel's time is then when it began.
    Time take_contended(Time start, const DirectMemory& memory, uint64_t address, unsigned bytes);
    /// The processor has the bus from `start` on, in front of another master that was granted it:
    /// a snooped line is written back. Gives when that ends.
    Time write_back(Time start, const DirectMemory& memory, uint64_t address, unsigned bytes);

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

}  // namespace sb::bus
