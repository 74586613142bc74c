// SPDX-License-Identifier: Apache-2.0
//
// A loop of the processor that works on memory, first alone and then while a DMA engine copies as
// fast as it gets the bus: how much the loop is slowed, and how much is copied meanwhile. How the
// two share the bus is the machine's matter (bus.dma_mode, bus.arbitration).
//
//   words=2048       32-bit words that the loop works on      rounds=4    how often
//   dma_kib=2048     at most to copy: has to outlast the loop
//   piece=1024       bytes of a descriptor
#include "programs/dma_options.h"
#include "programs/pattern.h"
#include "runtime/arithmetic.h"
#include "runtime/clock.h"
#include "runtime/exit.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

constexpr uint32_t kSeed = 1;

// A read and a write of each word: with no cache, two accesses of the bus.
void work(std::span<uint32_t> words, uint32_t rounds) {
    for (uint32_t round = 0; round < rounds; ++round) {
        for (uint32_t& word : words) {
            word += round;
            asm volatile("" : : "m"(word));  // The rounds stay rounds.
        }
    }
}

uint32_t timed_work(const char* name, std::span<uint32_t> words, uint32_t rounds) {
    PhaseScope phase(name);
    const clock::Stopwatch stopwatch;
    work(words, rounds);
    report_work(uint64_t{words.size_bytes()} * rounds * 2);
    return stopwatch.counts();
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"words", "rounds", "dma_kib", "piece"});
    const uint32_t count = options.number("words", 2048, 1, 1u << 20);
    const uint32_t rounds = options.number("rounds", 4, 1, 1000);
    const uint32_t piece = options.number("piece", 1024, 4, 1u << 20) & ~3;
    const uint32_t pieces = options.number("dma_kib", 2048, 1, 1u << 20) * 1024 / piece;

    AxiCdma engine;
    open_engine(engine, 0, AxiCdma::Completion::kPolling);
    const std::span<uint32_t> words = allocate_array<uint32_t>(count);
    void* source = allocate_pages(piece);
    void* target = allocate_pages(piece);
    DescriptorChain chain(pieces);
    {
        PhaseScope phase("setup");
        memset(words.data(), 0, words.size_bytes());
        memset(target, 0, piece);
        Pattern(kSeed).fill(source, piece);
        for (uint32_t i = 0; i < pieces; ++i) {
            chain.append(physical_address(target), physical_address(source), piece);
        }
    }

    const uint32_t alone = timed_work("alone", words, rounds);
    require(engine.start(chain), engine, "start of the chain");
    const uint32_t with_dma = timed_work("with_dma", words, rounds);
    const bool outlasted = engine.is_busy();
    engine.stop();  // Before anything is counted, which takes its time.
    const uint64_t copied = chain.completed_bytes();
    if (alone == 0) fail("the loop is too short to be measured: raise words or rounds");
    if (!outlasted) fail("the copy was over before the loop: raise dma_kib");
    // All descriptors copy the same piece: the first to be completed has copied all of it.
    if (copied == 0) fail("nothing was completed: raise words or rounds, or lower piece");

    {
        PhaseScope phase("check");
        Pattern(kSeed).require(target, piece, "what the engine copied");
        for (const uint32_t word : words) {
            if (word != rounds * (rounds - 1)) fail("the loop's memory is wrong: {}", word);
        }
    }
    const uint32_t lost = with_dma > alone ? with_dma - alone : 0;
    const uint32_t slowdown =
        static_cast<uint32_t>(divide(uint64_t{lost} * 10'000, alone).quotient);
    const uint64_t rate = divide(copied * clock::kCounterHz, with_dma != 0 ? with_dma : 1).quotient;
    report_metric("slowdown_percent_x100", slowdown);
    report_metric("dma_bytes_per_second", rate);
    print("loop alone    {10} ns\n", clock::nanoseconds(alone));
    print("loop with DMA {10} ns, slower by {}.{02}%\n", clock::nanoseconds(with_dma),
          slowdown / 100, slowdown % 100);
    print("copied        {10} bytes, {} bytes/s\n", copied, rate);
    return exit_code::kSuccess;
}

}  // namespace guest
