// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_SERIAL_INPUT_H
#define GUEST_DRIVERS_SERIAL_INPUT_H

// Characters that arrive at the first serial port, by IRQ 4. The console (runtime/console.h) sets
// the line up and sends; this receives.

#include "runtime/queue.h"

namespace guest::serial_input {

// From now on, what arrives goes into `queue`. False if no port answers.
bool open(CharacterQueue& queue);

}  // namespace guest::serial_input

#endif
