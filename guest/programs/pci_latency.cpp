// SPDX-License-Identifier: Apache-2.0
//
// What PCI's latency timer trades. Two bus masters, and for each value of their latency timers:
// first both copy a lot at the same time (throughput), then one of them copies a little over and
// over while the other one streams (latency).
//
//   kib=64           that each copies for the throughput
//   small=64         bytes of a little copy          copies=16    how many of them
#include "programs/dma_options.h"
#include "programs/pattern.h"
#include "runtime/arithmetic.h"
#include "runtime/clock.h"
#include "runtime/exit.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

constexpr uint32_t kPiece = 4096;
constexpr uint32_t kStreamPieces = 512;  // Of the streaming engine, while the other one copies.

struct Setting {
    uint8_t timer;  // In PCI clocks.
    const char* phase;
    const char* throughput_metric;
    const char* latency_metric;
};
constexpr Setting kSettings[] = {
    {0, "timer_0", "bytes_per_second_0", "ns_latency_0"},
    {8, "timer_8", "bytes_per_second_8", "ns_latency_8"},
    {16, "timer_16", "bytes_per_second_16", "ns_latency_16"},
    {32, "timer_32", "bytes_per_second_32", "ns_latency_32"},
    {64, "timer_64", "bytes_per_second_64", "ns_latency_64"},
    {128, "timer_128", "bytes_per_second_128", "ns_latency_128"},
    {248, "timer_248", "bytes_per_second_248", "ns_latency_248"},
};

struct Master {
    AxiCdma engine;
    DescriptorChain chain;
    uint8_t* source;
    uint8_t* target;

    explicit Master(uint32_t number)
        : chain(kStreamPieces),
          source(static_cast<uint8_t*>(allocate_pages(kPiece))),
          target(static_cast<uint8_t*>(allocate_pages(kPiece))) {
        open_engine(engine, number, AxiCdma::Completion::kPolling);
        Pattern(number).fill(source, kPiece);
        memset(target, 0, kPiece);
    }

    void start_pieces(uint32_t pieces) {
        chain.clear();
        for (uint32_t i = 0; i < pieces; ++i) {
            chain.append(physical_address(target), physical_address(source), kPiece);
        }
        require(engine.start(chain), engine, "start");
    }
};

// Both at once, until both are done.
uint32_t time_of_both(Master& first, Master& second, uint32_t pieces) {
    const clock::Stopwatch stopwatch;
    first.start_pieces(pieces);
    second.start_pieces(pieces);
    require(first.engine.wait(), first.engine, "first engine");
    require(second.engine.wait(), second.engine, "second engine");
    return stopwatch.counts();
}

// Little copies of one while the other one streams.
uint32_t time_of_small(Master& streaming, Master& small, uint32_t bytes, uint32_t copies) {
    streaming.start_pieces(kStreamPieces);
    const clock::Stopwatch stopwatch;
    for (uint32_t i = 0; i < copies; ++i) {
        require(small.engine.start(physical_address(small.target), physical_address(small.source),
                                   bytes),
                small.engine, "start of a little copy");
        require(small.engine.wait(), small.engine, "little copy");
    }
    const uint32_t counts = stopwatch.counts();
    if (!streaming.engine.is_busy()) fail("the stream was over before the copies: lower copies");
    streaming.engine.stop();
    return counts;
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"kib", "small", "copies"});
    const uint32_t pieces = options.number("kib", 64, 4, 2048) * 1024 / kPiece;
    const uint32_t small = options.number("small", 64, 4, kPiece) & ~3;
    const uint32_t copies = options.number("copies", 16, 1, 1000);

    Master first(0);
    Master second(1);
    print("{14} {16} {14}\n", "latency timer", "bytes/s", "ns for a copy");
    for (const Setting& setting : kSettings) {
        for (const Master* master : {&first, &second}) {
            master->engine.function().write8(pci::header::kLatencyTimer, setting.timer);
        }
        uint32_t both;
        uint32_t little;
        {
            PhaseScope phase(setting.phase);
            both = time_of_both(first, second, pieces);
            report_work(uint64_t{2} * pieces * kPiece);
        }
        {
            PhaseScope phase("latency");
            little = time_of_small(first, second, small, copies);
        }
        const uint64_t throughput =
            divide(uint64_t{2} * pieces * kPiece * clock::kCounterHz, both).quotient;
        const uint64_t latency = divide(clock::nanoseconds(little), copies).quotient;
        report_metric(setting.throughput_metric, throughput);
        report_metric(setting.latency_metric, latency);
        print("{14} {16} {14}\n", setting.timer, throughput, latency);
    }
    Pattern(0).require(first.target, kPiece, "what the first engine copied");
    Pattern(1).require(second.target, kPiece, "what the second engine copied");
    return exit_code::kSuccess;
}

}  // namespace guest
