// SPDX-License-Identifier: Apache-2.0
//
// What a processor's access has to cross where its target is not on the system bus: the host bridge
// and the PCI bus, and behind that the PCI-ISA bridge. The processor port adds it to the target's
// own time, and holds both buses meanwhile; all of it is precomputed, so that the port's short way
// needs no call.
//
// Time, in PCI clocks, of a target that claims in clock d (PCI 2.2, 3.3 and 3.6.1): a write's data
// phase ends in clock d at the earliest; a read's in d, but not before clock 3, for the bus turns
// round first. The target's own time comes before the data phase. The processor goes on when the
// data phase ends; the bus has one idle clock more. `isa` targets are claimed in clock 5, and a
// cycle of ISA or LPC is their own time. `enclosed` ones count these phases in their own time.
//
// Order of acquisition: the PCI bus, then the system bus; never the other way round. Data that PCI
// masters have written, and that is still in the host bridge, goes to memory before a processor's
// access (PCI 2.2, 3.2.5, rule on reads and posted writes), so a driver that has read a device's
// status finds the data. Writes by the processor are not posted.
//
// Approximate: a device acts when the processor's access begins, not when its data phase does (at
// most 5 clocks earlier); a target's time is not rounded to PCI clocks (less than one); the host
// bridge's own clocks are not counted.
#pragma once

#include <array>

#include "bus/address_space.h"
#include "bus/bus_account.h"
#include "sim/observe/stream.h"

namespace sb::bus {

class Crossing {
  public:
    /// One who waits for the bus for a processor, and is told when he has it.
    struct Waiter {
        virtual ~Waiter() = default;
        virtual void crossing_granted() = 0;
    };
    struct Access {
        bool write = false, ports = false;
        uint64_t address = 0;
        unsigned bytes = 0;
        uint64_t data = 0;
    };

    /// Nobody uses or wants the bus from `t` on, and nothing is left in the bridge.
    bool free_at(Time t) const { return busy_until_ <= t && engaged_ == 0; }
    /// While a processor's access goes on, what it sets off must find the bus taken.
    void reserve(bool on) { engaged_ = on ? engaged_ | reserved : engaged_ & ~reserved; }
    virtual void wait_for(Waiter& waiter) = 0;

    /// The time of an access whose target takes `own`, and the bus held for it.
    Time cross(Behind behind, bool write, unsigned bytes, Time start, Time own) {
        const auto at = static_cast<size_t>(behind);
        if (behind == Behind::isa && isa_saving_ > Time{})
            own = own - isa_saving_ * (own / isa_cycle_);
        const Time duration = overhead_[at][write] + own;
        // The idle clock of a transaction within the target's own time is in it as well.
        const bool inside = behind == Behind::enclosed && duration > idle_;
        const Time held = inside ? duration - idle_ : duration;
        account_.hold(host_, start, held, turnaround_);
        turnaround_ = idle_;
        busy_until_ = start + held + idle_;
        host_.bytes += bytes;
        traffic_[at]->bytes += bytes;
        return duration;
    }
    /// Nobody claims the address: a master abort for memory, an ISA cycle for a port.
    Time cross_unclaimed(bool ports, bool write, unsigned bytes, Time start) {
        if (ports) return cross(Behind::isa, write, bytes, start, isa_cycle_);
        return cross(Behind::board, write, bytes, start, abort_time_);
    }
    /// The access just made: its events are emitted, and others let on.
    void finish(const Access& access, Behind behind, Time start, Time duration) {
        engaged_ &= ~reserved;
        if (engaged_ != 0 || probe_.wants(observe::Kind::pci)) [[unlikely]]
            crossed(access, behind, start, duration);
    }
    const MasterStats& host_stats() const { return host_; }

  protected:
    explicit Crossing(const observe::Probe& probe) : probe_{probe} {}
    ~Crossing() = default;
    virtual void crossed(const Access& access, Behind behind, Time start, Time duration) = 0;
    static constexpr unsigned under_way = 1, reserved = 2, wanted = 4, posted = 8;
    void engage(unsigned why, bool on) { engaged_ = on ? engaged_ | why : engaged_ & ~why; }

    observe::Probe probe_;  // of the host bridge
    static constexpr size_t kinds = 7;  // of Behind
    std::array<std::array<Time, 2>, kinds> overhead_{};
    std::array<Traffic*, kinds> traffic_{};
    Time idle_;
    Time abort_time_;
    Time isa_cycle_ = Time::ns(720);
    Time isa_saving_;  // where LPC takes the place of ISA
    Time busy_until_;
    Time turnaround_;  // before the next tenure: none before the first
    unsigned engaged_ = 0;
    BusAccount account_;
    MasterStats host_;
};

}  // namespace sb::bus
