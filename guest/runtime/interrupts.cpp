// SPDX-License-Identifier: Apache-2.0
#include "runtime/interrupts.h"

#include <array>

#include "runtime/exit.h"
#include "runtime/pic.h"
#include "runtime/print.h"

namespace guest {
namespace {

struct Irq {
    InterruptHandler handler = nullptr;
    void* context = nullptr;
    uint32_t count = 0;
    io_apic::Input input;
};

// On a PC the 8254's output reaches the I/O APIC on input 2, since the 8259A's output takes input 0
// (MultiProcessor Specification 1.4, table 5-1 and section 3.6.2.3). All others keep their number.
constinit std::array<Irq, kIrqs> irqs = [] {
    std::array<Irq, kIrqs> standard;
    for (uint8_t number = 0; number < kIrqs; ++number) standard[number].input.pin = number;
    standard[irq::kTimer].input.pin = 2;
    return standard;
}();
constinit InterruptController current = InterruptController::kPic;
using InterruptExit = void (*)();
constinit InterruptExit interrupt_exit = nullptr;

void unmask(uint8_t number) {
    if (current == InterruptController::kPic) {
        pic::unmask(number);
    } else {
        io_apic::route(irqs[number].input, kFirstIrqVector + number);
    }
}

void mask(uint8_t number) {
    if (current == InterruptController::kPic) {
        pic::mask(number);
    } else {
        io_apic::mask(irqs[number].input.pin);
    }
}

void on_irq(InterruptFrame& frame, void*) {
    const uint8_t number = frame.vector - kFirstIrqVector;
    if (current == InterruptController::kPic && pic::is_spurious(number)) return;
    Irq& entry = irqs[number];
    ++entry.count;
    if (entry.handler != nullptr) entry.handler(frame, entry.context);
    if (current == InterruptController::kPic) {
        pic::end_of_interrupt(number);
    } else {
        local_apic::end_of_interrupt();
    }
    leave_interrupt();
}

// The local APIC's way to say that the interrupt went away: nothing is in service, so no end of it.
void on_spurious(InterruptFrame&, void*) {}

}  // namespace

void use_interrupt_controller(InterruptController controller) {
    if (controller == InterruptController::kApic) {
        if (!local_apic::is_present()) fail("no local APIC: use irq=pic");
        if (!io_apic::is_present()) fail("no I/O APIC: use irq=pic");
    }
    current = controller;
    pic::initialise(kFirstIrqVector);
    if (io_apic::is_present()) io_apic::mask_all();
    local_apic::enable(controller == InterruptController::kPic
                           ? local_apic::PicInterrupts::kPassThrough
                           : local_apic::PicInterrupts::kIgnore);
    set_interrupt_handler(local_apic::kSpuriousVector, on_spurious);
    for (uint8_t number = 0; number < kIrqs; ++number) {
        set_interrupt_handler(kFirstIrqVector + number, on_irq);
        if (irqs[number].handler != nullptr) unmask(number);
    }
}

InterruptController interrupt_controller() { return current; }

void set_interrupt_exit(void (*function)()) { interrupt_exit = function; }

void leave_interrupt() {
    if (interrupt_exit != nullptr) interrupt_exit();
}

InterruptController parse_interrupt_controller(std::string_view name) {
    if (name == "pic") return InterruptController::kPic;
    if (name == "apic") return InterruptController::kApic;
    print("irq={} is neither pic nor apic\n", name);
    exit(exit_code::kBadOption);
}

void set_io_apic_input(uint8_t number, io_apic::Input input) { irqs[number].input = input; }

io_apic::Input io_apic_input(uint8_t number) { return irqs[number].input; }

void attach_irq(uint8_t number, InterruptHandler handler, void* context) {
    irqs[number].handler = handler;
    irqs[number].context = context;
    unmask(number);
}

void detach_irq(uint8_t number) {
    mask(number);
    irqs[number].handler = nullptr;
}

uint32_t irq_count(uint8_t number) { return irqs[number].count; }

}  // namespace guest
