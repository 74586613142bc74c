// SPDX-License-Identifier: Apache-2.0
//
// What firmware would leave in low memory, for a guest that is loaded without any: the BIOS data
// area's words that kernels read, and the tables of the Intel MultiProcessor Specification 1.4.
// Units: bytes. A machine without memory at a place simply has nothing there.
#pragma once

#include <cstdint>
#include <vector>

#include "bus/address_space.h"

namespace sb::machine {

/// Memory that a guest may use below 640 KiB: the last kibibyte is the extended BIOS data area.
constexpr uint32_t low_memory_bytes = 639 * 1024;

/// The processor as the tables describe it.
struct ProcessorIdentity {
    uint32_t signature = 0;  // CPUID leaf 1, EAX
    uint32_t features = 0;   // and EDX
};

/// A pin of a PCI device, and the I/O APIC input that it is wired to.
struct PciInterrupt {
    unsigned device = 0;
    unsigned pin = 0;  // 0: INTA#
    unsigned input = 0;
};

/// Words of the BIOS data area (IBM PS/2 and PC BIOS Interface Technical Reference, "BIOS Data
/// Area"): memory size (413h), the EBDA's segment (40Eh), COM1 (400h), and the text screen.
void place_bios_data(bus::AddressSpace& memory);

/// MP floating pointer and configuration table (MP Specification 1.4, chapter 4) at F0000h: one
/// processor, the PCI and ISA buses, the I/O APIC, and its inputs as a PC wires them: the timer at
/// input 2, the 8259A at input 0, and the PCI devices' pins.
void place_mp_tables(bus::AddressSpace& memory, const ProcessorIdentity& processor,
                     const std::vector<PciInterrupt>& pci = {});

}  // namespace sb::machine
