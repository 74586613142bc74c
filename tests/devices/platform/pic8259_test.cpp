// SPDX-License-Identifier: Apache-2.0
//
// The 8259A pair against the Intel 8259A datasheet (231468-003).
#include <catch2/catch.hpp>

#include "tests/support/line_source.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::LineSource;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

constexpr uint16_t master = 0x20, master_data = 0x21, slave = 0xa0, slave_data = 0xa1;
constexpr uint8_t read_irr = 0x0a, read_isr = 0x0b, eoi = 0x20, poll = 0x0c;

struct Pics {
    TestBoard board;
    LineSource lines{board.board};
    bus::Device& pic = board.plug("pic8259", "pic");
    bus::InterruptAcknowledge& cpu =
        *board.board.find<bus::InterruptAcknowledge>("pic.acknowledge");

    void set(unsigned irq, bool level) { lines.set("irq" + std::to_string(irq), level); }
    bool intr() { return board.board.line("pic.intr").asserted(); }
    int acknowledge() {
        sc_core::sc_time delay;
        return cpu.acknowledge(delay);
    }
    /// Vectors 20h to 2Fh, as PCs have them; ICW4 as given.
    static void initialise(Script& io, uint8_t icw4 = 0x01, uint8_t icw1 = 0x11) {
        const std::pair<uint16_t, uint8_t> writes[] = {
            {master, icw1}, {master_data, 0x20}, {master_data, 0x04}, {master_data, icw4},
            {slave, icw1},  {slave_data, 0x28},  {slave_data, 0x02},  {slave_data, icw4 & 0xef}};
        for (auto [port, value] : writes) io.out8(port, value);
    }
    int isr(Script& io, uint16_t port = master) {
        io.out8(port, read_isr);
        return io.in8(port);
    }
    int irr(Script& io, uint16_t port = master) {
        io.out8(port, read_irr);
        return io.in8(port);
    }
};

}  // namespace

TEST_CASE("8259A fully nested - the more urgent line interrupts and EOI ends the most urgent") {
    Pics p;
    p.board.run([&](Script& io) {
        Pics::initialise(io);
        p.set(5, true);
        p.set(3, true);
        CHECK(p.irr(io) == 0x28);
        CHECK(p.acknowledge() == 0x23);
        CHECK(p.isr(io) == 0x08);
        CHECK_FALSE(p.intr());  // 5 is less urgent than 3
        p.set(1, true);
        CHECK(p.intr());
        CHECK(p.acknowledge() == 0x21);
        CHECK(p.isr(io) == 0x0a);
        io.out8(master, eoi);
        CHECK(p.isr(io) == 0x08);
        io.out8(master, eoi);
        CHECK(p.intr());
        CHECK(p.acknowledge() == 0x25);
    });
}

TEST_CASE("8259A edge mode - one request per edge and level mode requests again") {
    Pics p;
    p.board.run([&](Script& io) {
        Pics::initialise(io);
        p.set(4, true);
        CHECK(p.acknowledge() == 0x24);
        io.out8(master, eoi);
        CHECK_FALSE(p.intr());  // still high, but no new edge
        p.set(4, false);
        io.out8(0x4d0, 0x10);  // ELCR: irq4 by level
        p.set(4, true);
        CHECK(p.acknowledge() == 0x24);
        CHECK_FALSE(p.intr());
        io.out8(master, eoi);
        CHECK(p.intr());
        io.out8(0x4d0, 0xff);  // irq0 to irq2 can not be level-triggered
        CHECK(io.in8(0x4d0) == 0xf8);
        io.out8(0x4d1, 0xff);  // nor irq8 and irq13
        CHECK(io.in8(0x4d1) == 0xde);
    });
}

TEST_CASE("8259A spurious - a request that has gone gives level 7 and no bit in service") {
    Pics p;
    p.board.run([&](Script& io) {
        Pics::initialise(io);
        p.set(3, true);
        CHECK(p.intr());
        p.set(3, false);
        CHECK_FALSE(p.intr());
        CHECK(p.acknowledge() == 0x27);
        CHECK(p.isr(io) == 0);
    });
}

TEST_CASE("8259A cascade - a slave's line needs two EOIs and takes the place of input 2") {
    Pics p;
    p.board.run([&](Script& io) {
        Pics::initialise(io);
        p.set(3, true);
        p.set(14, true);
        CHECK(p.acknowledge() == 0x2e);  // before irq3
        CHECK(p.isr(io) == 0x04);
        CHECK(p.isr(io, slave) == 0x40);
        io.out8(slave, eoi);
        CHECK_FALSE(p.intr());
        io.out8(master, eoi);
        CHECK(p.acknowledge() == 0x23);
    });
}

TEST_CASE("8259A special fully nested - the same slave may interrupt again") {
    Pics p;
    p.board.run([&](Script& io) {
        Pics::initialise(io);
        p.set(10, true);
        CHECK(p.acknowledge() == 0x2a);
        p.set(8, true);
        CHECK_FALSE(p.intr());  // the master has input 2 in service
        io.out8(slave, eoi);
        io.out8(master, eoi);
        CHECK(p.acknowledge() == 0x28);
        p.set(8, false);
        p.set(10, false);
        Pics::initialise(io, 0x11);
        p.set(10, true);
        CHECK(p.acknowledge() == 0x2a);
        p.set(8, true);
        CHECK(p.intr());
        CHECK(p.acknowledge() == 0x28);
        p.set(11, true);
        CHECK_FALSE(p.intr());  // less urgent within the slave
    });
}

TEST_CASE("8259A automatic EOI and rotation") {
    Pics p;
    p.board.run([&](Script& io) {
        Pics::initialise(io, 0x03);
        p.set(1, true);
        p.set(4, true);
        CHECK(p.acknowledge() == 0x21);
        CHECK(p.isr(io) == 0);
        CHECK(p.intr());
        CHECK(p.acknowledge() == 0x24);
        io.out8(master, 0x80);  // rotate on automatic EOI
        p.set(4, false);
        p.set(4, true);
        CHECK(p.acknowledge() == 0x24);  // 4 becomes the lowest: 5 is the highest now
        p.set(1, false);
        p.set(1, true);
        p.set(6, true);
        CHECK(p.acknowledge() == 0x26);
        CHECK(p.acknowledge() == 0x21);
    });
}

TEST_CASE("8259A OCW2 commands") {
    Pics p;
    p.board.run([&](Script& io) {
        Pics::initialise(io);
        p.set(2 + 1, true);
        p.set(6, true);
        io.out8(master, 0xc4);  // set priority: 4 lowest: 5 6 7 0 1 2 3 4
        CHECK(p.acknowledge() == 0x26);
        CHECK(p.isr(io) == 0x40);
        io.out8(master, 0x63);  // specific EOI of 3, which is not in service
        CHECK(p.isr(io) == 0x40);
        io.out8(master, 0xe6);  // rotate on specific EOI: 6 lowest
        CHECK(p.isr(io) == 0);
        CHECK(p.acknowledge() == 0x23);
        p.set(5, true);
        CHECK_FALSE(p.intr());  // 7 0 1 2 3 4 5 6
        io.out8(master, 0xa0);  // rotate on non-specific EOI: 3 lowest, 4 highest
        CHECK(p.isr(io) == 0);
        CHECK(p.acknowledge() == 0x25);
    });
}

TEST_CASE("8259A special mask mode lets less urgent lines through") {
    Pics p;
    p.board.run([&](Script& io) {
        Pics::initialise(io);
        p.set(2 - 1, true);
        CHECK(p.acknowledge() == 0x21);
        p.set(6, true);
        CHECK_FALSE(p.intr());
        io.out8(master_data, 0x02);
        CHECK_FALSE(p.intr());
        io.out8(master, 0x68);  // ESMM, SMM
        CHECK(p.intr());
        CHECK(p.acknowledge() == 0x26);
        io.out8(master, eoi);  // not the masked one
        CHECK(p.isr(io) == 0x02);
        CHECK(io.in8(master_data) == 0x02);
    });
}

TEST_CASE("8259A poll acknowledges and mask holds back") {
    Pics p;
    p.board.run([&](Script& io) {
        Pics::initialise(io);
        io.out8(master_data, 0xff);
        p.set(5, true);
        CHECK_FALSE(p.intr());
        io.out8(master, poll);
        CHECK(io.in8(master) == 0);
        io.out8(master_data, 0xdf);
        CHECK(p.intr());
        io.out8(master, poll);
        CHECK(io.in8(master) == 0x85);
        CHECK(p.isr(io) == 0x20);
        CHECK_FALSE(p.intr());
    });
}

TEST_CASE("8259A ICW1 clears mask and edges and initialisation can leave out words") {
    Pics p;
    p.board.run([&](Script& io) {
        p.set(1, true);
        CHECK_FALSE(p.intr());  // not initialised
        io.out8(master, 0x12);  // single, no ICW4
        io.out8(master_data, 0x40);
        CHECK_FALSE(p.intr());  // the edge before initialisation is forgotten
        CHECK(io.in8(master_data) == 0);
        p.set(1, false);
        p.set(1, true);
        CHECK(p.acknowledge() == 0x41);
    });
    CHECK(p.board.sim.findings().count(
              "the 8259A was put into 8080/8085 mode (taken as 8086 mode)") == 1);
}

TEST_CASE("8259A time - an acknowledge takes 8 bus clocks and an access 6 ISA clocks") {
    Pics p;
    p.board.run([&](Script& io) {
        sc_core::sc_time delay;
        p.cpu.acknowledge(delay);
        CHECK(Time::from(delay) == 240_ns);  // 33.33 MHz: 8 * 30 ns
        io.in8(master_data);
        CHECK(io.time() == 720_ns);
        io.in16(master);  // two 8-bit cycles
        CHECK(io.time() == 2160_ns);
    });
}

TEST_CASE("8259A events - the vector is sent and acknowledged and its end is the slave's") {
    struct Kept final : observe::Sink {
        void event(const observe::Stream& stream, const observe::Event& event) override {
            text += std::string{observe::info(event.kind).name} + " " + stream.describe(event) +
                    "\n";
        }
        std::string text;
    } kept;
    Pics p;
    observe::KindSet kinds;
    for (const auto kind : {observe::Kind::interrupt_message, observe::Kind::acknowledge,
                            observe::Kind::end_of_interrupt})
        kinds.set(static_cast<size_t>(kind));
    p.board.stream.attach(kept, kinds);
    p.board.run([&](Script& io) {
        Pics::initialise(io);
        io.out8(slave, eoi);  // nothing is in service
        p.set(14, true);
        CHECK(p.acknowledge() == 0x2e);
        p.set(14, false);
        io.out8(slave, eoi);
        io.out8(master, eoi);  // of the cascade: no vector of its own
        p.set(3, true);
        CHECK(p.acknowledge() == 0x23);
        io.out8(master, eoi);
        CHECK(p.acknowledge() == 0x27);  // nobody asks: the spurious vector
    });
    // An acknowledge is 8 clocks of the 33.33 MHz bus.
    CHECK(kept.text ==
          "interrupt-message vector=0x2e input=14\nacknowledge vector=0x2e duration=240000ps\n"
          "eoi vector=0x2e\n"
          "interrupt-message vector=0x23 input=3\nacknowledge vector=0x23 duration=240000ps\n"
          "eoi vector=0x23\n"
          "interrupt-message vector=0x27 input=255\nacknowledge vector=0x27 duration=240000ps\n");
}
