// SPDX-License-Identifier: Apache-2.0
//
// How a processor gets onto the system bus: single accesses to memory and ports.
#pragma once

#include "bus/crossing.h"
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
    Crossing* crossing(const AddressSpace::Range* range) const;
    Time cross(Crossing& pci, const AddressSpace& space, const Payload& payload,
               const AddressSpace::Range* range, Time start, Time own);
    void wait_for_grant();
    void wait_for_crossing(Crossing& crossing);
    void granted() override;
    void crossing_granted() override { resume_.wake(now()); }

    SystemBus& bus_;
    observe::Probe probe_;
    Resume resume_;
    Side memory_;
    Side ports_;
    bool last_free_ = false;
};

}  // namespace sb::bus
