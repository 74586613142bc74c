// SPDX-License-Identifier: Apache-2.0
//
// What devices on the ISA bus (or behind a PCI-ISA bridge, as the chips on a PC's board) share.
//
// Access time. An 8-bit ISA cycle has two clocks and, by default, four wait states: 6 BCLK ("8 Bit
// Memory or I/O Transfer Timing Diagram (4 wait states shown)", M. Sokos, ISA Bus Technical
// Summary, also in The Hardware Book 1.3, ISA (Technical)). BCLK is PCICLK / 4 = 8.33 MHz in the
// PIIX3, so a cycle takes 720 ns. Wider accesses to an 8-bit device are cut into as many cycles.
// Left out: the bridge's recovery time between back-to-back cycles (PIIX3, ISA I/O recovery timer
// register: 3.5 BCLK at least), and the wait for BCLK's next edge.
//
// Where the board has a timed PCI bus, what is claimed here is behind its PCI-ISA bridge, unless
// said otherwise: the processor's accesses pay the PCI transaction too, and where the bridge has an
// LPC bus, its cycle instead of ISA's (bus/crossing.h).
#pragma once

#include <fmt/format.h>

#include "bus/device.h"

namespace sb::bus {

inline Key isa_access_time() {
    return {"access_time",
            ValueType::duration,
            "720ns",
            "time of an 8-bit access: 6 clocks of the 8.33 MHz ISA bus",
            {},
            0,
            1'000'000'000};
}

/// A key for the first of a device's ports.
inline Key port_key(const char* name, const char* fallback, const char* doc) {
    return {name, ValueType::integer, fallback, doc, {}, 0, 0xffff};
}

/// Maps a target into an address space; throws `Error` where the range is taken or does not fit.
inline void claim(const DeviceContext& context, AddressSpace& space, uint64_t start, uint64_t size,
                  TargetSocket& socket, const std::string& name, bool free = false,
                  Behind behind = Behind::isa) {
    if (start >= space.size() || size > space.size() - start)
        throw Error(fmt::format("{}: {} at {:#x} does not fit into the address space", context.name,
                                name, start));
    if (std::string clash = space.clash(start, size); !clash.empty())
        throw Error(fmt::format("{}: {} {}", context.name, name, clash));
    space.map(start, size, space.attach(socket), context.name + " " + name, free, nullptr, behind);
}

inline void claim_ports(const DeviceContext& context, RegisterBank& bank, uint64_t start,
                        bool free = false, Behind behind = Behind::isa) {
    claim(context, context.board.ports, start, bank.spec().size, bank.socket(), bank.spec().name,
          free, behind);
}

}  // namespace sb::bus
