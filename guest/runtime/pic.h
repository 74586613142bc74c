// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_PIC_H
#define GUEST_RUNTIME_PIC_H

// The pair of 8259A interrupt controllers of a PC: IRQ 0-7 on the master, 8-15 on the slave, which
// the master sees on its input 2. Edge triggered where nothing else is said, fully nested, explicit
// end of interrupt.

#include <cstdint>

namespace guest::pic {

// Initialises both controllers: IRQ n raises vector `first_vector` + n, everything masked.
void initialise(uint8_t first_vector);

void mask(uint8_t irq);
void unmask(uint8_t irq);

// True if the controller raised this vector without a request to serve, which it does with its
// lowest priority where the request went away before it was acknowledged. Only IRQ 7 and 15 can be.
// A spurious IRQ 15 is ended here; the caller must not end a spurious interrupt.
bool is_spurious(uint8_t irq);

// Makes an input level triggered, as PCI's interrupts are, in the edge/level control registers that
// a PCI chip set adds (82371AB datasheet, ELCR1 and ELCR2).
void set_level_triggered(uint8_t irq);

// Ends the interrupt in service. Called once for each interrupt handled, by the dispatcher.
void end_of_interrupt(uint8_t irq);

}  // namespace guest::pic

#endif
