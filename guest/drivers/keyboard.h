// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_KEYBOARD_H
#define GUEST_DRIVERS_KEYBOARD_H

// The keyboard, behind its 8042 controller, by IRQ 1.

#include <cstdint>

#include "runtime/queue.h"

namespace guest::keyboard {

enum class OpenError : uint8_t {
    kNone,
    kNoController,      // Nothing answers.
    kControllerBroken,  // It failed its self test, or answers no command.
    kNoKeyboard,        // Its line is broken, or the keyboard does not answer.
};

constexpr const char* error_name(OpenError error) {
    constexpr const char* kNames[] = {"no error", "no controller",
                                      "the controller's self test failed", "no keyboard"};
    return kNames[static_cast<uint8_t>(error)];
}

// Resets controller and keyboard. From now on, what is typed goes into `queue`. Needs counter 0 of
// the 8254 to run over its full period, which bounds all waits.
OpenError open(CharacterQueue& queue);

}  // namespace guest::keyboard

#endif
