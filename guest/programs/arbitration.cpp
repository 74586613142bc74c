// SPDX-License-Identifier: Apache-2.0
//
// Several DMA engines copy at the same time, each its own buffers, and the processor works on
// memory as well. After a fixed time, who has had how much of the bus? That is the arbiter's
// decision (bus.arbitration). The wait of each master is in the report's table of the bus.
//
//   engines=3          microseconds=1000    how long
//   kib=512            at most for each engine: has to outlast the time
//   piece=256          bytes of a descriptor
//   processor=1        0: the processor only looks at the clock
#include "programs/dma_options.h"
#include "programs/pattern.h"
#include "runtime/arithmetic.h"
#include "runtime/clock.h"
#include "runtime/exit.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

constexpr uint32_t kMostEngines = 4;
constexpr uint32_t kWordsOfTurn = 256;  // That the processor works on between two looks.

constexpr const char* kBytesMetrics[kMostEngines] = {"bytes_engine_0", "bytes_engine_1",
                                                     "bytes_engine_2", "bytes_engine_3"};

struct Worker {
    AxiCdma engine;
    DescriptorChain chain;
    uint8_t* source;
    uint8_t* target;

    Worker(uint32_t number, uint32_t pieces, uint32_t piece)
        : chain(pieces),
          source(static_cast<uint8_t*>(allocate_pages(piece))),
          target(static_cast<uint8_t*>(allocate_pages(piece))) {
        open_engine(engine, number, AxiCdma::Completion::kPolling);
        Pattern(number).fill(source, piece);
        memset(target, 0, piece);
        for (uint32_t i = 0; i < pieces; ++i) {
            chain.append(physical_address(target), physical_address(source), piece);
        }
    }
};

// Returns how many words it has read and written.
uint32_t work_until(const clock::Stopwatch& stopwatch, uint32_t counts, bool works,
                    std::span<uint32_t> words) {
    uint32_t done = 0;
    while (stopwatch.counts() < counts) {
        if (!works) continue;
        for (uint32_t& word : words) {
            word += 1;
            asm volatile("" : : "m"(word));
        }
        done += words.size();
    }
    return done;
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"engines", "microseconds", "kib", "piece", "processor"});
    const uint32_t engines = options.number("engines", 3, 1, kMostEngines);
    const uint32_t microseconds = options.number("microseconds", 1000, 10, 50'000);
    const uint32_t piece = options.number("piece", 256, 4, 65536) & ~3;
    const uint32_t kib = options.number("kib", 512, 1, 65536);
    const uint32_t pieces = kib * 1024 / piece;
    const bool works = options.number("processor", 1, 0, 1) != 0;
    const uint32_t counts = static_cast<uint32_t>(
        divide(uint64_t{microseconds} * clock::kCounterHz, 1'000'000).quotient);

    Worker* workers[kMostEngines];
    const std::span<uint32_t> words = allocate_array<uint32_t>(kWordsOfTurn);
    {
        PhaseScope phase("setup");
        for (uint32_t i = 0; i < engines; ++i) {
            workers[i] = new (allocate(sizeof(Worker))) Worker(i, pieces, piece);
        }
        memset(words.data(), 0, words.size_bytes());
    }

    // Where each engine is in its chain, when all have started and when the time is over.
    uint32_t begin[kMostEngines];
    uint32_t end[kMostEngines];
    uint32_t processor_words;
    {
        PhaseScope phase("contention");
        for (uint32_t i = 0; i < engines; ++i) {
            require(workers[i]->engine.start(workers[i]->chain), workers[i]->engine, "start");
        }
        for (uint32_t i = 0; i < engines; ++i) begin[i] = workers[i]->engine.position();
        const clock::Stopwatch stopwatch;
        processor_words = work_until(stopwatch, counts, works, words);
        for (uint32_t i = 0; i < engines; ++i) end[i] = workers[i]->engine.position();
        report_work(8 * processor_words);
    }

    // At once: whatever an engine copies from here on is in the bus's table, and not in the
    // figures.
    for (uint32_t i = 0; i < engines; ++i) {
        // With fixed priority and the processor after the engines, it sees its clock only when they
        // are done, however much they have to copy.
        if (!workers[i]->engine.is_busy()) {
            fail(
                "engine {} was done with guest.parameters.kib={} before the processor saw {} us "
                "over: raise it, or let the processor have the bus (bus.processor_priority=0)",
                i, kib, microseconds);
        }
        workers[i]->engine.stop();
    }

    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    print("{10} {12}\n", "master", "bytes");
    for (uint32_t i = 0; i < engines; ++i) {
        const Worker& worker = *workers[i];
        const uint32_t bytes = (end[i] - begin[i]) * piece;
        if (worker.chain.completed() != 0)
            Pattern(i).require(worker.target, piece, "what an engine copied");
        report_metric(kBytesMetrics[i], bytes);
        print("engine {3} {12}\n", i, bytes);
        if (bytes < least) least = bytes;
        if (bytes > most) most = bytes;
    }
    const uint32_t turns = processor_words / kWordsOfTurn;
    for (const uint32_t word : words) {
        if (word != turns) fail("the processor's memory is wrong: {}", word);
    }
    print("{10} {12}\n", "processor", 8 * processor_words);

    if (most == 0) fail("no engine has copied anything");
    const uint32_t fairness =
        static_cast<uint32_t>(divide(uint64_t{least} * 10'000, most).quotient);
    report_metric("bytes_processor", 8 * processor_words);
    report_metric("least_of_most_percent_x100", fairness);
    print("the least is {}.{02}% of the most\n", fairness / 100, fairness % 100);
    return exit_code::kSuccess;
}

}  // namespace guest
