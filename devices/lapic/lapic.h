// SPDX-License-Identifier: Apache-2.0
//
// The local APIC of one processor, as in the P6 family. Source: Intel 64 and IA-32 Architectures
// Software Developer's Manual, volume 3A (253668), chapter 10, where it speaks of the P6 family;
// section numbers are of that chapter.
//
// Wiring. In: line "pic.intr" is LINT0, line "lint1" is LINT1. Out: "intr" and "nmi" to the
// processor, and pulses on "smi" and "init". It offers bus::InterruptAcknowledge as
// "intr.acknowledge", asks the one offered as "pic.acknowledge" for the vectors of ExtINT requests,
// and is on the board's ApicBus
// ("apic.bus"). An acknowledge of an interrupt of its own takes no bus time: it is on chip.
//
// The APIC base register is the processor's (10.4.4): it moves the APIC or disables it through
// bus::ApicPlacement. Enabled again, the APIC is in its state after reset. (On the three-wire APIC
// bus the real part wants a reset of its own before that.)
//
// `enabled = false` is the APIC disabled by hardware: it is not mapped, LINT0 is INTR, LINT1 is
// NMI. `handoff = virtual-wire` is the state that firmware leaves behind in virtual wire mode
// (Intel MP Specification 1.4, 3.6.2.2): SVR enabled, LINT0 ExtINT, LINT1 NMI.
//
// Timer: the current count is computed from now(); a timer event exists only where an interrupt
// will be raised. A periodic timer has a period of exactly `initial count` ticks of the divided
// clock. The divider starts afresh when the initial count or the divider is written.
//
// Where the manual is silent: an ExtINT request is acknowledged before the APIC's own interrupts,
// since it is outside of their priorities; an acknowledge that finds nothing gives the spurious
// vector.
//
// Findings: registers that do not exist (with ESR's illegal register address), messages that nobody
// accepts, modes that ICR and LVT do not allow. Left out: performance counters (the LVT entry is
// there), the bus's check sums and arbitration, and the time of messages that the ICR sends.
#pragma once

#include <array>
#include <optional>

#include "bus/apic.h"
#include "bus/device.h"
#include "devices/lapic/vector_set.h"

namespace sb::devices {

class LocalApic final : public bus::Device,
                        public bus::LineSink,
                        public bus::InterruptAcknowledge,
                        public bus::LocalApicPort,
                        public bus::ApicPlacement {
  public:
    explicit LocalApic(const bus::DeviceContext& context);
    void reset() override;

    uint8_t acknowledge(sc_core::sc_time& delay) override;
    void line_changed(unsigned input, bool asserted) override;
    bool addressed(const bus::ApicMessage& message) const override;
    bool accept(const bus::ApicMessage& message) override;
    uint8_t arbitration_priority() const override;
    void place(uint64_t address, bool enabled) override;
    bool enabled() const override { return enabled_; }

  private:
    static constexpr unsigned lint0 = 0, lint1 = 1;

    /// An entry of the local vector table (10.5.1, figure 10-8).
    struct LocalVector {
        LocalVector(bus::RegisterBank& bank, const char* name, uint32_t offset, const char* doc,
                    std::function<void()> written);
        bus::Register reg;
        bus::Field vector{reg, "VECTOR", 7, 0, "vector"};
        bus::Field mode{reg, "MODE", 10, 8, "delivery mode"};
        bus::Field status{reg, "STATUS", 12, "send pending: never seen", bus::ro};
        bus::Field polarity{reg, "POLARITY", 13, "stored: lines are logical here"};
        bus::Field remote{reg, "REMOTE_IRR", 14, "level accepted, EOI not seen yet", bus::ro};
        bus::Field level{reg, "TRIGGER", 15, "level-triggered"};
        bus::Field mask{reg, "MASK", 16, "no interrupts"};
        bus::Field periodic{reg, "PERIODIC", 17, "the timer starts again (timer entry)"};
    };

    uint8_t processor_priority() const;
    std::optional<uint8_t> deliverable() const;
    bool external_pending() const;
    void update();
    bool request(uint8_t vector, bool level);
    void end_of_interrupt();
    void raise(LocalVector& entry);
    void lint_changed(unsigned input);
    void error(const bus::Field& kind);
    void write_error_status();
    void local_vector_written();
    void remap();
    void say_message(uint8_t vector) const;
    void send();
    void send_to(const bus::ApicMessage& message);

    Time divided_tick() const;
    uint64_t current_count() const;
    void start_timer(uint64_t count);
    void rebase_timer();
    void rearm_timer();
    void timer_expired();

    bus::Board& board_;
    bus::ApicBus& apic_bus_;
    Clock timer_clock_;
    const uint64_t home_;  // where the scenario has it
    const bool present_;   // not disabled by hardware for good
    std::optional<unsigned> range_;
    unsigned outlet_ = 0;
    State<bool> enabled_{*this, "enabled", true};
    State<uint64_t> address_{*this, "address", 0};
    bool virtual_wire_;

    bus::RegisterBank bank_;
    bus::Register id_;
    bus::Field apic_id_{id_, "ID", 27, 24, "physical identity"};
    bus::Register version_;
    bus::Register task_priority_;
    bus::Field task_class_{task_priority_, "TPR", 7, 0, "task priority"};
    bus::Register arbitration_;
    bus::Register processor_priority_;
    bus::Register eoi_;
    bus::Register logical_destination_;
    bus::Field logical_id_{logical_destination_, "LOGICAL_ID", 31, 24, "logical identity"};
    bus::Field logical_cluster_{logical_destination_,   "CLUSTER", 31, 28,
                                "of the cluster model", bus::rw};
    bus::Field logical_member_{logical_destination_,   "MEMBER", 27, 24,
                               "of the cluster model", bus::rw};
    bus::Register destination_format_;
    bus::Field model_{destination_format_, "MODEL", 31, 28, "15 flat, 0 cluster"};
    bus::Register spurious_;
    bus::Field spurious_vector_{spurious_, "VECTOR", 7, 4, "high bits; 3 to 0 are always 1"};
    bus::Field software_enable_{spurious_, "ENABLE", 8, "the APIC takes interrupts"};
    bus::Field focus_{spurious_, "FOCUS", 9, "focus processor checking: stored"};
    VectorSet in_service_;
    VectorSet trigger_;
    VectorSet requests_;
    bus::Register error_status_;
    bus::Field send_accept_{error_status_, "SEND_ACCEPT", 2, "nobody accepted a message"};
    bus::Field send_illegal_{error_status_, "SEND_ILLEGAL", 5, "a message with vector below 16"};
    bus::Field receive_illegal_{error_status_, "RECEIVE_ILLEGAL", 6, "such a message came"};
    bus::Field illegal_register_{error_status_, "ILLEGAL_REGISTER", 7, "no such register"};
    bus::Register command_;
    bus::Field command_vector_{command_, "VECTOR", 7, 0, "vector"};
    bus::Field command_mode_{command_, "MODE", 10, 8, "delivery mode"};
    bus::Field command_logical_{command_, "LOGICAL", 11, "how to read the destination"};
    bus::Field command_status_{command_, "STATUS", 12, "send pending: never seen", bus::ro};
    bus::Field command_assert_{command_, "ASSERT", 14, "0: INIT level de-assert"};
    bus::Field command_level_{command_, "TRIGGER", 15, "level-triggered"};
    bus::Field shorthand_{command_, "SHORTHAND", 19, 18, "0 none, 1 self, 2 all, 3 all others"};
    bus::Register command_high_;
    bus::Field destination_{command_high_, "DESTINATION", 31, 24, "of the next message"};
    LocalVector timer_entry_;
    LocalVector counters_entry_;
    LocalVector lint0_entry_;
    LocalVector lint1_entry_;
    LocalVector error_entry_;
    bus::Register initial_count_;
    bus::Register current_count_;
    bus::Register divide_;
    bus::Field divide_low_{divide_, "DIV_LOW", 1, 0, "divisor code, low bits"};
    bus::Field divide_high_{divide_, "DIV_HIGH", 3, "divisor code, high bit"};

    State<uint64_t> errors_{*this, "errors", 0};  // seen since ESR was written
    State<bool> lint0_level_{*this, "lint0", false};
    State<bool> lint1_level_{*this, "lint1", false};
    State<bool> external_message_{*this, "external_message", false};
    State<Time> counted_from_{*this, "counted_from", {}};   // when the count was start_count_
    State<uint64_t> start_count_{*this, "start_count", 0};  // 0: stopped
    State<Time> tick_{*this, "tick", Time::ps(1)};          // of the timer, as it is counting now
    State<bool> repeats_{*this, "repeats", false};          // likewise
    bus::Pin intr_{*this, "intr"};
    bus::Pin nmi_{*this, "nmi"};
    bus::Pin smi_{*this, "smi"};
    bus::Pin init_{*this, "init"};
    Timer expiry_{*this, "expiry", [this] { timer_expired(); }};
    Counter accepted_{*this, "accepted", "interrupts", "vectors given to the processor"};
    Counter spurious_count_{*this, "spurious", "interrupts", "acknowledges that found nothing"};
};

}  // namespace sb::devices
