// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_CONSOLE_H
#define GUEST_RUNTIME_CONSOLE_H

// Where printed text goes: to any of the debug console, which takes a byte at port 0xE9 with no
// handshake and no set-up (the default), the first serial port (a 16550A at 0x3F8, 115200 baud,
// polled), and the text screen.

#include <cstdint>
#include <string_view>

namespace guest {

enum class Console : uint8_t { kDebug = 1 << 0, kSerial = 1 << 1, kScreen = 1 << 2 };

constexpr Console operator|(Console a, Console b) {
    return static_cast<Console>(static_cast<uint8_t>(a) | static_cast<uint8_t>(b));
}
constexpr bool includes(Console set, Console console) {
    return static_cast<uint8_t>(set) & static_cast<uint8_t>(console);
}

void use_console(Console console);

void write_console(std::string_view text);

// Waits until all of it is sent.
void drain_console();

}  // namespace guest

#endif
