// SPDX-License-Identifier: Apache-2.0
//
// Buses on a waveform, by hand-made transactions.
#include <catch2/catch.hpp>

#include "sim/observe/ordered.h"
#include "sim/observe/vcd.h"
#include "tests/app/process.h"
#include "tests/observe/wave.h"

using namespace sb;
using namespace sb::observe;
using namespace sb::literals;

namespace {

uint64_t ns(uint64_t n) { return n * 1000; }
constexpr auto command = [](Command c) { return static_cast<uint64_t>(c); };

struct Row {
    uint64_t at;
    const char* signal;
    const char* value;
};

void check(const test::Wave& wave, const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        INFO(row.signal << " at " << row.at << " ns");
        CHECK(wave.at(row.signal, ns(row.at)) == row.value);
    }
}

}  // namespace

TEST_CASE("a burst that makes the processor wait") {
    const test::TempFolder folder;
    Stream stream;
    Probe port{stream, "processor_port"}, ide{stream, "ide"}, bus{stream, "bus"};
    VcdWriter writer{folder.path("wave.vcd"), {}, {}, Time::max()};
    Ordered ordered{writer};
    stream.attach(ordered, KindSet{}.set());

    port.emit(10_ns, Kind::access, 0x1f7, 1, (90_ns).ps(), command(Command::port_read), 0x58,
              (60_ns).ps());
    ide.emit(40_ns, Kind::bus_request, 0x1000, 64, command(Command::memory_write));
    ide.emit(100_ns, Kind::burst, 0x1000, 64, (600_ns).ps(), command(Command::memory_write),
             0xdeadbeef, 0);
    // The processor waits from 150 ns on; that is known when its wait ends.
    port.emit(720_ns, Kind::bus_wait, (570_ns).ps());
    bus.emit(700_ns, Kind::turnaround, (20_ns).ps());
    port.emit(720_ns, Kind::access, 0x2000, 4, (60_ns).ps(), command(Command::memory_read), 5, 0);
    ordered.finish(stream);
    writer.close(1_us);
    const test::Wave wave{folder.path("wave.vcd"), folder.path("wave.fst")};
    check(wave, {{0, "system_bus.owner", "idle"},
                 {10, "system_bus.owner", "processor_port"},
                 {10, "system_bus.command", "port-read"},
                 {39, "system_bus.wait", "0"},
                 {40, "system_bus.wait", "1"},
                 {99, "system_bus.wait", "1"},
                 {100, "system_bus.wait", "0"},
                 {39, "system_bus.request.ide", "0"},
                 {40, "system_bus.request.ide", "1"},
                 {99, "system_bus.request.ide", "1"},
                 {100, "system_bus.request.ide", "0"},
                 {99, "system_bus.grant.ide", "0"},
                 {100, "system_bus.grant.ide", "1"},
                 {100, "system_bus.grant.processor_port", "0"},
                 {100, "system_bus.owner", "ide"},
                 {100, "system_bus.command", "memory-write"},
                 {149, "cpu.state", "executing"},
                 {150, "cpu.state", "stalled"},
                 {150, "system_bus.request.processor_port", "1"},
                 {700, "system_bus.grant.ide", "0"},
                 {700, "system_bus.owner", "turnaround"},
                 {700, "system_bus.address", "z"},
                 {719, "system_bus.request.processor_port", "1"},
                 {720, "system_bus.request.processor_port", "0"},
                 {720, "system_bus.owner", "processor_port"},
                 {779, "cpu.state", "stalled"},
                 {780, "cpu.state", "executing"},
                 {780, "system_bus.owner", "idle"},
                 {780, "system_bus.data", "z"}});
    CHECK(wave.number("system_bus.address", ns(10)) == 0x1f7);
    CHECK(wave.number("system_bus.data", ns(99)) == 0x58);
    CHECK(wave.number("system_bus.address", ns(699)) == 0x1000);
    CHECK(wave.number("system_bus.data", ns(100)) == 0xdeadbeef);
    // A high half is there only where it was needed.
    CHECK_FALSE(wave.has("southbridge.system_bus.address_high"));
    // Owner changes: idle, processor, ide, turnaround, processor, idle.
    CHECK(wave.changes("system_bus.owner") == 6);
}

TEST_CASE("addresses of more than 32 bits have a high half") {
    const test::TempFolder folder;
    Stream stream;
    Probe dma{stream, "dma"};
    VcdWriter writer{folder.path("wave.vcd"), {}, {}, Time::max()};
    stream.attach(writer, KindSet{}.set());
    dma.emit(10_ns, Kind::burst, 0x1000, 8, (50_ns).ps(), 1, 1, 0);
    dma.emit(100_ns, Kind::burst, 0x1'8000'0000, 8, (50_ns).ps(), 1, 0x2'0000'0001, 0);
    writer.close(1_us);
    const test::Wave wave{folder.path("wave.vcd"), folder.path("wave.fst")};
    CHECK(wave.number("system_bus.address", ns(100)) == 0x8000'0000);
    CHECK(wave.number("system_bus.address_high", ns(100)) == 1);
    CHECK(wave.number("system_bus.data_high", ns(100)) == 2);
    CHECK(wave.at("system_bus.address_high", ns(150)) == "z");
}

TEST_CASE("a tenure that is abandoned ends then and the next one stands") {
    const test::TempFolder folder;
    Stream stream;
    Probe dma{stream, "dma"}, port{stream, "processor_port"};
    VcdWriter writer{folder.path("wave.vcd"), {}, {}, Time::max()};
    stream.attach(writer, KindSet{}.set());
    dma.emit(100_ns, Kind::bus_lock, 1);
    dma.emit(100_ns, Kind::burst, 0x1000, 4, (60_ns).ps(), 1, 1, 0);
    dma.emit(130_ns, Kind::abandon, 0x1000, 4, (30_ns).ps());
    port.emit(130_ns, Kind::access, 0x2000, 4, (20_ns).ps(), 0, 1, 0);
    dma.emit(150_ns, Kind::burst, 0x1000, 4, (60_ns).ps(), 1, 1, 0);
    dma.emit(210_ns, Kind::bus_lock, 0);
    writer.close(1_us);
    const test::Wave wave{folder.path("wave.vcd"), folder.path("wave.fst")};
    check(wave, {{129, "system_bus.grant.dma", "1"},
                 {130, "system_bus.grant.dma", "0"},
                 {130, "system_bus.owner", "processor_port"},
                 {150, "system_bus.grant.dma", "1"},
                 // the first one would have ended here
                 {160, "system_bus.grant.dma", "1"},
                 {160, "system_bus.owner", "dma"},
                 {210, "system_bus.owner", "idle"},
                 {100, "system_bus.lock", "1"},
                 {210, "system_bus.lock", "0"}});
}

TEST_CASE("a PCI read by its clocks") {
    // At 30 ns a clock: the address phase, a turnaround, 2 clocks of latency, 3 data phases with
    // 1 wait state, an idle clock. FRAME# rises with the last data phase (PCI 2.2, 3.3.1).
    const test::TempFolder folder;
    Stream stream;
    Probe nic{stream, "nic"};
    VcdWriter writer{folder.path("wave.vcd"), {}, {}, Time::max()};
    stream.attach(writer, KindSet{}.set());
    nic.emit(300_ns, Kind::pci, 0xabcd00, 12, (270_ns).ps(), command(Command::memory_read_line),
             0x1234, stream.intern("completed"));
    nic.emit(300_ns, Kind::pci_phases, 3, 1, 2, 3, 1, 1);
    writer.close(1_us);
    const test::Wave wave{folder.path("wave.vcd"), folder.path("wave.fst")};
    check(wave, {{299, "pci.frame_n", "1"},
                 {300, "pci.frame_n", "0"},
                 {509, "pci.frame_n", "0"},
                 {510, "pci.frame_n", "1"},
                 {329, "pci.irdy_n", "1"},
                 {330, "pci.irdy_n", "0"},
                 {539, "pci.irdy_n", "0"},
                 {540, "pci.irdy_n", "1"},
                 {359, "pci.devsel_n", "1"},
                 {360, "pci.devsel_n", "0"},
                 {540, "pci.devsel_n", "1"},
                 {419, "pci.trdy_n", "1"},
                 {420, "pci.trdy_n", "0"},
                 {450, "pci.trdy_n", "1"},
                 {480, "pci.trdy_n", "0"},
                 {540, "pci.trdy_n", "1"},
                 {330, "pci.ad", "z"},
                 {540, "pci.ad", "z"},
                 {300, "pci.command", "memory-read-line"},
                 {300, "pci.initiator", "nic"},
                 {300, "pci.grant.nic", "1"},
                 {570, "pci.grant.nic", "0"},
                 {570, "pci.initiator", "idle"},
                 {300, "pci.ended_by", "completed"},
                 {569, "pci.ended_by", "completed"},
                 {570, "pci.ended_by", " "}});
    CHECK(wave.number("pci.ad", ns(300)) == 0xabcd00);
    CHECK(wave.number("pci.ad", ns(420)) == 0x1234);
    CHECK(wave.number("pci.cbe_n", ns(300)) == 0xe);  // memory read line: 1110
    CHECK(wave.number("pci.cbe_n", ns(330)) == 0);
}
