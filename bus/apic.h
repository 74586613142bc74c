// SPDX-License-Identifier: Apache-2.0
//
// The APIC bus: interrupt messages from I/O APICs (and processors) to local APICs, and end-of-
// interrupt messages back. Source: Intel Software Developer's Manual, volume 3A (253668),
// chapter 10, and Intel 82093AA datasheet (290566). It carries no time: senders know how
// long their messages take on the serial bus.
#pragma once

#include <cstdint>
#include <vector>

namespace sb::bus {

/// As encoded in ICR, LVT and redirection entries.
enum class DeliveryMode : uint8_t {
    fixed = 0,
    lowest_priority = 1,
    smi = 2,
    reserved = 3,
    nmi = 4,
    init = 5,
    startup = 6,
    external = 7,  // ExtINT: an 8259A gives the vector
};

struct ApicMessage {
    uint8_t vector = 0;
    DeliveryMode mode = DeliveryMode::fixed;
    bool level_triggered = false;
    bool asserted = true;  // of level-triggered INIT only: false is the de-assert message
    bool logical = false;  // how to read the destination
    uint8_t destination = 0;
};

class LocalApicPort {
  public:
    virtual ~LocalApicPort() = default;
    virtual bool addressed(const ApicMessage& message) const = 0;
    /// Takes the message; false where the APIC is disabled and does not.
    virtual bool accept(const ApicMessage& message) = 0;
    virtual uint8_t arbitration_priority() const = 0;
};

/// Where a local APIC is, and whether it is there at all: what the processor's APIC base register
/// says (10.4.3 to 10.4.5). Found as Board::find<ApicPlacement>("apic.placement").
class ApicPlacement {
  public:
    virtual ~ApicPlacement() = default;
    /// Disabled, it answers no address, and its local interrupt inputs go to the processor.
    virtual void place(uint64_t address, bool enabled) = 0;
    virtual bool enabled() const = 0;
};

class EndOfInterruptListener {
  public:
    virtual ~EndOfInterruptListener() = default;
    virtual void end_of_interrupt(uint8_t vector) = 0;
};

/// Found as Board::shared<ApicBus>("apic.bus").
class ApicBus {
  public:
    void add(LocalApicPort& apic) { apics_.push_back(&apic); }
    void add(EndOfInterruptListener& listener) { listeners_.push_back(&listener); }
    /// Delivers to all that are addressed (to one of them where the mode is lowest priority), save
    /// `except`. False where nobody accepted.
    bool send(const ApicMessage& message, const LocalApicPort* except = nullptr) {
        bool accepted = false;
        LocalApicPort* lowest = nullptr;
        for (LocalApicPort* apic : apics_) {
            if (apic == except || !apic->addressed(message)) continue;
            if (message.mode != DeliveryMode::lowest_priority)
                accepted = apic->accept(message) || accepted;
            else if (!lowest || apic->arbitration_priority() < lowest->arbitration_priority())
                lowest = apic;
        }
        return accepted || (lowest && lowest->accept(message));
    }
    void broadcast_end(uint8_t vector) {
        for (EndOfInterruptListener* listener : listeners_) listener->end_of_interrupt(vector);
    }

  private:
    std::vector<LocalApicPort*> apics_;
    std::vector<EndOfInterruptListener*> listeners_;
};

}  // namespace sb::bus
