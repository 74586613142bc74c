// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_BOOT_IDT_H
#define GUEST_BOOT_IDT_H

// The interrupt descriptor table, and who handles which vector.
//
// After load_idt() every one of the 256 vectors leads to guest_dispatch_interrupt(), which calls
// the handler set for it. A vector without a handler is a defect of the guest: the frame is printed
// and the guest exits with exit_code::kUnexpectedInterrupt, so a stray exception never goes
// unnoticed and never becomes a triple fault.
//
// All gates are interrupt gates: handlers run with interrupts off and do not nest unless they turn
// interrupts on themselves.

#include <cstdint>

#include "boot/interrupt_frame.h"

namespace guest {

using InterruptHandler = void (*)(InterruptFrame& frame, void* context);

// Vectors of exceptions (SDM volume 3, table 6-1).
namespace exception {
inline constexpr uint8_t kDivideError = 0;
inline constexpr uint8_t kBreakpoint = 3;
inline constexpr uint8_t kOverflow = 4;
inline constexpr uint8_t kBoundRange = 5;
inline constexpr uint8_t kInvalidOpcode = 6;
inline constexpr uint8_t kDoubleFault = 8;
inline constexpr uint8_t kInvalidTss = 10;
inline constexpr uint8_t kSegmentNotPresent = 11;
inline constexpr uint8_t kStackFault = 12;
inline constexpr uint8_t kGeneralProtection = 13;
inline constexpr uint8_t kPageFault = 14;
inline constexpr uint8_t kCount = 32;  // Vectors below this one belong to the processor.
}  // namespace exception

// Fills the table and loads it. Called once, by the start-up code.
void load_idt();

// Sets the handler of a vector; nullptr makes the vector unexpected again.
void set_interrupt_handler(uint8_t vector, InterruptHandler handler, void* context = nullptr);

// Lets code at user privilege raise this vector with INT n, as a system call.
void allow_user_interrupt(uint8_t vector);

// "#GP general protection" and so on; "interrupt" for vectors that are no exceptions.
const char* exception_name(uint32_t vector);

}  // namespace guest

#endif
