// SPDX-License-Identifier: Apache-2.0
//
// Bytes that bus masters move per second of processor time, by how many of them compete: on the
// system bus, and on a PCI bus that is timed, or not. Each keeps a burst under way all the time.
#include <benchmark/benchmark.h>
#include <time.h>

#include <memory>
#include <vector>

#include "bus/pci_bus.h"
#include "bus/pci_master.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

namespace {

using namespace sb;
using sb::test::Script;
using sb::test::TestBoard;

constexpr uint32_t burst = 64;
constexpr uint64_t all_bursts = 240'000;

struct SystemMaster : Component {
    SystemMaster(TestBoard& board, const std::string& name, uint64_t bursts)
        : Component{board.sim, name.c_str()}, left{bursts}, port{*this,
                                                                 board.bus,
                                                                 board.stream,
                                                                 "port",
                                                                 1,
                                                                 [this](auto) { next(); }} {}
    void next() {
        if (left == 0) return;
        --left;
        port.request(true, 0x1000, burst);
    }
    uint64_t left;
    bus::MasterPort port;
};

class PciMaster final : public bus::Device {
  public:
    explicit PciMaster(const bus::DeviceContext& context)
        : Device{context},
          function_{*this,
                    pci::bus_of(context),
                    {static_cast<uint8_t>(context.config.integer("slot")), 0},
                    {.vendor = 0x8086, .device = 1, .class_code = 0xff0000}},
          port_{function_, "port", [this](auto) { next(); }} {
        masters.push_back(this);
    }
    void start(uint64_t bursts, bool write) {
        function_.bus_master_enable = 1;
        function_.latency_timer = 64;
        left_ = bursts;
        write_ = write;
        next();
    }
    void next() {
        if (left_ == 0) return;
        --left_;
        port_.request(write_, 0x1000, burst);
    }
    static inline std::vector<PciMaster*> masters;

  private:
    pci::Function function_;
    pci::MasterPort port_;
    uint64_t left_ = 0;
    bool write_ = false;
};

const bus::DeviceModel pci_master{
    "bench-pci-master",
    "a master that always wants the bus",
    "none",
    {{"slot", ValueType::integer, "8", "its device number"}},
    [](const bus::DeviceContext& c) { return std::make_unique<PciMaster>(c); }};
SOUTHBRIDGE_DEVICE(pci_master)

/// Of processor time: the machine may have other work.
double seconds_of(Script& io) {
    const auto now = [] {
        timespec t{};
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
    };
    const double start = now();
    io.wait(Time::s(1));
    return now() - start;
}

void report(benchmark::State& state, const std::function<double()>& measure) {
    for (auto _ : state) state.SetIterationTime(test::isolated(measure));
    const auto bursts = static_cast<double>(all_bursts * static_cast<uint64_t>(state.iterations()));
    state.counters["bursts"] = benchmark::Counter(bursts, benchmark::Counter::kIsRate);
    state.counters["bytes"] = benchmark::Counter(bursts * burst, benchmark::Counter::kIsRate);
}

void system_bus_masters(benchmark::State& state) {
    const auto count = static_cast<uint64_t>(state.range(0));
    report(state, [count] {
        TestBoard board;
        board.add_memory(0, 1 << 20);
        std::vector<std::unique_ptr<SystemMaster>> masters;
        for (uint64_t i = 0; i < count; ++i)
            masters.push_back(std::make_unique<SystemMaster>(board, "dma" + std::to_string(i),
                                                             all_bursts / count));
        double seconds = 0;
        board.run([&](Script& io) {
            for (auto& master : masters) master->next();
            seconds = seconds_of(io);
        });
        return seconds;
    });
}
BENCHMARK(system_bus_masters)
    ->ArgName("masters")
    ->RangeMultiplier(2)
    ->Range(1, 8)
    ->UseManualTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

void pci_masters(benchmark::State& state) {
    const auto count = static_cast<uint64_t>(state.range(0));
    const bool write = state.range(1) != 0, timed = state.range(2) != 0;
    report(state, [=] {
        TestBoard board;
        if (timed) board.pci.time({});
        board.add_memory(0, 1 << 20);
        for (uint64_t i = 0; i < count; ++i)
            board.plug("bench-pci-master", "master" + std::to_string(i),
                       {{"slot", std::to_string(8 + i)}});
        double seconds = 0;
        board.run([&](Script& io) {
            for (PciMaster* master : PciMaster::masters) master->start(all_bursts / count, write);
            seconds = seconds_of(io);
        });
        return seconds;
    });
}
BENCHMARK(pci_masters)
    ->ArgNames({"masters", "write", "timed"})
    ->ArgsProduct({{1, 2, 4, 8}, {0, 1}, {0, 1}})
    ->UseManualTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

}  // namespace
