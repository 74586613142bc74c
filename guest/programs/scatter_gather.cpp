// SPDX-License-Identifier: Apache-2.0
//
// Gathers a buffer that lies in pages all over the memory into one piece, in four ways: by the
// processor, by the engine with a transfer for each page, by the engine with one chain of
// descriptors, and by the engine from one buffer that the processor has gathered before (a bounce
// buffer). Each is a phase of its own.
//
//   pages=32         of 4 KiB        offset=0       where the buffer begins in its first page
//   completion=, irq=                see dma_options.h
#include "drivers/cpu_copier.h"
#include "drivers/engine_copier.h"
#include "programs/dma_options.h"
#include "programs/pattern.h"
#include "runtime/clock.h"
#include "runtime/exit.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

constexpr uint32_t kSeed = 7;

// Page frames as a kernel that has run for a while gives them out: no two that follow one another.
std::span<uint32_t> scattered_pages(uint32_t pages) {
    const std::span<uint32_t> frames = allocate_array<uint32_t>(pages);
    for (uint32_t i = pages; i != 0; --i) {
        frames[i - 1] = physical_address(allocate_pages(2 * kPageBytes));
    }
    return frames;
}

struct Way {
    Copier* copier;
    const char* time_metric;
    const char* interrupts_metric;
};

void run(const Way& way, const AxiCdma& engine, void* target, SegmentList source) {
    const uint32_t bytes = static_cast<uint32_t>(total_bytes(source));
    const uint32_t interrupts_before = engine.interrupts();
    memset(target, 0, bytes);
    uint32_t counts;
    {
        PhaseScope phase(way.copier->name());
        const clock::Stopwatch stopwatch;
        require(way.copier->gather(target, source), engine, way.copier->name());
        counts = stopwatch.counts();
        report_work(bytes);
    }
    const uint32_t interrupts = engine.interrupts() - interrupts_before;
    const uint64_t time = clock::nanoseconds(counts);
    report_metric(way.time_metric, time);
    report_metric(way.interrupts_metric, interrupts);
    print("{8} {10} {12} {12}\n", way.copier->name(), bytes, time, interrupts);
    PhaseScope phase("check");
    Pattern(kSeed).require(target, bytes, way.copier->name());
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"pages", "offset", "completion", "irq"});
    const uint32_t pages = options.number("pages", 32, 1, 1024);
    const uint32_t offset = options.number("offset", 0, 0, kPageBytes - 4) & ~3;
    const AxiCdma::Completion completion = parse_completion(options);
    use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));

    AxiCdma engine;
    open_engine(engine, 0, completion);
    const uint32_t bytes = pages * kPageBytes - offset;
    const SegmentList source =
        segments_of_pages(scattered_pages(pages), offset, bytes, allocate_array<Segment>(pages));
    void* target = allocate_pages(bytes);
    {
        PhaseScope phase("setup");
        Pattern(kSeed).fill(source);
    }

    CpuCopier cpu;
    SingleCopier single(engine);
    ChainCopier chain(engine, pages);
    BounceCopier bounce(engine, bytes);
    // One interrupt for the whole chain, by the largest threshold that divides it.
    uint8_t threshold = 255;
    while (pages % threshold != 0) --threshold;
    engine.set_coalescing({.threshold = threshold});

    print("{8} {10} {12} {12}\n", "way", "bytes", "ns", "interrupts");
    run({&cpu, "ns_cpu", "interrupts_cpu"}, engine, target, source);
    run({&single, "ns_single", "interrupts_single"}, engine, target, source);
    run({&chain, "ns_chain", "interrupts_chain"}, engine, target, source);
    run({&bounce, "ns_bounce", "interrupts_bounce"}, engine, target, source);
    return exit_code::kSuccess;
}

}  // namespace guest
