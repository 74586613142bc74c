// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_SCREEN_H
#define GUEST_RUNTIME_SCREEN_H

// The text screen that every PC's display has after the firmware's set-up (IBM VGA, mode 3): 25
// rows of 80 characters at B8000h, two bytes each, the character and its colours.

namespace guest::screen {

void clear();

// Takes '\n', '\r' and '\b' as a terminal does, and scrolls at the bottom.
void write(char character);

}  // namespace guest::screen

#endif
