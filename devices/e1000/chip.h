// SPDX-License-Identifier: Apache-2.0
//
// What the parts of an Intel 8254x share, and the words of its data structures. Source of all of
// this folder: "PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual"
// (Intel 317453), called "the manual"; where it differs between members of the family, the
// 82540EM's behaviour is modelled.
#pragma once

#include "bus/device.h"
#include "bus/pci_master.h"

namespace sb::devices::e1000 {

using bus::ro, bus::rw, bus::w1c, bus::wo;

/// The device's own pieces, as its parts use them. Each part declares its registers in the one
/// bank.
struct Chip {
    bus::Device& device;
    pci::Function& function;
    bus::RegisterBank& bank;

    Time now() const { return device.now(); }
};

/// A descriptor as it lies in memory (the manual, 3.2.3 and 3.3.3): the address, and what its kind
/// makes of the rest.
struct Descriptor {
    uint64_t address = 0;
    uint64_t rest = 0;
};
static_assert(sizeof(Descriptor) == 16);

/// Bits `high` to `low` of a descriptor's second half.
constexpr uint64_t bits(uint64_t value, unsigned high, unsigned low) {
    return (value >> low) & ((uint64_t{1} << (high - low + 1)) - 1);
}

/// One bus transaction's end.
using Result = bus::MasterPort::Result;

/// The unit of all interrupt delay timers (13.4.30, 13.4.31, 13.4.41, 13.4.44).
constexpr Time delay_unit = Time::ns(1024);
/// The unit of the interrupt throttling register (13.4.18).
constexpr Time throttle_unit = Time::ns(256);

}  // namespace sb::devices::e1000
