// SPDX-License-Identifier: Apache-2.0
//
// Guest instructions per second of host time, with timing and attribution on, for the benchmark
// guests (guest/programs/bench_*.cpp).
#include <benchmark/benchmark.h>

#include <chrono>

#include "sim/machine/machine.h"
#include "tests/support/isolated.h"

namespace {

using namespace sb;
using namespace sb::machine;

struct Measured {
    uint64_t instructions, cycles;
    double seconds;
};

Measured run_guest(const std::string& program, const std::string& iterations,
                   const std::string& cache) {
    return test::isolated([&] {
        const std::vector<std::string> sets{
            std::string("guest.program=") + SOUTHBRIDGE_BINARY_DIR "/guest/" + program + ".elf",
            "guest.parameters.iterations=" + iterations, "cpu.cache=" + cache,
            "run.time_limit=1000s"};
        Machine machine{make_plan(Scenario::parse("", "bench", sets)), {}};
        const auto start = std::chrono::steady_clock::now();
        machine.run();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        const Results results = machine.results();
        if (!results.success()) throw Error(program + ": " + results.outcome.text);
        return Measured{results.total.cpu.instructions, results.total.cpu.total(), took.count()};
    });
}

void guest(benchmark::State& state, const char* program, const char* iterations,
           const char* cache) {
    uint64_t instructions = 0, cycles = 0;
    for (auto _ : state) {
        const Measured m = run_guest(program, iterations, cache);
        state.SetIterationTime(m.seconds);
        instructions += m.instructions;
        cycles += m.cycles;
    }
    state.counters["instructions"] =
        benchmark::Counter(static_cast<double>(instructions), benchmark::Counter::kIsRate);
    state.counters["cycles"] =
        benchmark::Counter(static_cast<double>(cycles), benchmark::Counter::kIsRate);
}

#define GUEST(name, program, iterations, cache)                \
    BENCHMARK_CAPTURE(guest, name, program, iterations, cache) \
        ->UseManualTime()                                      \
        ->Iterations(3)                                        \
        ->Unit(benchmark::kMillisecond)
GUEST(integer, "bench_integer", "20000", "perfect");
GUEST(memory, "bench_memory", "20", "perfect");
GUEST(memory_uncached, "bench_memory", "20", "none");
GUEST(memory_cached, "bench_memory", "20", "model");
GUEST(integer_cached, "bench_integer", "20000", "model");
GUEST(calls_cached, "bench_calls", "3000", "model");
GUEST(calls, "bench_calls", "3000", "perfect");
GUEST(ports, "bench_ports", "100000", "perfect");

}  // namespace
