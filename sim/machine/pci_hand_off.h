// SPDX-License-Identifier: Apache-2.0
//
// What firmware would leave on the PCI bus, for a guest that is loaded without any: base addresses,
// latency timers, and interrupts routed. Bus mastering stays disabled: that is a driver's.
//
// All of PIRQA# to PIRQD# go to IRQ 11, level-triggered, and so says every INTERRUPT_LINE. The latency
// timers are 64 clocks, which is what Linux sets, too, where firmware left less than 16
// (pcibios_set_master); that PC firmware commonly offers it was not confirmed. SeaBIOS leaves 0
// (src/fw/pciinit.c, pci_bios_init_device, writes none).
#pragma once

#include <vector>

#include "bus/pci.h"
#include "sim/machine/low_memory.h"

namespace sb::machine {

void hand_off_pci(const std::vector<pci::Function*>& functions, bus::AddressSpace& ports);
/// The functions' interrupts as MP tables list them.
std::vector<PciInterrupt> pci_interrupts(const std::vector<pci::Function*>& functions);

}  // namespace sb::machine
