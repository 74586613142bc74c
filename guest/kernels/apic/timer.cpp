// SPDX-License-Identifier: Apache-2.0
#include "kernels/apic/timer.h"

#include "boot/idt.h"
#include "runtime/apic.h"
#include "runtime/print.h"

namespace guest::timer {
namespace {

constexpr uint8_t kVector = 0x40;  // Above the 16 of the IRQs.

constinit volatile uint32_t count = 0;

void on_tick(InterruptFrame&, void*) {
    count = count + 1;
    local_apic::end_of_interrupt();
}

}  // namespace

uint32_t start() {
    const uint32_t frequency = local_apic::measure_timer_frequency();
    if (frequency < kTicksPerSecond) fail("lapic: the timer does not count");
    set_interrupt_handler(kVector, on_tick);
    local_apic::start_timer(kVector, frequency / kTicksPerSecond, local_apic::TimerMode::kPeriodic);
    return frequency;
}

uint32_t ticks() { return count; }

}  // namespace guest::timer
