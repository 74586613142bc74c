// SPDX-License-Identifier: Apache-2.0
//
// Data arrives in a buffer by DMA, over and over, and the processor works on it in its cache. Who
// sees to it that the processor does not work on what was there before: the cache, which watches
// the bus (cpu.snoop = true), or the program, which writes back and empties the cache before and
// after each transfer (WBINVD)?
//
//   bytes=4096      of the buffer       rounds=8
//   other=4096      bytes of data that DMA never touches, which the processor uses as well
//   flush=none      or wbinvd
#include "drivers/cpu_copier.h"
#include "programs/dma_options.h"
#include "programs/pattern.h"
#include "runtime/clock.h"
#include "runtime/exit.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

// Writes back what the cache has changed, and empties it (SDM volume 2, "WBINVD").
void flush_cache() { asm volatile("wbinvd" ::: "memory"); }

// Reads the words and changes them, so that their cache lines are modified.
uint32_t process(std::span<uint32_t> words) {
    uint32_t sum = 0;
    for (uint32_t& word : words) {
        sum += word;
        word = ~word;
    }
    return sum;
}

uint32_t sum_of_inverted(std::span<const uint32_t> words) {
    uint32_t sum = 0;
    for (const uint32_t word : words) sum += ~word;
    return sum;
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"bytes", "rounds", "other", "flush"});
    const uint32_t bytes = options.number("bytes", 4096, 4, 1u << 20) & ~3;
    const uint32_t other_bytes = options.number("other", 4096, 4, 1u << 20) & ~3;
    const uint32_t rounds = options.number("rounds", 8, 1, 10'000);
    const std::string_view flush = options.text("flush", "none");
    if (flush != "none" && flush != "wbinvd") fail("flush={} is neither none nor wbinvd", flush);
    const bool flushes = flush == "wbinvd";

    AxiCdma engine;
    open_engine(engine, 0, AxiCdma::Completion::kPolling);
    const std::span<uint32_t> buffer = {static_cast<uint32_t*>(allocate_pages(bytes)), bytes / 4};
    const std::span<uint32_t> other = {static_cast<uint32_t*>(allocate_pages(other_bytes)),
                                       other_bytes / 4};
    const std::span<uint32_t> fresh = {static_cast<uint32_t*>(allocate_pages(bytes)), bytes / 4};
    memset(other.data(), 0, other_bytes);

    const uint32_t phase_of_flush = phase_number("flush");
    const uint32_t phase_of_dma = phase_number("dma");
    const uint32_t phase_of_work = phase_number("process");
    const auto flush_if_wanted = [&] {
        if (!flushes) return;
        PhaseScope phase(phase_of_flush);
        flush_cache();
    };

    uint32_t counts = 0;
    for (uint32_t round = 0; round < rounds; ++round) {
        {
            PhaseScope phase("produce");  // What a device would have sent.
            Pattern(round).fill(fresh.data(), bytes);
        }
        const clock::Stopwatch stopwatch;
        flush_if_wanted();  // The engine has to read from memory what is still in the cache.
        {
            PhaseScope phase(phase_of_dma);
            require(engine.start(physical_address(buffer.data()), physical_address(fresh.data()),
                                 bytes),
                    engine, "start");
            require(engine.wait(), engine, "copy");
            report_work(bytes);
        }
        flush_if_wanted();  // The cache has to forget what was there before.
        uint32_t sum;
        {
            PhaseScope phase(phase_of_work);
            sum = process(buffer);
            process(other);
            report_work(bytes + other_bytes);
        }
        counts += stopwatch.counts();

        PhaseScope phase("check");
        Pattern(round).require(fresh.data(), bytes, "the source");
        if (sum != sum_of_inverted(buffer)) fail("round {}: the processor saw old data", round);
    }
    const uint32_t expected = rounds % 2 == 0 ? 0 : UINT32_MAX;
    for (const uint32_t word : other) {
        if (word != expected) fail("a word beside the buffer was harmed: {08x}", word);
    }
    const uint64_t time = clock::nanoseconds(counts);
    report_metric("ns_total", time);
    print("{} rounds of {} bytes, flush={}: {} ns\n", rounds, bytes, flush, time);
    return exit_code::kSuccess;
}

}  // namespace guest
