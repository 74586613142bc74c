// SPDX-License-Identifier: Apache-2.0
//
// The I/O APIC 82093AA. Source: Intel 82093AA datasheet (290566-001), 3.0 "Register Description".
//
// Inputs. Pin n follows line "irqN", except: pin 0 is the 8259A's output ("pic.intr"), and pin 2
// follows line "irq0", the timer, as on PCs, where irq2 is the cascade. Polarity is stored and has
// no effect: lines are logical levels.
//
// Sending. Messages go over the serial APIC bus, one at a time: 21 cycles of its 16.67 MHz clock
// each (Intel SDM volume 3B (253669), appendix F.2.1, short message), and 14 cycles for an EOI
// message back (F.2): the keys `message_time` and `eoi_time`. Meanwhile an entry shows "send
// pending" in its delivery status. Where several wait, the lowest pin goes first (the part's own
// order is not documented).
//
// Level: an entry whose message was accepted has Remote IRR set until the EOI of its vector; if its
// line is then still asserted it sends again. Edges on a masked pin are lost; levels are not.
// An edge that no local APIC accepts is lost, and a finding; a level is tried again when anything
// about its entry changes. Making an entry edge-triggered clears its Remote IRR.
//
// IOREGSEL and IOWIN answer 32-bit accesses only. They are on the board: no time beside the bus's.
#pragma once

#include <array>
#include <memory>

#include "bus/apic.h"
#include "bus/device.h"

namespace sb::devices {

class IoApic final : public bus::Device, public bus::LineSink, public bus::EndOfInterruptListener {
  public:
    explicit IoApic(const bus::DeviceContext& context);
    void reset() override;
    void line_changed(unsigned pin, bool asserted) override;
    void end_of_interrupt(uint8_t vector) override;

  private:
    static constexpr unsigned pins = 24;

    struct Entry {
        Entry(IoApic& owner, unsigned pin);
        /// The trigger mode counts for fixed and lowest-priority delivery; the rest are edges
        /// (3.2.4).
        bool by_level() const;
        bool deliverable() const { return !mask && (by_level() ? asserted && !remote : latched); }

        bus::Register low;
        bus::Field vector{low, "INTVEC", 7, 0, "vector"};
        bus::Field mode{low, "DELMOD", 10, 8, "delivery mode"};
        bus::Field logical{low, "DESTMOD", 11, "how to read the destination"};
        bus::Field status{low, "DELIVS", 12, "send pending", bus::ro};
        bus::Field polarity{low, "INTPOL", 13, "stored"};
        bus::Field remote{low, "REMOTE_IRR", 14, "level accepted, EOI not seen yet", bus::ro};
        bus::Field level{low, "TRIGGER", 15, "level-triggered"};
        bus::Field mask{low, "MASK", 16, "masked"};
        bus::Register high;
        bus::Field destination{high, "DEST", 31, 24, "destination"};
        State<bool> asserted;
        State<bool> latched;  // an edge waits to be sent
        State<bool> refused;  // nobody took its last message
    };

    void entry_written(unsigned pin);
    void schedule();
    void send();

    bus::ApicBus& apic_bus_;
    Time message_time_;
    Time eoi_time_;

    bus::RegisterBank window_;
    bus::Register select_;
    bus::Field index_{select_, "INDEX", 7, 0, "register that IOWIN reaches"};
    bus::Register data_;

    bus::RegisterBank registers_;  // register n at offset 4n
    bus::Register id_;
    bus::Field apic_id_{id_, "ID", 27, 24, "identity"};
    bus::Register version_;
    bus::Register arbitration_;
    std::array<std::unique_ptr<Entry>, pins> entries_;

    State<Time> bus_free_{*this, "bus_free", {}};          // when the serial bus can take a message
    State<uint32_t> under_way_{*this, "under_way", pins};  // the pin whose message it carries
    Timer sent_{*this, "sent", [this] { send(); }};
    Counter messages_{*this, "messages", "messages", "messages that a local APIC accepted"};
};

}  // namespace sb::devices
