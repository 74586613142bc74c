// SPDX-License-Identifier: Apache-2.0
//
// What a guest without firmware finds on the PCI bus: 82371SB (290550), PIRQRC[A:D] (60h to 63h:
// bit 7 set is "not routed", bits 3 to 0 the IRQ) and ELCR2 (4D1h: bit n - 8 for IRQ n); PCI 2.2,
// 6.2.4 (INTERRUPT_LINE, INTERRUPT_PIN), 6.2.1 (COMMAND), 6.2.5.1 (base addresses).
#include <catch2/catch.hpp>

#include <map>

#include "sim/machine/pci_hand_off.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::machine;
using sb::test::Script;

namespace {

uint32_t configuration(Script& io, unsigned device, unsigned function, unsigned at) {
    io.out32(0xcf8, 1u << 31 | device << 11 | function << 8 | (at & 0xfc));
    return io.in32(0xcfc);
}

}  // namespace

TEST_CASE("without firmware PCI is routed and timed and addressed as firmware leaves it") {
    test::TestBoard board;
    board.plug("pic8259", "pic");
    board.plug("pci-host", "pci_host");
    board.plug("pci-isa-bridge", "isa_bridge");
    board.plug("axi-cdma", "cdma");  // a function with INTA# and a memory window
    board.plug("axi-stream-fifo", "stream");
    board.plug("piix-ide", "ide");  // and one without
    hand_off_pci(board.pci.functions(), board.ports);
    board.run([&](Script& io) {
        const uint8_t irq = configuration(io, 1, 0, 0x60) & 0xff;
        CHECK(irq == 11);
        CHECK(configuration(io, 1, 0, 0x60) == irq * 0x01010101u);
        CHECK(io.in8(0x4d1) == 1u << (irq - 8));
        CHECK(io.in8(0x4d0) == 0);
        std::map<uint32_t, unsigned> bases;
        for (const unsigned device : {4u, 5u}) {
            CAPTURE(device);
            CHECK((configuration(io, device, 0, 0x3c) & 0xffff) == (0x0100u | irq));
            CHECK((configuration(io, device, 0, 0x0c) >> 8 & 0xff) == 64);
            // It answers, and does not master the bus: that is its driver's.
            CHECK((configuration(io, device, 0, 0x04) & 7) == 2);
            const uint32_t base = configuration(io, device, 0, 0x10);
            CHECK(base >= 0xe0000000);
            CHECK(base < 0xfec00000);
            CHECK(bases.emplace(base, device).second);
        }
        CHECK((configuration(io, 1, 1, 0x3c) & 0xffff) == 0);  // no pin, no line
        CHECK((configuration(io, 1, 1, 0x0c) >> 8 & 0xff) == 64);
        CHECK((configuration(io, 1, 1, 0x04) & 7) == 1);
    });
}

TEST_CASE("each pin of a PCI device has the I/O APIC input that its interrupt line is wired to") {
    test::TestBoard board;
    board.plug("axi-cdma", "cdma");
    board.plug("axi-stream-fifo", "stream");
    board.plug("piix-ide", "ide");
    const auto list = pci_interrupts(board.pci.functions());
    REQUIRE(list.size() == 2);
    // Slots rotate the pins over PIRQA# to PIRQD#: INTA# of device 1 is PIRQA#, of device 4 PIRQD#.
    CHECK(list[0].device == 4);
    CHECK(list[0].pin == 0);
    CHECK(list[0].input == 16 + 3);
    CHECK(list[1].device == 5);
    CHECK(list[1].input == 16 + 0);
}
