// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_INTERRUPTS_H
#define GUEST_RUNTIME_INTERRUPTS_H

// Device interrupts, by IRQ number, through whichever controller the program chose. A driver is
// the same for both:
//
//     use_interrupt_controller(InterruptController::kApic);
//     attach_irq(14, on_interrupt, this);
//
// The handler runs with interrupts off and must silence its device; the controller is told of the
// end of the interrupt after it returns. IRQ n raises vector kFirstIrqVector + n.

#include <cstdint>
#include <string_view>

#include "boot/idt.h"
#include "runtime/apic.h"

namespace guest {

enum class InterruptController : uint8_t {
    kPic,   // The 8259A pair, passed through by the local APIC where there is one.
    kApic,  // The I/O APIC and the local APIC; the 8259A pair masked.
};

inline constexpr uint8_t kIrqs = 16;
inline constexpr uint8_t kFirstIrqVector = 0x20;

// The IRQs of a PC that guests use.
namespace irq {
inline constexpr uint8_t kTimer = 0;
inline constexpr uint8_t kKeyboard = 1;
inline constexpr uint8_t kSerial1 = 4;
inline constexpr uint8_t kSoundBlaster = 5;  // As most cards were set.
inline constexpr uint8_t kPrimaryIde = 14;
inline constexpr uint8_t kSecondaryIde = 15;
}  // namespace irq

// Sets up both controllers so that this one delivers. IRQs attached before stay attached. Ends the
// guest if the APICs are wanted and one is missing: without them no interrupt would ever come, not
// even the timer's that bounds all waits.
void use_interrupt_controller(InterruptController controller);

InterruptController interrupt_controller();

// "pic" or "apic"; ends the guest with exit_code::kBadOption for anything else.
InterruptController parse_interrupt_controller(std::string_view name);

// Which input of the I/O APIC an IRQ arrives at, where it is not the one of a standard PC. To be
// called before the IRQ is attached.
void set_io_apic_input(uint8_t irq, io_apic::Input input);
io_apic::Input io_apic_input(uint8_t irq);

// Called after every device interrupt, once the controller has been told of its end, with
// interrupts off: the place for work that is too long for a handler (network/bottom_half.h). It may
// turn interrupts on, and so be called again before it has returned.
void set_interrupt_exit(void (*function)());

// What a handler of a vector that is no IRQ does last.
void leave_interrupt();

void attach_irq(uint8_t irq, InterruptHandler handler, void* context = nullptr);
void detach_irq(uint8_t irq);

// How often this IRQ has been handled.
uint32_t irq_count(uint8_t irq);

}  // namespace guest

#endif
