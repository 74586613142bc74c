// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_PCI_INTERRUPTS_H
#define GUEST_RUNTIME_PCI_INTERRUPTS_H

// Interrupts of PCI functions, in the two forms that there are. A driver has the same handler for
// both. An interrupt controller has to be chosen before.

#include "boot/idt.h"
#include "runtime/pci.h"

namespace guest::pci {

// By the function's INTx# pin (PCI Local Bus Specification 2.2, section 2.2.6). The line is level
// triggered and shared, also with functions that have a driver elsewhere: the handlers of all
// sharers are called, each has to ask its device whether it is meant, and to silence it if so.
// False where the firmware has noted no IRQ for the function, or too many share.
bool attach_interrupt(const Function& function, InterruptHandler handler, void* context);

// By a message: a write to the local APIC that names the vector (section 6.8). It is edge triggered
// and never shared. False where the function has no such capability or the machine no local APIC.
bool attach_message(const Function& function, InterruptHandler handler, void* context);

}  // namespace guest::pci

#endif
