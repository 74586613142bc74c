// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/pci_hand_off.h"

#include <algorithm>

namespace sb::machine {
namespace {

// Where a PC's firmware begins to give out PCI addresses: ports above the legacy devices', memory
// between RAM and the I/O APIC.
constexpr uint32_t first_port = 0xc000, first_memory = 0xe0000000;
constexpr unsigned latency_timer = 64, irq = 11;
constexpr unsigned first_apic_input = 16;  // of PIRQA# to PIRQD#

// 82371SB: PIRQRC[A:D], and ELCR2 (4D1h), bit n - 8: IRQ n is level-triggered.
constexpr uint32_t isa_bridge_class = 0x0601, routes = 0x60;
constexpr uint64_t elcr2 = 0x4d1;

}  // namespace

void hand_off_pci(const std::vector<pci::Function*>& functions, bus::AddressSpace& ports) {
    uint32_t port = first_port, memory = first_memory;
    bool routed = false;
    for (pci::Function* function : functions) {
        function->assign_bases(port, memory);
        function->latency_timer = latency_timer;
        if (function->interrupt_pin != 0) function->interrupt_line = irq;
        const uint64_t kind = function->class_base << 8 | function->class_sub.value();
        if (kind != isa_bridge_class) continue;
        for (uint32_t n = 0; n < 4; ++n) function->bank.write(routes + n, 1, irq);
        routed = true;
    }
    if (!routed || !ports.find(elcr2)) return;
    uint8_t levels = 1u << (irq - 8);
    bus::Request request;
    sc_core::sc_time ignored;
    ports.transport(request.aim(true, elcr2, &levels, 1), ignored);
}

std::vector<PciInterrupt> pci_interrupts(const std::vector<pci::Function*>& functions) {
    std::vector<PciInterrupt> list;
    for (const pci::Function* function : functions) {
        const auto pin = static_cast<unsigned>(function->interrupt_pin.value());
        if (pin < 1 || pin > 4) continue;
        const unsigned device = function->slot().device;
        const PciInterrupt one{device, pin - 1, first_apic_input + (pin - 1 + device + 3) % 4};
        // Functions of one device may share a pin.
        if (std::none_of(list.begin(), list.end(), [&](const PciInterrupt& other) {
                return other.device == one.device && other.pin == one.pin;
            }))
            list.push_back(one);
    }
    return list;
}

}  // namespace sb::machine
