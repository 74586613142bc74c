// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_CONSOLE_H
#define GUEST_RUNTIME_CONSOLE_H

// Where printed text goes: the debug console, which takes a byte at port 0xE9 with no handshake and
// no set-up (the default), the first serial port (a 16550A at 0x3F8, 115200 baud, polled), or both.

#include <cstdint>
#include <string_view>

namespace guest {

enum class Console : uint8_t { kDebug, kSerial, kBoth };

void use_console(Console console);

void write_console(std::string_view text);

// Waits until all of it is sent.
void drain_console();

}  // namespace guest

#endif
