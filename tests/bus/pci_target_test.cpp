// SPDX-License-Identifier: Apache-2.0
//
// Functions and processors on one PCI bus: peer to peer, accesses that cross the host bridge,
// messages, and interrupt pins.
#include "bus/apic.h"
#include "tests/bus/pci_fixture.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::test;
using Result = pci::MasterPort::Result;

namespace {

constexpr Time pci_clock = Time::ns(30);

struct Apic : bus::LocalApicPort {
    Apic(TestBoard& board) : sim{board.sim} {
        board.board.shared<bus::ApicBus>("apic.bus").add(*this);
    }
    bool addressed(const bus::ApicMessage&) const override { return true; }
    bool accept(const bus::ApicMessage& message) override {
        messages.push_back({sim.now(), message});
        if (on_message) on_message();
        return true;
    }
    uint8_t arbitration_priority() const override { return 0; }
    Simulation& sim;
    std::vector<std::pair<Time, bus::ApicMessage>> messages;
    std::function<void()> on_message;
};

}  // namespace

TEST_CASE("peer to peer goes beat by beat with the register's access time as wait states") {
    PciBoard board;
    Card card{board, "card", 3}, peer{board, "peer", 4, false, 60_ns};
    PciLog log{board.stream};
    card.map(0xe0000000);
    peer.map(0xe0010000);
    const uint32_t words[]{1, 2, 3, 4};
    board.run([&](Script& io) {
        std::memcpy(card.port.buffer(), words, sizeof words);
        card.port.request(true, 0xe0010000, 16);
        io.wait(10_us);
    });
    // Address, claim in clock 3, two waits each.
    CHECK(card.ended == std::vector<Time>{pci_clock * (2 + 2 + 4 * 3)});
    CHECK(log.rows.size() == 1);
    REQUIRE(peer.written.size() == 4);
    for (unsigned i = 0; i < 4; ++i)
        CHECK(peer.written[i] == std::pair<unsigned, uint64_t>{i, i + 1});
    CHECK(board.bus.held() == Time{});
    CHECK(board.summary().balanced());
}

TEST_CASE("a fixed address is a transaction a data phase") {
    PciBoard board;
    Card card{board, "card", 3}, peer{board, "peer", 4};
    PciLog log{board.stream};
    card.map(0xe0000000, 255);
    peer.map(0xe0010000);
    const uint32_t words[]{1, 2, 3, 4};
    board.run([&](Script& io) {
        std::memcpy(card.port.buffer(), words, sizeof words);
        card.port.request(true, 0xe0010004, 16, {.fixed = true});
        io.wait(10_us);
    });
    REQUIRE(peer.written.size() == 4);
    for (unsigned i = 0; i < 4; ++i)
        CHECK(peer.written[i] == std::pair<unsigned, uint64_t>{1, i + 1});
    CHECK(log.rows.size() == 4);
    // Each: 1 address, claimed with its data in clock 3, 1 idle.
    CHECK(card.ended == std::vector<Time>{pci_clock * (2 + 4 * 4 - 1)});
}

TEST_CASE("a processor's access pays the transaction and a port behind the ISA bridge its cycle too") {
    PciBoard board;
    Card card{board, "card", 3};
    card.map(0xe0000000);
    board.plug("uart16550", "serial");
    board.run([&](Script& io) {
        Time t = io.time();
        auto took = [&] {
            const Time d = io.time() - t;
            t = io.time();
            return d;
        };
        io.read32(0xe0000000);
        CHECK(took() == pci_clock * 3);  // address, turnaround, data in clock 3
        io.wait(1_us);
        t = io.time();
        io.write32(0xe0000000, 1);
        CHECK(took() == pci_clock * 3);
        io.wait(1_us);
        t = io.time();
        io.in8(0x3fd);
        CHECK(took() == pci_clock * 5 + 720_ns);
        io.wait(1_us);
        t = io.time();
        io.read32(0xd0000000);
        CHECK(took() == pci_clock * 5);  // master abort
        io.wait(1_us);
        t = io.time();
        io.read32(0x1000);
        CHECK(took() == 20_ns);  // memory is on the system bus
        // Back to back: the idle clock comes between.
        io.wait(1_us);
        t = io.time();
        io.read32(0xe0000000);
        io.read32(0xe0000000);
        CHECK(took() == pci_clock * 7);
    });
    const bus::BusSummary s = board.summary();
    CHECK(s.balanced());
    CHECK(s.masters[0].transactions == 6);
}

TEST_CASE("an LPC bus takes 13 clocks a cycle") {
    PciBoard board;
    board.plug("pci-isa-bridge", "isa_bridge", {{"bus", "lpc"}});
    board.plug("uart16550", "serial");
    board.run([&](Script& io) {
        io.in8(0x3fd);
        CHECK(io.time() == pci_clock * (5 + 13));
    });
}

TEST_CASE("a processor's access during a burst takes the bus from it and finds its data in memory") {
    PciBoard board;
    Card card{board, "card", 3}, slow{board, "slow", 4};
    card.map(0xe0000000);
    std::fill_n(card.port.buffer(), 256, 0xab);
    Time done;
    unsigned arrived = 0;
    board.run([&](Script& io) {
        card.port.request(true, 0x4000, 256);
        io.wait(200_ns);
        io.read32(0xe0000000);
        done = io.time();
        while (arrived < 256 && board.ram[0x4000 + arrived] == 0xab) ++arrived;
        io.wait(10_us);
    });
    // The address phase began at 60 ns; data phases end at 150, 180, and at 210 the last: the timer is
    // 0. What was written, 3 dwords in 4 clocks of 10 ns, is in memory at 250; then 3 clocks.
    CHECK(done == 250_ns + pci_clock * 3);
    CHECK(arrived == 12);
    REQUIRE(card.ended.size() == 1);
    CHECK(board.ram[0x40ff] == 0xab);
    CHECK(board.summary().balanced());
}

TEST_CASE("a processor and a master that both cross do not block each other") {
    for (const char* system : {"1000000", "10000000", "100000000"}) {
        CAPTURE(system);
        const auto [accesses, writes, reads, balanced] = isolated([&] {
            PciBoard board{{}, fast_system(std::stoul(system))};
            Card a{board, "a", 3}, b{board, "b", 4};
            for (Card* card : {&a, &b}) {
                card->map(0xe0000000 + 0x10000 * card->function.slot().device);
                const bool write = card == &a;
                card->next = [card, write] { card->port.request(write, 0x8000, 100); };
            }
            size_t done = 0;
            board.run(
                [&](Script& io) {
                    a.next();
                    b.next();
                    for (; done < 200; ++done) {
                        io.read32(0xe0030000);
                        io.write32(0xe0030004, static_cast<uint32_t>(done));
                    }
                },
                Time::ms(200));
            return std::array<size_t, 4>{done, a.ended.size(), b.ended.size(),
                                         board.summary().balanced()};
        });
        CHECK(accesses == 200);
        CHECK(writes >= 5);
        CHECK(reads >= 5);
        CHECK(balanced == 1);
    }
}

TEST_CASE("a message arrives after the data that was written before it") {
    PciBoard board{{}, fast_system(10'000'000)};
    Card card{board, "card", 3};
    card.function.add_msi(0x50);
    card.map(0xe0000000);
    Apic apic{board};
    uint8_t last = 0;
    apic.on_message = [&] { last = board.ram[0x407f]; };
    LineLog pin{board.sim, board.board.line("pirqc")};
    card.next = [&] { card.function.interrupt(true); };
    CHECK(card.function.bank.read(0x34, 1) == 0x50);
    CHECK(card.function.bank.read(0x50, 2) == 0x0005);
    CHECK((card.function.bank.read(0x06, 2) & 0x10) != 0);
    std::fill_n(card.port.buffer(), 128, 0xcd);
    board.ram[0x407f] = 0;
    board.run([&](Script& io) {
        card.function.bank.write(0x54, 4, 0xfee0300c);
        card.function.bank.write(0x58, 2, 0x0141);
        card.function.bank.write(0x52, 2, 1);
        card.port.request(true, 0x4000, 128, {.early = true});  // interrupts when it is accepted
        io.wait(100_us);
    });
    REQUIRE(apic.messages.size() == 1);
    CHECK(last == 0xcd);
    const bus::ApicMessage& m = apic.messages[0].second;
    CHECK(m.vector == 0x41);
    CHECK(m.mode == bus::DeliveryMode::lowest_priority);
    CHECK(m.destination == 3);
    CHECK(m.logical);
    CHECK(pin.changes.empty());
    // In the bridge the message waits for the four lines of data before it.
    CHECK(apic.messages[0].first == pci_clock * (2 + 2 + 8) + 100_ns * 9 * 4);
    CHECK(board.summary().balanced());
}

TEST_CASE("a message that interrupts nobody is a finding") {
    struct Row {
        uint32_t address, data;
        const char* finding;
    };
    const Row rows[]{
        {0xd0000000, 0x41, "nobody took the write"},
        {0x00004000, 0x41, "not one of local APICs"},
        {0xfee00000, 0x05, "below 16"},
        {0xfee00000, 0x341, "reserved delivery mode"},
        {0xfee00000, 0x641, "reserved delivery mode"},  // start-up is not for messages
        {0xfee00000, 0x41, nullptr},
    };
    for (const Row& row : rows) {
        CAPTURE(row.address, row.data);
        const bool right = test::isolated([&] {
            PciBoard board;
            Card card{board, "card", 3};
            card.function.add_msi(0x50);
            card.map(0xe0000000);
            Apic apic{board};
            board.run([&](Script& io) {
                card.function.bank.write(0x54, 4, row.address);
                card.function.bank.write(0x58, 2, row.data);
                card.function.bank.write(0x52, 2, 1);
                card.function.interrupt(true);
                io.wait(100_us);
            });
            uint64_t found = 0;
            for (const Finding& f : board.sim.findings().list())
                found += row.finding && std::string{f.what}.find(row.finding) != std::string::npos;
            return found == (row.finding ? 1 : 0) && (row.finding || apic.messages.size() == 1);
        });
        CHECK(right);
    }
}

TEST_CASE("without MSI a function drives its pin and enabling takes the interrupt off it") {
    PciBoard board;
    Card card{board, "card", 3};
    card.function.add_msi(0x50);
    card.map(0xe0000000);
    LineLog pin{board.sim, board.board.line("pirqc")};  // device 3, INTA#
    board.run([&](Script& io) {
        card.function.interrupt(true);
        CHECK(pin.level());
        io.wait(1_us);
        card.function.bank.write(0x52, 2, 1);
        CHECK(!pin.level());
        card.function.bank.write(0x52, 2, 0);
        CHECK(pin.level());
        card.function.interrupt(false);
        CHECK(!pin.level());
    });
}

TEST_CASE("PIRQRC routes the pins to interrupts and the I/O APIC has them at inputs 16 to 19") {
    PciBoard board;
    board.plug("pci-isa-bridge", "isa_bridge");
    Card card{board, "card", 3}, other{board, "other", 7};  // both PIRQC#
    pci::Function* bridge = board.pci.find(1, 0);
    REQUIRE(bridge);
    LineLog irq5{board.sim, board.board.line("irq5")}, irq11{board.sim, board.board.line("irq11")},
        input{board.sim, board.board.line("irq18")}, wrong{board.sim, board.board.line("irq16")};
    board.run([&](Script&) {
        card.function.interrupt(true);
        CHECK(input.level());
        CHECK(!irq11.level());  // not routed after a reset
        bridge->bank.write(0x62, 1, 11);
        CHECK(irq11.level());
        bridge->bank.write(0x62, 1, 5);
        CHECK(!irq11.level());
        CHECK(irq5.level());
        other.function.interrupt(true);
        card.function.interrupt(false);
        CHECK(irq5.level());  // shared
        bridge->bank.write(0x62, 1, 8);  // reserved
        CHECK(!irq5.level());
        bridge->bank.write(0x62, 1, 0x85);
        CHECK(!irq5.level());
        bridge->bank.write(0x61, 1, 5);  // another line's
        CHECK(!irq5.level());
        other.function.interrupt(false);
        CHECK(!input.level());
    });
    CHECK(wrong.changes.empty());
}

TEST_CASE("without cycles a PCI master is on the system bus as any other") {
    TestBoard board;
    uint8_t* ram = board.add_memory(0, 0x10000);
    bus::Device device{{board.board, "card", no_config}};
    pci::Function function{device, board.pci, {3, 0}, {.vendor = 0x1234}};
    Time ended;
    pci::MasterPort port{function, "dma", [&](Result) { ended = board.sim.now(); }};
    board.run([&](Script& io) {
        std::fill_n(port.buffer(), 64, 0xab);
        port.request(true, 0x2000, 64);
        io.wait(10_us);
    });
    CHECK(ended == 30_ns * 17);
    CHECK(ram[0x203f] == 0xab);
}
