// SPDX-License-Identifier: Apache-2.0
//
// Events per second of host time: a probe that nobody listens to, and each exporter, with the mix
// of events that a disk driver makes (register accesses by polling, and a burst now and then).
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

#include "sim/observe/csv.h"
#include "sim/observe/ordered.h"
#include "sim/observe/perfetto.h"
#include "sim/observe/vcd.h"

namespace {

using namespace sb;
using observe::Kind;

std::string output() {
    const char* folder = std::getenv("SOUTHBRIDGE_BENCH_FOLDER");
    return (std::filesystem::path{folder ? folder : "."} / "trace_bench.out").string();
}

/// What a machine emits.
struct Model {
    observe::Stream stream;
    observe::Probe port{stream, "processor_port"};
    observe::Probe device{stream, "ide"};
    observe::Probe line{stream, "irq14"};
    observe::Probe cpu{stream, "cpu"};
    uint64_t status = stream.intern("STATUS");
    uint64_t command = stream.intern("COMMAND");
    Time now;

    /// Ten events.
    void round(uint64_t n) {
        for (int i = 0; i < 4; ++i) {
            now += Time::ns(60);
            device.emit(now, Kind::register_read, status, 0x50 + (n & 1));
            port.emit(now, Kind::access, 0x1f7, 1, 120'000, 2, 0x50 + (n & 1), 60'000);
            now += Time::ns(180);
        }
        device.emit(now, Kind::burst, 0x100000 + n % 4096 * 64, 64, 600'000, 1, n, 0);
        now += Time::us(1);
        line.emit(now, Kind::line, n & 1);
    }
};
constexpr uint64_t events_per_round = 10;
constexpr uint64_t rounds = 200'000;

template <typename Attach>
void measure(benchmark::State& state, Attach&& attach) {
    uint64_t events = 0;
    for (auto _ : state) {
        state.PauseTiming();
        auto model = std::make_unique<Model>();
        state.ResumeTiming();
        const auto finish = attach(*model);
        for (uint64_t n = 0; n < rounds; ++n) model->round(n);
        finish();
        events += rounds * events_per_round;
    }
    state.counters["events"] =
        benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate);
    std::error_code ignored;
    if (!std::filesystem::exists(output(), ignored)) return;
    state.counters["bytes_per_event"] =
        static_cast<double>(std::filesystem::file_size(output(), ignored)) /
        static_cast<double>(rounds * events_per_round);
    std::filesystem::remove(output(), ignored);
}

void trace_off(benchmark::State& state) {
    measure(state, [](Model& model) { return [&model] { benchmark::DoNotOptimize(model.now); }; });
}
BENCHMARK(trace_off)->Unit(benchmark::kMillisecond);

void trace_csv(benchmark::State& state) {
    measure(state, [](Model& model) {
        auto writer = std::make_shared<observe::CsvWriter>(output());
        model.stream.attach(*writer, observe::KindSet{}.set());
        return [writer] { writer->close(); };
    });
}
BENCHMARK(trace_csv)->Unit(benchmark::kMillisecond);

template <typename Writer>
void trace_drawn(benchmark::State& state) {
    measure(state, [](Model& model) {
        auto writer =
            std::make_shared<Writer>(output(), observe::TraceSetup{}, Time{}, Time::max());
        auto ordered = std::make_shared<observe::Ordered>(*writer);
        model.stream.attach(*ordered, observe::KindSet{}.set());
        return [&model, writer, ordered] {
            ordered->finish(model.stream);
            writer->close(model.now);
        };
    });
}
BENCHMARK_TEMPLATE(trace_drawn, observe::VcdWriter)->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(trace_drawn, observe::PerfettoWriter)->Unit(benchmark::kMillisecond);

}  // namespace
