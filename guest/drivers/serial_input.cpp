// SPDX-License-Identifier: Apache-2.0
//
// Register names as in the PC16550D datasheet, section 8.
#include "drivers/serial_input.h"

#include "runtime/interrupts.h"
#include "runtime/io.h"

namespace guest::serial_input {
namespace {

constexpr uint16_t kBase = 0x3f8;
constexpr uint16_t kReceiverBuffer = kBase + 0;
constexpr uint16_t kInterruptEnable = kBase + 1;
constexpr uint16_t kInterruptIdentification = kBase + 2;
constexpr uint16_t kModemControl = kBase + 4;
constexpr uint16_t kLineStatus = kBase + 5;
constexpr uint16_t kScratch = kBase + 7;

constexpr uint8_t kReceivedDataAvailable = 1 << 0;  // Of the interrupt enable register.
constexpr uint8_t kDataTerminalReady = 1 << 0;      // Of the modem control register.
constexpr uint8_t kRequestToSend = 1 << 1;
constexpr uint8_t kOut2 = 1 << 3;       // On a PC it lets the interrupt through to IRQ 4.
constexpr uint8_t kDataReady = 1 << 0;  // Of the line status register.

// A port that is not there reads as all ones, and always has data. More than the FIFO holds cannot
// wait at once.
constexpr uint32_t kMostAtOnce = 64;

constinit CharacterQueue* received = nullptr;

void on_interrupt(InterruptFrame&, void*) {
    // The IRQ is edge triggered: it comes again only after the port's request went away, which it
    // does when nothing is left to read (section 8, "Interrupt Control Functions").
    read_port8(kInterruptIdentification);
    for (uint32_t i = 0; i < kMostAtOnce && (read_port8(kLineStatus) & kDataReady); ++i) {
        received->put(static_cast<char>(read_port8(kReceiverBuffer)));
    }
}

bool is_present() {
    constexpr uint8_t kPattern = 0x5a;
    write_port8(kScratch, kPattern);
    return read_port8(kScratch) == kPattern;
}

}  // namespace

bool open(CharacterQueue& queue) {
    if (!is_present()) return false;
    received = &queue;
    attach_irq(irq::kSerial1, on_interrupt);
    write_port8(kModemControl, kDataTerminalReady | kRequestToSend | kOut2);
    write_port8(kInterruptEnable, kReceivedDataAvailable);
    return true;
}

}  // namespace guest::serial_input
