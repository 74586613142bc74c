// SPDX-License-Identifier: Apache-2.0
//
// Local APIC and I/O APIC against the Intel manuals: volume 3A (253668), chapter 10, and the
// 82093AA datasheet (290566).
#include <catch2/catch.hpp>

#include "tests/support/isolated.h"
#include "tests/support/line_source.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::isolated;
using sb::test::LineLog;
using sb::test::LineSource;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

constexpr uint64_t lapic = 0xfee00000, ioapic = 0xfec00000;
constexpr uint64_t id = 0x20, version = 0x30, tpr = 0x80, apr = 0x90, ppr = 0xa0, eoi = 0xb0,
                   ldr = 0xd0, dfr = 0xe0, svr = 0xf0, isr = 0x100, tmr = 0x180, irr = 0x200,
                   esr = 0x280, icr_low = 0x300, icr_high = 0x310, lvt_timer = 0x320,
                   lvt_lint0 = 0x350, lvt_lint1 = 0x360, lvt_error = 0x370, initial = 0x380,
                   current = 0x390, divide = 0x3e0;
constexpr uint32_t masked = 0x10000, periodic = 0x20000, level = 0x8000, to_self = 0x40000;
constexpr Time message_time = 1260_ns;  // 21 cycles of 60 ns

struct Apics {
    TestBoard board;
    LineSource lines{board.board};
    bus::InterruptAcknowledge* cpu = nullptr;
    Script* io = nullptr;

    explicit Apics(const TestBoard::Settings& local = {}) {
        board.plug("pic8259", "pic");
        board.plug("lapic", "lapic", local);
        board.plug("ioapic", "ioapic");
        cpu = board.board.find<bus::InterruptAcknowledge>("intr.acknowledge");
    }
    void run(const std::function<void()>& body) {
        board.run([&](Script& script) {
            io = &script;
            body();
        });
    }
    uint32_t read(uint64_t reg) { return io->read32(lapic + reg); }
    void write(uint64_t reg, uint32_t v) { io->write32(lapic + reg, v); }
    void enable() { write(svr, 0x1ff); }
    void send_self(unsigned vector) { write(icr_low, to_self + vector); }
    bool intr() { return board.board.line("intr").asserted(); }
    int acknowledge(Time* took = nullptr) {
        sc_core::sc_time delay;
        const int vector = cpu->acknowledge(delay);
        if (took) *took = Time::from(delay);
        return vector;
    }
    uint32_t io_read(uint32_t index) {
        io->write32(ioapic, index);
        return io->read32(ioapic + 0x10);
    }
    void io_write(uint32_t index, uint32_t v) {
        io->write32(ioapic, index);
        io->write32(ioapic + 0x10, v);
    }
    void redirect(unsigned pin, uint32_t low, uint32_t high = 0) {
        io_write(0x11 + 2 * pin, high);
        io_write(0x10 + 2 * pin, low);
    }
    bool has(uint64_t set, unsigned vector) {
        return (read(set + vector / 32 * 16) >> vector % 32 & 1) != 0;
    }
};

}  // namespace

TEST_CASE("local APIC registers after reset") {
    Apics a;
    a.run([&] {
        const std::pair<uint64_t, uint32_t> values[] = {{id, 0},
                                                        {version, 0x40011},
                                                        {tpr, 0},
                                                        {ppr, 0},
                                                        {ldr, 0},
                                                        {dfr, 0xffffffff},
                                                        {svr, 0xff},
                                                        {icr_low, 0},
                                                        {lvt_timer, masked},
                                                        {lvt_lint0, masked},
                                                        {lvt_lint1, masked},
                                                        {lvt_error, masked},
                                                        {initial, 0},
                                                        {current, 0},
                                                        {divide, 0}};
        for (auto [reg, value] : values) {
            INFO("register " << reg);
            CHECK(a.read(reg) == value);
        }
        // Disabled by software: masks can not be cleared (10.4.7.2).
        a.write(lvt_timer, 0x30);
        CHECK(a.read(lvt_timer) == (masked | 0x30));
        // On chip: the bus's two clocks, and nothing more.
        const Time before = a.io->time();
        a.read(id);
        CHECK(a.io->time() - before == 60_ns);
    });
}

TEST_CASE("local APIC priorities - a class is delivered above the processor priority only") {
    Apics a;
    a.run([&] {
        a.enable();
        a.send_self(0x35);
        CHECK(a.intr());
        CHECK(a.has(irr, 0x35));
        CHECK(a.acknowledge() == 0x35);
        CHECK(a.has(isr, 0x35));
        CHECK_FALSE(a.has(irr, 0x35));
        CHECK(a.read(ppr) == 0x30);
        a.send_self(0x3f);
        CHECK_FALSE(a.intr());  // the same class
        a.send_self(0x41);
        CHECK(a.intr());
        CHECK(a.acknowledge() == 0x41);
        CHECK(a.read(ppr) == 0x40);
        a.write(eoi, 0);
        CHECK_FALSE(a.intr());
        CHECK(a.read(ppr) == 0x30);
        a.write(eoi, 0);
        CHECK(a.intr());
        a.write(tpr, 0x30);
        CHECK_FALSE(a.intr());
        CHECK(a.read(apr) == 0x30);
        a.write(tpr, 0x2f);
        CHECK(a.intr());
        CHECK(a.read(ppr) == 0x2f);
        CHECK(a.acknowledge() == 0x3f);
    });
}

TEST_CASE("local APIC gives the spurious vector where the request has gone") {
    Apics a;
    a.run([&] {
        a.write(svr, 0x1ef);
        CHECK(a.read(svr) == 0x1ef);
        a.write(svr, 0x1e0);
        CHECK(a.read(svr) == 0x1ef);  // low four bits are wired to 1
        a.send_self(0x40);
        a.write(tpr, 0x50);  // in the meantime
        CHECK(a.acknowledge() == 0xef);
        for (unsigned i = 0; i < 8; ++i) CHECK(a.read(isr + 16 * i) == 0);
        a.write(tpr, 0);
        CHECK(a.acknowledge() == 0x40);
    });
}

TEST_CASE("local APIC timer - expiry and count at exact instants for every divider") {
    struct Row {
        uint32_t code;
        uint64_t divisor;
    };
    const Row rows[] = {{0x0, 2},  {0x1, 4},  {0x2, 8},   {0x3, 16},
                        {0x8, 32}, {0x9, 64}, {0xa, 128}, {0xb, 1}};
    for (const Row& row : rows) {
        const bool right = isolated([&] {
            Apics a;
            LineLog log{a.board.sim, a.board.board.line("intr")};
            bool counts = false;
            Time start;
            const Time tick = 30_ns * row.divisor;
            a.run([&] {
                a.enable();
                a.write(divide, row.code);
                a.write(lvt_timer, 0x50);
                start = a.io->time();
                a.write(initial, 1000);
                a.io->wait_until(start + tick * 400 - 1_ps);
                counts = a.read(current) == 601;
                a.io->wait_until(start + tick * 500);
                counts = counts && a.read(current) == 500;
                a.io->wait_until(start + tick * 3000);
                counts = counts && a.read(current) == 0 && a.acknowledge() == 0x50;
            });
            return counts && log.changes.at(0) == std::make_pair(start + tick * 1000, true);
        });
        INFO("divisor " << row.divisor);
        CHECK(right);
    }
}

TEST_CASE("local APIC timer - periodic without drift and masked without events") {
    Apics a;
    std::vector<Time> expiries;
    Time start;
    a.run([&] {
        a.enable();
        a.write(divide, 0xb);
        a.write(lvt_timer, periodic | 0x50);
        start = a.io->time();
        a.write(initial, 333);
        for (int i = 1; i <= 100; ++i) {
            a.io->wait_until(start + 30_ns * 333 * i - 1_ps);
            REQUIRE_FALSE(a.intr());
            a.io->wait_until(start + 30_ns * 333 * i);
            REQUIRE(a.intr());
            REQUIRE(a.acknowledge() == 0x50);
            a.write(eoi, 0);
        }
        a.write(lvt_timer, periodic | masked | 0x50);
        const uint64_t calls = a.board.sim.timer_calls();
        a.io->wait_until(start + 30_ns * 333 * 1'000'000 + 30_ns * 33);
        CHECK(a.board.sim.timer_calls() - calls <= 2);  // the wait's own
        CHECK(a.read(current) == 300);
        // Back to one-shot: what is left is counted down, and then it stops.
        a.write(lvt_timer, 0x50);
        a.io->wait_until(start + 30_ns * 333 * 1'000'001);
        CHECK(a.intr());
        CHECK(a.read(current) == 0);
    });
}

TEST_CASE("local APIC errors - illegal vectors and registers show in ESR after a write") {
    Apics a;
    a.run([&] {
        a.enable();
        a.write(lvt_error, 0xfe);
        a.write(icr_low, 0x05);
        CHECK(a.read(esr) == 0);
        a.write(esr, 0);
        CHECK(a.read(esr) == 0x20);
        CHECK(a.acknowledge() == 0xfe);
        a.write(eoi, 0);
        a.read(0x3f0);
        a.write(icr_high, 0x07000000);  // nobody is there
        a.write(icr_low, 0x45);
        a.write(esr, 0);
        CHECK(a.read(esr) == 0x84);
        a.write(esr, 0);
        CHECK(a.read(esr) == 0);
    });
}

TEST_CASE("local APIC messages by destination and shorthand") {
    struct Row {
        const char* what;
        uint32_t high, low, logical, format;
        bool comes;
    };
    const Row rows[] = {
        {"physical", 0x00000000, 0x45, 0, ~0u, true},
        {"physical, somebody else", 0x01000000, 0x45, 0, ~0u, false},
        {"physical, broadcast", 0x0f000000, 0x45, 0, ~0u, true},
        {"logical, flat", 0x06000000, 0x845, 0x04000000, ~0u, true},
        {"logical, flat, not us", 0x02000000, 0x845, 0x04000000, ~0u, false},
        {"logical, cluster", 0x23000000, 0x845, 0x22000000, 0x0fffffff, true},
        {"logical, another cluster", 0x33000000, 0x845, 0x22000000, 0x0fffffff, false},
        {"lowest priority", 0x00000000, 0x145, 0, ~0u, true},
        {"self", 0x01000000, 0x40045, 0, ~0u, true},
        {"all", 0x01000000, 0x80045, 0, ~0u, true},
        {"all others", 0x00000000, 0xc0045, 0, ~0u, false},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        CHECK(isolated([&] {
                  Apics a;
                  bool came = false;
                  a.run([&] {
                      a.enable();
                      a.write(ldr, row.logical);
                      a.write(dfr, row.format);
                      a.write(icr_high, row.high);
                      a.write(icr_low, row.low);
                      came = a.intr() && a.has(irr, 0x45);
                  });
                  return came;
              }) == row.comes);
    }
}

TEST_CASE("local APIC LINT1 and ICR deliver NMI and INIT by lines") {
    Apics a;
    LineLog nmi{a.board.sim, a.board.board.line("nmi")};
    LineLog init{a.board.sim, a.board.board.line("init")};
    a.run([&] {
        a.enable();
        a.write(lvt_lint1, 0x400);
        a.lines.set("lint1", true);
        CHECK(nmi.changes.size() == 2);  // one pulse
        a.lines.set("lint1", false);
        CHECK(nmi.changes.size() == 2);
        a.write(icr_low, 0x4400);
        CHECK(nmi.changes.size() == 4);
        a.write(icr_low, 0x4500);
        CHECK(init.changes.size() == 2);
        a.write(icr_low, 0x8500);  // INIT level de-assert
        CHECK(init.changes.size() == 2);
    });
}

TEST_CASE(
    "virtual wire - the 8259 reaches the processor through LINT0 with its own vector and time") {
    Apics a{{{"handoff", "virtual-wire"}}};
    a.run([&] {
        for (auto [port, v] : {std::pair{0x20, 0x11}, {0x21, 0x20}, {0x21, 4}, {0x21, 1}})
            a.io->out8(static_cast<uint16_t>(port), static_cast<uint8_t>(v));
        a.lines.set("irq4", true);
        CHECK(a.intr());
        Time took;
        CHECK(a.acknowledge(&took) == 0x24);
        CHECK(took == 240_ns);
        CHECK_FALSE(a.intr());
        a.io->out8(0x20, 0x20);
        a.write(lvt_lint0, 0x10700);  // masked
        a.lines.set("irq3", true);
        CHECK_FALSE(a.intr());
        a.send_self(0x60);
        CHECK(a.acknowledge(&took) == 0x60);
        CHECK(took == 0_ns);  // on chip
    });
}

TEST_CASE("a local APIC disabled by hardware passes INTR and NMI through") {
    Apics a{{{"enabled", "false"}}};
    a.run([&] {
        for (auto [port, v] : {std::pair{0x20, 0x11}, {0x21, 0x20}, {0x21, 4}, {0x21, 1}})
            a.io->out8(static_cast<uint16_t>(port), static_cast<uint8_t>(v));
        CHECK(a.read(version) == 0xffffffff);
        a.lines.set("irq1", true);
        CHECK(a.intr());
        CHECK(a.acknowledge() == 0x21);
        a.lines.set("lint1", true);
        CHECK(a.board.board.line("nmi").asserted());
    });
}

TEST_CASE("I/O APIC registers are reached by index and with 32 bits only") {
    Apics a;
    a.run([&] {
        CHECK(a.io_read(1) == 0x00170011);
        CHECK(a.io_read(0) == 0x01000000);
        a.io_write(0, 0xffffffff);
        CHECK(a.io_read(0) == 0x0f000000);
        CHECK(a.io_read(2) == 0x0f000000);
        for (uint32_t pin = 0; pin < 24; ++pin) CHECK(a.io_read(0x10 + 2 * pin) == 0x10000);
        a.io_write(0x20, 0xffffffff);
        CHECK(a.io_read(0x20) == 0x1afff);  // status and Remote IRR can not be written
        a.io->write32(ioapic, 0x20);
        a.io->write(ioapic + 0x10, 0, 1);
        CHECK(a.io_read(0x20) == 0x1afff);
    });
}

TEST_CASE("I/O APIC edge - one message per edge after the time of the bus and none while masked") {
    Apics a;
    LineLog intr{a.board.sim, a.board.board.line("intr")};
    a.run([&] {
        a.enable();
        a.lines.set("irq5", true);  // masked: lost
        a.redirect(5, 0x61);
        a.io->wait(10_us);
        CHECK_FALSE(a.intr());
        a.lines.set("irq5", false);
        a.io->wait(1_us);
        const Time edge = a.io->time();
        a.lines.set("irq5", true);
        CHECK((a.io_read(0x1a) & 0x1000) != 0);  // send pending
        a.io->wait_until(edge + message_time);
        CHECK(intr.changes.at(0) == std::make_pair(edge + message_time, true));
        CHECK((a.io_read(0x1a) & 0x1000) == 0);
        CHECK(a.acknowledge() == 0x61);
        CHECK_FALSE(a.has(tmr, 0x61));
        a.write(eoi, 0);
        a.io->wait(10_us);
        CHECK_FALSE(a.intr());
    });
}

TEST_CASE("I/O APIC level - Remote IRR until EOI and delivery again while asserted") {
    Apics a;
    a.run([&] {
        a.enable();
        a.redirect(10, level | 0x72);
        a.lines.set("irq10", true);
        a.io->wait(2_us);
        CHECK(a.acknowledge() == 0x72);
        CHECK(a.has(tmr, 0x72));
        CHECK(a.io_read(0x24) == (level | 0x4072));
        a.io->wait(10_us);
        CHECK_FALSE(a.intr());
        const Time end = a.io->time();
        a.write(eoi, 0);  // the line is still asserted
        // 14 cycles for the EOI message, then 21 for the interrupt.
        a.io->wait_until(end + 840_ns + message_time - 1_ps);
        CHECK_FALSE(a.intr());
        a.io->wait_until(end + 840_ns + message_time);
        CHECK(a.intr());
        CHECK(a.acknowledge() == 0x72);
        a.lines.set("irq10", false);
        a.write(eoi, 0);
        a.io->wait(10_us);
        CHECK_FALSE(a.intr());
        CHECK(a.io_read(0x24) == (level | 0x72));
        // Masked, the level waits; unmasked, it is delivered.
        a.redirect(10, masked | level | 0x72);
        a.lines.set("irq10", true);
        a.io->wait(10_us);
        CHECK_FALSE(a.intr());
        a.redirect(10, level | 0x72);
        a.io->wait(10_us);
        CHECK(a.intr());
    });
}

TEST_CASE("I/O APIC messages take turns on the bus and the timer is on pin 2") {
    Apics a;
    LineLog intr{a.board.sim, a.board.board.line("intr")};
    a.run([&] {
        a.enable();
        a.redirect(2, 0x40);
        a.redirect(9, 0x59);
        a.io->wait(1_us);
        const Time edge = a.io->time();
        a.lines.set("irq9", true);
        a.lines.set("irq0", true);
        a.io->wait_until(edge + message_time * 2 - 200_ns);
        CHECK(a.has(irr, 0x59));
        CHECK_FALSE(a.has(irr, 0x40));
        a.io->wait_until(edge + message_time * 2);
        CHECK(a.has(irr, 0x40));
    });
}

TEST_CASE("I/O APIC - a message that nobody accepts is a finding and not a hang") {
    Apics a;
    a.run([&] {
        a.redirect(5, 0x61);
        a.redirect(10, level | 0x72, 0x07000000);
        a.lines.set("irq5", true);
        a.lines.set("irq10", true);
        a.io->wait(1_ms);
        CHECK_FALSE(a.intr());
        a.enable();
        a.redirect(10, level | 0x72, 0);  // now somebody is addressed
        a.io->wait(10_us);
        CHECK(a.acknowledge() == 0x72);
    });
    CHECK(a.board.sim.findings().count("an interrupt message was accepted by no local APIC") == 2);
}
