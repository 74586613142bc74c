// SPDX-License-Identifier: Apache-2.0
#include "network/tick.h"

#include "runtime/clock.h"
#include "runtime/interrupt_guard.h"
#include "runtime/interrupts.h"

namespace guest::tick {
namespace {

constinit volatile uint32_t ticks = 0;
constinit uint32_t period = clock::kFullPeriod;
constinit uint32_t latest = 0;
constinit Handler on_tick = nullptr;
constinit void* on_tick_context = nullptr;

// Among APIC interrupts a higher vector goes first, and even interrupts the handlers of lower ones:
// the clock comes before all devices, as it does among those of the 8259A.
constexpr uint8_t kClockVector = 0xe0;

void handle(InterruptFrame&, void*) {
    ticks = ticks + 1;
    if (on_tick != nullptr) on_tick(on_tick_context);
}

void handle_apic(InterruptFrame& frame, void* context) {
    handle(frame, context);
    local_apic::end_of_interrupt();
    leave_interrupt();
}

}  // namespace

void start(uint32_t per_second, Handler handler, void* context) {
    period = clock::kCounterHz / per_second;
    on_tick = handler;
    on_tick_context = context;
    ticks = latest = 0;
    clock::start_counter(period);
    if (interrupt_controller() == InterruptController::kPic) return attach_irq(irq::kTimer, handle);
    set_interrupt_handler(kClockVector, handle_apic);
    io_apic::route(io_apic_input(irq::kTimer), kClockVector);
}

uint32_t count() { return ticks; }

// The counter may have begun its next round with the tick for it not handled yet. Then the time
// would seem to go back, and a round is added.
uint32_t now() {
    const InterruptGuard guard;
    uint32_t time = ticks * period + (period - clock::read_counter());
    if (static_cast<int32_t>(time - latest) < 0) time += period;
    latest = time;
    return time;
}

}  // namespace guest::tick
