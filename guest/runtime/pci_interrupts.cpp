// SPDX-License-Identifier: Apache-2.0
#include "runtime/pci_interrupts.h"

#include <array>

#include "runtime/apic.h"
#include "runtime/interrupts.h"
#include "runtime/pic.h"

namespace guest::pci {
namespace {

struct Handler {
    InterruptHandler call = nullptr;
    void* context = nullptr;
};

// Those who share IRQ lines, in the order in which they came.
struct Sharer {
    uint8_t irq;
    Handler handler;
};
constinit std::array<Sharer, 8> sharers{};
constinit uint32_t sharers_used = 0;

constexpr uint8_t kFirstMessageVector = 0x60;
constinit std::array<Handler, 8> message_handlers{};
constinit uint32_t messages_used = 0;

void on_shared_irq(InterruptFrame& frame, void*) {
    for (uint32_t i = 0; i < sharers_used; ++i) {
        const auto& [number, handler] = sharers[i];
        if (number == frame.vector - kFirstIrqVector) handler.call(frame, handler.context);
    }
}

void on_message(InterruptFrame& frame, void*) {
    const Handler& handler = message_handlers[frame.vector - kFirstMessageVector];
    handler.call(frame, handler.context);
    local_apic::end_of_interrupt();
    leave_interrupt();
}

// The message capability, as offsets from its own (section 6.8.1).
constexpr uint8_t kMessageCapability = 0x05;  // Its type.
constexpr uint8_t kMessageControl = 2;
constexpr uint8_t kMessageAddress = 4;
constexpr uint8_t kMessageAddressHigh = 8;  // Only where there are 64 bits of address,
constexpr uint8_t kMessageData32 = 8;       // else the data follows at once.
constexpr uint8_t kMessageData64 = 12;

constexpr uint16_t kMessageEnable = 1u << 0;  // Of the control.
constexpr uint16_t kMessagesMask = 7u << 4;   // How many are allowed, as a power of two: 0 is one.
constexpr uint16_t kMessage64 = 1u << 7;

// Where processors listen (SDM volume 3, section 10.11.1). The data is the vector alone: fixed
// delivery, edge triggered.
constexpr uint32_t kMessageBase = 0xfee00000;
constexpr uint32_t kDestinationShift = 12;

}  // namespace

bool attach_interrupt(const Function& function, InterruptHandler handler, void* context) {
    const uint8_t number = function.read8(header::kInterruptLine);
    if (number == 0 || number >= kIrqs || sharers_used == sharers.size()) return false;
    sharers[sharers_used++] = {number, {handler, context}};

    pic::set_level_triggered(number);
    io_apic::Input input = io_apic_input(number);
    input.trigger = io_apic::Trigger::kLevel;  // The chip set inverts: active high on ISA's pins.
    set_io_apic_input(number, input);
    attach_irq(number, on_shared_irq);
    return true;
}

bool attach_message(const Function& function, InterruptHandler handler, void* context) {
    const uint8_t capability = find_capability(function, kMessageCapability);
    if (capability == 0 || !local_apic::is_present()) return false;
    if (messages_used == message_handlers.size()) return false;
    const uint8_t vector = kFirstMessageVector + messages_used;
    message_handlers[messages_used++] = {handler, context};
    set_interrupt_handler(vector, on_message);

    const uint32_t processor = static_cast<uint32_t>(local_apic::id()) << kDestinationShift;
    function.write32(capability + kMessageAddress, kMessageBase | processor);
    const uint16_t control = function.read16(capability + kMessageControl) & ~kMessagesMask;
    if (control & kMessage64) function.write32(capability + kMessageAddressHigh, 0);
    function.write16(capability + (control & kMessage64 ? kMessageData64 : kMessageData32), vector);
    function.write16(capability + kMessageControl, control | kMessageEnable);
    return true;
}

}  // namespace guest::pci
