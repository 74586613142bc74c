// SPDX-License-Identifier: Apache-2.0
//
// Packets per second of processor time, by what is there: source and wire; an 8254x with its descriptors and DMA, with a
// PCI bus that is not timed and one that is; and the whole machine, whose driver and UDP sink take each packet. The
// differences are the parts' costs. All by the load: packets of 64 bytes at so many a second of simulated time.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <time.h>

#include "bus/pci_bus.h"
#include "sim/machine/machine.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

namespace {

using namespace sb;
using sb::test::Script;
using sb::test::TestBoard;

struct Measured {
    uint64_t packets = 0;
    double seconds = 0;
};

double processor_seconds() {
    timespec t{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

uint64_t counted(Simulation& sim, const std::string& component, const std::string& name) {
    for (const Component* one : sim.components())
        for (const Counter* counter : one->counters())
            if (one->path() == component && counter->name() == name) return counter->value();
    throw Error(component + " has no counter " + name);
}

void report(benchmark::State& state, const std::function<Measured()>& measure) {
    uint64_t packets = 0;
    for (auto _ : state) {
        const Measured m = test::isolated(measure);
        state.SetIterationTime(m.seconds);
        packets += m.packets;
    }
    state.counters["packets"] =
        benchmark::Counter(static_cast<double>(packets), benchmark::Counter::kIsRate);
    state.counters["us_a_packet"] = benchmark::Counter(
        static_cast<double>(packets) / 1e6,
        benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

TestBoard::Settings source(uint64_t rate, uint64_t packets) {
    return {{"wire", "lan"}, {"rate", std::to_string(rate)}, {"count", std::to_string(packets)}};
}

Time time_for(uint64_t packets, uint64_t rate) {
    return Time::us(packets * 1'000'000 / rate) + Time::ms(1);
}

constexpr uint64_t packets_of_a_run = 100'000;

void wire(benchmark::State& state) {
    const auto rate = static_cast<uint64_t>(state.range(0));
    report(state, [rate] {
        TestBoard board;
        board.plug("ethernet-wire", "lan");
        board.plug("traffic-source", "peer", {{"wire", "lan"}, {"pattern", "none"}});
        board.plug("traffic-source", "source", source(rate, packets_of_a_run));
        Measured m;
        board.run([&](Script& io) {
            const double start = processor_seconds();
            io.wait(time_for(packets_of_a_run, rate));
            m.seconds = processor_seconds() - start;
        });
        m.packets = counted(board.sim, "source", "sent");
        return m;
    });
}

// Of the 8254x: Intel, PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual, 13.4.
constexpr uint32_t nic_at = 0xe000'0000, rctl = nic_at + 0x100, rdbal = nic_at + 0x2800,
                   rdlen = nic_at + 0x2808, rdh = nic_at + 0x2810, rdt = nic_at + 0x2818;
constexpr uint32_t enable_and_promiscuous = 1u << 1 | 1u << 3 | 1u << 4 | 1u << 15;

/// Gives the controller all descriptors back every so often, whatever is in them.
Measured nic_alone(uint64_t rate, bool timed) {
    constexpr uint32_t ring = 0x10000, buffers = 0x100000, descriptors = 256;
    TestBoard board;
    if (timed) board.pci.time({});
    uint8_t* memory = board.add_memory(0, 4 << 20);
    for (uint32_t i = 0; i < descriptors; ++i) {
        const uint64_t buffer = buffers + i * 2048;
        std::memcpy(memory + ring + i * 16, &buffer, sizeof buffer);
    }
    board.plug("ethernet-wire", "lan");
    board.plug("intel-8254x", "nic", {{"wire", "lan"}});
    board.plug("traffic-source", "source", source(rate, packets_of_a_run));
    pci::Function& function = *board.pci.functions().front();
    Measured m;
    board.run([&](Script& io) {
        function.bank.write(0x10, 4, nic_at);
        function.bank.write(0x04, 2, 6);  // memory, bus master
        io.write32(nic_at, 1u << 6);  // CTRL.SLU: the link comes up
        io.write32(rdbal, ring);
        io.write32(rdlen, descriptors * 16);
        io.write32(rdt, descriptors - 1);
        io.write32(rctl, enable_and_promiscuous);
        const double start = processor_seconds();
        const Time end = io.time() + time_for(packets_of_a_run, rate);
        while (io.time() < end) {
            io.wait(Time::us(100'000'000 / rate / 2));  // at half of the ring or less
            io.write32(rdt, (io.read32(rdh) + descriptors - 1) % descriptors);
        }
        m.seconds = processor_seconds() - start;
    });
    m.packets = counted(board.sim, "nic", "received");
    return m;
}

void nic(benchmark::State& state) {
    const auto rate = static_cast<uint64_t>(state.range(0));
    report(state, [rate] { return nic_alone(rate, false); });
}

void nic_and_pci(benchmark::State& state) {
    const auto rate = static_cast<uint64_t>(state.range(0));
    report(state, [rate] { return nic_alone(rate, true); });
}

/// A processor that keeps up with any of the loads.
void machine(benchmark::State& state, const char* service) {
    const auto rate = static_cast<uint64_t>(state.range(0));
    report(state, [rate, service] {
        const std::string text = fmt::format(R"(
[run]
time_limit = "100s"
[cpu]
model = "p6"
clock = "2GHz"
[pci_bus]
clock = "66MHz"
[memory]
size = "16MiB"
[wire]
device = "ethernet-wire"
[nic]
device = "intel-8254x"
wire = "wire"
mac = "52:54:00:12:34:56"
[traffic]
device = "traffic-source"
wire = "wire"
rate = "{}"
count = {}
start = "1ms"
[guest]
program = "{}/guest/network.elf"
[guest.parameters]
service = "{}"
itr = 400
backlog = 0
packets = {}
)",
                                             rate, packets_of_a_run, SOUTHBRIDGE_BINARY_DIR, service,
                                             packets_of_a_run);
        machine::Machine made{machine::make_plan(machine::Scenario::parse(text, "bench")), {}};
        Measured m;
        const double start = processor_seconds();
        made.run();
        m.seconds = processor_seconds() - start;
        const machine::Results results = made.results();
        if (!results.success()) throw Error(results.outcome.text);
        m.packets = packets_of_a_run;
        return m;
    });
}

void loads(benchmark::internal::Benchmark* made) {
    made->ArgName("packets_per_second");
    for (const int64_t rate : {10'000, 50'000, 200'000}) made->Arg(rate);
    made->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);
}
BENCHMARK(wire)->Name("network_wire")->Apply(loads);
BENCHMARK(nic)->Name("network_nic")->Apply(loads);
BENCHMARK(nic_and_pci)->Name("network_nic_pci")->Apply(loads);
BENCHMARK_CAPTURE(machine, interrupt, "interrupt")->Name("network_machine/interrupt")->Apply(loads);
BENCHMARK_CAPTURE(machine, moderated, "static")->Name("network_machine/moderated")->Apply(loads);
BENCHMARK_CAPTURE(machine, napi, "napi")->Name("network_machine/napi")->Apply(loads);
BENCHMARK_CAPTURE(machine, poll, "poll")->Name("network_machine/poll")->Apply(loads);

}  // namespace
