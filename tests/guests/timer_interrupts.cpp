// SPDX-License-Identifier: Apache-2.0
//
// Counts timer interrupts: the 8254's through the 8259A pair and through the I/O APIC, and the
// local APIC timer's. Each part is a phase, which ends with its last interrupt.
//
//   interrupts=5    of each
//   period=11932    counts of the 8254 between two of them, 10 ms
#include "runtime/apic.h"
#include "runtime/check.h"
#include "runtime/clock.h"
#include "runtime/exit.h"
#include "runtime/interrupts.h"
#include "runtime/print.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

constexpr uint8_t kApicTimerVector = 0x51;

constinit volatile uint32_t count = 0;

void on_counter(InterruptFrame&, void*) { count = count + 1; }

void on_apic_timer(InterruptFrame&, void*) {
    count = count + 1;
    local_apic::end_of_interrupt();
}

// Runs with interrupts on until there were this many, or for as long as a loop may take.
bool reached(uint32_t wanted) {
    constexpr uint32_t kLoopLimit = 200'000'000;
    enable_interrupts();
    uint32_t loops = 0;
    while (count < wanted && loops < kLoopLimit) ++loops;
    disable_interrupts();
    return count >= wanted;
}

void count_counter(const char* name, InterruptController controller, uint32_t wanted,
                   uint32_t period) {
    use_interrupt_controller(controller);
    count = 0;
    attach_irq(irq::kTimer, on_counter);
    {
        PhaseScope phase(name);
        clock::start_counter(period);
        check(reached(wanted), name);
    }
    detach_irq(irq::kTimer);
    print("{}: {} interrupt{}\n", name, count, plural(count));
}

void count_apic_timer(const char* name, uint32_t wanted, local_apic::TimerMode mode) {
    const uint32_t frequency = local_apic::measure_timer_frequency();
    check(frequency != 0, "the local APIC timer does not count");
    report_metric("apic_timer_hz", frequency);
    set_interrupt_handler(kApicTimerVector, on_apic_timer);
    count = 0;
    {
        PhaseScope phase(name);
        local_apic::start_timer(kApicTimerVector, frequency / 100, mode);
        check(reached(wanted), name);
    }
    if (mode == local_apic::TimerMode::kOneShot) {
        check_equal(local_apic::timer_count(), 0u, "count after a one-shot");
    }
    local_apic::stop_timer();
    print("{}: {} interrupt{}\n", name, count, plural(count));
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"interrupts", "period"});
    const uint32_t wanted = options.number("interrupts", 5, 1, 100'000);
    const uint32_t period = options.number("period", 11932, 2, 65536);
    count_counter("8254 by 8259A", InterruptController::kPic, wanted, period);
    count_counter("8254 by I/O APIC", InterruptController::kApic, wanted, period);
    count_apic_timer("APIC periodic", wanted, local_apic::TimerMode::kPeriodic);
    count_apic_timer("APIC one-shot", 1, local_apic::TimerMode::kOneShot);
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
