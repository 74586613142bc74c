// SPDX-License-Identifier: Apache-2.0
//
// Timer events per second of host time, and how that changes with the number of armed timers.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>

#include "sim/kernel/component.h"
#include "tests/support/isolated.h"

namespace {

using namespace sb;

struct Ticker : Component {
    Ticker(Simulation& sim, const std::string& name, Time period)
        : Component{sim, name}, period{period} {
        timer.arm_after(period);
    }
    Time period;
    Timer timer{*this, "timer", [this] { timer.arm_after(period); }};
};

struct Measured {
    uint64_t events;
    double seconds;
};

/// SystemC makes one simulation per process, so each measurement is a process of its own.
Measured timers(unsigned count) {
    return test::isolated([count] {
        Simulation sim;
        std::vector<std::unique_ptr<Ticker>> tickers;
        for (unsigned i = 0; i < count; ++i)
            tickers.push_back(std::make_unique<Ticker>(sim, "ticker" + std::to_string(i),
                                                       Time::ns(1000 + 7 * i)));
        const auto start = std::chrono::steady_clock::now();
        sim.run(Time::us(1'000'000 / count));
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        return Measured{sim.timer_calls(), took.count()};
    });
}

void timer_events(benchmark::State& state) {
    uint64_t events = 0;
    for (auto _ : state) {
        const Measured m = timers(static_cast<unsigned>(state.range(0)));
        state.SetIterationTime(m.seconds);
        events += m.events;
    }
    state.counters["events"] =
        benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
}
BENCHMARK(timer_events)
    ->Arg(1)
    ->Arg(10)
    ->Arg(100)
    ->UseManualTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

}  // namespace
