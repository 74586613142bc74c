// SPDX-License-Identifier: Apache-2.0
//
// Register accesses per second of host time: through the sockets, the bus, and a declared register,
// and bursts of a bus master.
#include <benchmark/benchmark.h>

#include <chrono>

#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

namespace {

using namespace sb;
using sb::test::Script;
using sb::test::TestBoard;

class Scratch final : public bus::Device {
  public:
    explicit Scratch(const bus::DeviceContext& context) : Device{context} {
        context.board.ports.map(0x300, 4, context.board.ports.attach(bank_.socket()), "scratch");
    }

  private:
    bus::RegisterBank bank_{*this, {.name = "registers", .size = 4, .access_time = Time::ns(120)}};
    bus::Register plain_{bank_, {.name = "PLAIN", .offset = 0, .bits = 8, .doc = "stored"}};
    bus::Register hooked_{bank_,
                          {.name = "HOOKED", .offset = 1, .bits = 8, .doc = "computed"},
                          {.read = [] { return uint64_t{7}; }}};
};

const bus::DeviceModel scratch{
    "bench-scratch", "registers to be read", "none", {}, [](const bus::DeviceContext& c) {
        return std::make_unique<Scratch>(c);
    }};
SOUTHBRIDGE_DEVICE(scratch)

struct Measured {
    uint64_t count;
    double seconds;
};

template <typename F>
double seconds_of(F&& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void report(benchmark::State& state, const std::function<Measured()>& measure) {
    uint64_t count = 0;
    for (auto _ : state) {
        const Measured m = test::isolated(measure);
        state.SetIterationTime(m.seconds);
        count += m.count;
    }
    state.counters["rate"] =
        benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsRate);
}

void register_reads(benchmark::State& state) {
    const auto port = static_cast<uint16_t>(0x300 + state.range(0));
    report(state, [port] {
        constexpr uint64_t accesses = 2'000'000;
        TestBoard board;
        board.plug("bench-scratch", "scratch");
        double seconds = 0;
        board.run([&](Script& io) {
            seconds = seconds_of([&] {
                for (uint64_t i = 0; i < accesses; ++i) benchmark::DoNotOptimize(io.in8(port));
            });
        });
        return Measured{accesses, seconds};
    });
}
BENCHMARK(register_reads)
    ->ArgName("hooked")
    ->Arg(0)
    ->Arg(1)
    ->UseManualTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

struct Dma : Component {
    Dma(TestBoard& board, uint64_t bursts)
        : Component{board.sim, "dma"}, left{bursts}, port{*this,
                                                          board.bus,
                                                          board.stream,
                                                          "port",
                                                          1,
                                                          [this](auto) { next(); }} {}
    void next() {
        if (left-- > 0) port.request(true, 0x1000, 64);
    }
    uint64_t left;
    bus::MasterPort port;
};

void bursts_of_64_bytes(benchmark::State& state) {
    report(state, [] {
        constexpr uint64_t bursts = 500'000;
        TestBoard board;
        board.add_memory(0, 1 << 20);
        Dma dma{board, bursts};
        double seconds = 0;
        board.run([&](Script& io) {
            dma.next();
            seconds = seconds_of([&] { io.wait(Time::s(1)); });
        });
        return Measured{bursts, seconds};
    });
}
BENCHMARK(bursts_of_64_bytes)->UseManualTime()->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
