// SPDX-License-Identifier: Apache-2.0
#include "runtime/console.h"

#include "runtime/io.h"
#include "runtime/screen.h"

namespace guest {
namespace {

constexpr uint16_t kDebugConsolePort = 0xe9;

// The 16550A's registers (PC16550D datasheet, table I and section 8).
namespace uart {
constexpr uint16_t kBase = 0x3f8;
constexpr uint16_t kTransmitHolding = kBase + 0;
constexpr uint16_t kInterruptEnable = kBase + 1;
constexpr uint16_t kFifoControl = kBase + 2;
constexpr uint16_t kLineControl = kBase + 3;
constexpr uint16_t kModemControl = kBase + 4;
constexpr uint16_t kLineStatus = kBase + 5;
constexpr uint16_t kDivisorLow = kBase + 0;   // While kDivisorLatch is set.
constexpr uint16_t kDivisorHigh = kBase + 1;  // While kDivisorLatch is set.

constexpr uint8_t kFifoEnableAndClear = 0x07;
constexpr uint8_t kDivisorLatch = 0x80;
constexpr uint8_t kEightDataBitsNoParityOneStop = 0x03;
constexpr uint8_t kDataTerminalReady = 0x01;
constexpr uint8_t kRequestToSend = 0x02;
constexpr uint8_t kTransmitHoldingEmpty = 0x20;
constexpr uint8_t kTransmitterEmpty = 0x40;  // The shift register too: all is sent.
constexpr uint16_t kDivisor115200 = 1;

// A byte takes 87 us at 115200 baud; a port read takes at least 0.1 us. After this many the port is
// broken or absent, and text is dropped rather than the guest hung.
constexpr uint32_t kPollLimit = 100'000;
}  // namespace uart

constinit Console current = Console::kDebug;

void initialise_uart() {
    using namespace uart;
    write_port8(kInterruptEnable, 0);
    write_port8(kLineControl, kDivisorLatch);
    write_port8(kDivisorLow, kDivisor115200 & 0xff);
    write_port8(kDivisorHigh, kDivisor115200 >> 8);
    write_port8(kLineControl, kEightDataBitsNoParityOneStop);
    write_port8(kFifoControl, kFifoEnableAndClear);
    write_port8(kModemControl, kDataTerminalReady | kRequestToSend);
}

bool wait_for_status(uint8_t bit) {
    uint32_t polls = 0;
    while (!(read_port8(uart::kLineStatus) & bit)) {
        if (++polls == uart::kPollLimit) return false;
    }
    return true;
}

void write_uart(uint8_t byte) {
    if (wait_for_status(uart::kTransmitHoldingEmpty)) write_port8(uart::kTransmitHolding, byte);
}

}  // namespace

void use_console(Console console) {
    if (includes(console, Console::kSerial)) initialise_uart();
    if (includes(console, Console::kScreen)) screen::clear();
    current = console;
}

void write_console(std::string_view text) {
    for (const char character : text) {
        if (includes(current, Console::kDebug)) write_port8(kDebugConsolePort, character);
        if (includes(current, Console::kSerial)) {
            if (character == '\n') write_uart('\r');
            write_uart(character);
        }
        if (includes(current, Console::kScreen)) screen::write(character);
    }
}

void drain_console() {
    if (includes(current, Console::kSerial)) wait_for_status(uart::kTransmitterEmpty);
}

}  // namespace guest
