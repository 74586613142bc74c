// SPDX-License-Identifier: Apache-2.0
//
// From which size on is a DMA engine faster than the processor? Copies of 16 bytes to 64 KiB, by
// the processor, by the engine with the processor polling, and by the engine with an interrupt. The
// break-even size is the first one at which the engine wins; 0 where it never does.
//
//   smallest=16      largest=65536    bytes, powers of two
//   repeat_bytes=4096    a size is copied as often as makes this much, at least once
//   interrupt=intx   or message       irq=apic       or pic
#include "drivers/cpu_copier.h"
#include "drivers/engine_copier.h"
#include "programs/dma_options.h"
#include "programs/pattern.h"
#include "runtime/arithmetic.h"
#include "runtime/clock.h"
#include "runtime/exit.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

constexpr uint32_t kSeed = 5;

struct Buffers {
    void* target;
    void* source;
};

// Nanoseconds that one of `repeats` copies takes.
uint64_t time_of_copy(Copier& copier, uint32_t phase_of_way, const Buffers& buffers, uint32_t bytes,
                      uint32_t repeats) {
    memset(buffers.target, 0, bytes);
    DmaError error = DmaError::kNone;
    uint32_t counts;
    {
        PhaseScope phase(phase_of_way);
        const clock::Stopwatch stopwatch;
        for (uint32_t i = 0; i < repeats && error == DmaError::kNone; ++i) {
            error = copier.copy(buffers.target, buffers.source, bytes);
        }
        counts = stopwatch.counts();
        report_work(uint64_t{bytes} * repeats);
    }
    require(error, "copy");
    PhaseScope phase("check");
    require_equal(buffers.target, buffers.source, bytes, copier.name());
    return divide(clock::nanoseconds(counts), repeats).quotient;
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"smallest", "largest", "repeat_bytes", "interrupt", "irq"});
    const uint32_t smallest = options.number("smallest", 16, 4, 1u << 20);
    const uint32_t largest = options.number("largest", 65536, smallest, 1u << 20);
    const uint32_t repeat_bytes = options.number("repeat_bytes", 4096, 0, 1u << 20);
    const std::string_view interrupt = options.text("interrupt", "intx");
    if (interrupt != "intx" && interrupt != "message") {
        fail("interrupt={} is neither intx nor message", interrupt);
    }
    use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));

    // One engine, and a driver for each way: they never run at the same time.
    AxiCdma polled;
    AxiCdma interrupting;
    open_engine(polled, 0, AxiCdma::Completion::kPolling);
    open_engine(
        interrupting, 0,
        interrupt == "intx" ? AxiCdma::Completion::kInterrupt : AxiCdma::Completion::kMessage);
    CpuCopier cpu;
    SingleCopier by_polling(polled);
    SingleCopier by_interrupt(interrupting);
    const uint32_t phase_of_cpu = phase_number("cpu");
    const uint32_t phase_of_polling = phase_number("polling");
    const uint32_t phase_of_interrupt = phase_number("interrupt");
    const Buffers buffers = {allocate_pages(largest), allocate_pages(largest)};

    {
        PhaseScope phase("setup");
        Pattern(kSeed).fill(buffers.source, largest);
    }

    uint32_t break_even_polling = 0;
    uint32_t break_even_interrupt = 0;
    print("{8} {14} {14} {14}\n", "bytes", "cpu, ns", "polling, ns", "interrupt, ns");
    for (uint32_t bytes = smallest; bytes <= largest; bytes *= 2) {
        const uint32_t repeats = bytes < repeat_bytes ? repeat_bytes / bytes : 1;
        const uint64_t by_cpu = time_of_copy(cpu, phase_of_cpu, buffers, bytes, repeats);
        const uint64_t polling =
            time_of_copy(by_polling, phase_of_polling, buffers, bytes, repeats);
        const uint64_t with_interrupt =
            time_of_copy(by_interrupt, phase_of_interrupt, buffers, bytes, repeats);
        print("{8} {14} {14} {14}\n", bytes, by_cpu, polling, with_interrupt);
        if (break_even_polling == 0 && polling < by_cpu) break_even_polling = bytes;
        if (break_even_interrupt == 0 && with_interrupt < by_cpu) break_even_interrupt = bytes;
    }
    Pattern(kSeed).require(buffers.source, largest, "the source");
    report_metric("break_even_polling", break_even_polling);
    report_metric("break_even_interrupt", break_even_interrupt);
    print("break-even: {} bytes by polling, {} bytes by interrupt\n", break_even_polling,
          break_even_interrupt);
    return exit_code::kSuccess;
}

}  // namespace guest
