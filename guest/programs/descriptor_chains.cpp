// SPDX-License-Identifier: Apache-2.0
//
// What descriptors cost. The same bytes are copied by chains of 1, 2, 4 ... 256 descriptors, with
// one interrupt at the end of each; then by one chain whose interrupts are coalesced more and more;
// then with a threshold that does not divide the chain, and a delay for the rest.
//
//   bytes=65536      to copy, a power of two of at least 4096
//   coalesced=64     descriptors of the chain of the second part, a power of two up to 128
//   completion=interrupt     or message        irq=apic       or pic
#include "programs/dma_options.h"
#include "programs/pattern.h"
#include "runtime/clock.h"
#include "runtime/exit.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

constexpr uint32_t kSeed = 3;
constexpr uint32_t kMostDescriptors = 256;
constexpr uint32_t kMostThreshold = 128;  // The largest power of two that there is.

struct Buffers {
    uint8_t* target;
    const uint8_t* source;
    uint32_t bytes;
};

constexpr const char* kChainMetrics[] = {"ns_chain_1",  "ns_chain_2",   "ns_chain_4",
                                         "ns_chain_8",  "ns_chain_16",  "ns_chain_32",
                                         "ns_chain_64", "ns_chain_128", "ns_chain_256"};
constexpr const char* kThresholdMetrics[] = {"interrupts_threshold_1",  "interrupts_threshold_2",
                                             "interrupts_threshold_4",  "interrupts_threshold_8",
                                             "interrupts_threshold_16", "interrupts_threshold_32",
                                             "interrupts_threshold_64", "interrupts_threshold_128"};

struct Cost {
    uint64_t nanoseconds;
    uint32_t interrupts;
};

// One run of a chain of so many descriptors, checked.
Cost run(const char* name, AxiCdma& engine, DescriptorChain& chain, const Buffers& buffers,
         uint32_t descriptors, AxiCdma::Coalescing coalescing) {
    const uint32_t piece = buffers.bytes / descriptors;
    memset(buffers.target, 0, buffers.bytes);
    chain.clear();
    for (uint32_t i = 0; i < descriptors; ++i) {
        chain.append(physical_address(buffers.target + i * piece),
                     physical_address(buffers.source + i * piece), piece);
    }
    engine.set_coalescing(coalescing);
    const uint32_t interrupts_before = engine.interrupts();
    uint32_t counts;
    {
        PhaseScope phase(name);
        const clock::Stopwatch stopwatch;
        require(engine.start(chain), engine, "start");
        require(engine.wait(), engine, name);
        counts = stopwatch.counts();
        report_work(chain.total_bytes());
    }
    PhaseScope phase("check");
    require_equal(buffers.target, buffers.source, chain.total_bytes(), name);
    return {clock::nanoseconds(counts), engine.interrupts() - interrupts_before};
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"bytes", "coalesced", "completion", "irq"});
    const uint32_t bytes = options.number("bytes", 65536, 4096, 1u << 20);
    const uint32_t coalesced = options.number("coalesced", 64, 1, kMostThreshold);
    if ((bytes & (bytes - 1)) != 0) fail("bytes={} is no power of two", bytes);
    if ((coalesced & (coalesced - 1)) != 0) fail("coalesced={} is no power of two", coalesced);
    const AxiCdma::Completion completion = parse_completion(options);
    use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));

    AxiCdma engine;
    open_engine(engine, 0, completion);
    auto* source = static_cast<uint8_t*>(allocate_pages(bytes));
    const Buffers buffers = {static_cast<uint8_t*>(allocate_pages(bytes)), source, bytes};
    DescriptorChain chain(kMostDescriptors);
    {
        PhaseScope phase("setup");
        Pattern(kSeed).fill(source, bytes);
    }

    print("{12} {12} {12} {12}\n", "descriptors", "threshold", "ns", "interrupts");
    uint32_t descriptors = 1;
    for (const char* metric : kChainMetrics) {
        const uint8_t threshold = descriptors < kMostThreshold ? descriptors : kMostThreshold;
        const Cost cost =
            run("chains", engine, chain, buffers, descriptors, {.threshold = threshold});
        report_metric(metric, cost.nanoseconds);
        print("{12} {12} {12} {12}\n", descriptors, threshold, cost.nanoseconds, cost.interrupts);
        descriptors *= 2;
    }

    uint32_t threshold = 1;
    for (const char* metric : kThresholdMetrics) {
        if (threshold > coalesced) break;
        const Cost cost = run("coalesced", engine, chain, buffers, coalesced,
                              {.threshold = static_cast<uint8_t>(threshold)});
        report_metric(metric, cost.interrupts);
        print("{12} {12} {12} {12}\n", coalesced, threshold, cost.nanoseconds, cost.interrupts);
        threshold *= 2;
    }

    // One descriptor is left over each time: only the delay reports it.
    const uint8_t odd = static_cast<uint8_t>(coalesced > 1 ? coalesced - 1 : 1);
    const Cost cost =
        run("delayed", engine, chain, buffers, coalesced, {.threshold = odd, .delay = 1});
    report_metric("interrupts_delay", cost.interrupts);
    print("{12} {12} {12} {12}  (delay 1)\n", coalesced, odd, cost.nanoseconds, cost.interrupts);
    Pattern(kSeed).require(source, bytes, "the source");
    return exit_code::kSuccess;
}

}  // namespace guest
