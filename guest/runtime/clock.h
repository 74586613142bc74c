// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_CLOCK_H
#define GUEST_RUNTIME_CLOCK_H

// Time, from counter 0 of the 8254: a 486 has no time-stamp counter.

#include <cstdint>

#include "runtime/io.h"

namespace guest::clock {

// The counter's input: a third of the colour carrier's 3.579545 MHz.
inline constexpr uint32_t kCounterHz = 1'193'182;

// Ticks come every 65536 counts: 18.2 times a second.
inline constexpr uint32_t kTicksPerSecond = 18;

// A full period of counter 0; the longest that there is.
inline constexpr uint32_t kFullPeriod = 65536;

// Lets counter 0 count down over and over from `period` (2 to 65536), with an IRQ 0 each time
// round.
void start_counter(uint32_t period);

// Where counter 0 stands, through the read-back command.
uint16_t read_counter();

// Busy-waits at least this long. Programs counter 0 to its full period.
void delay_microseconds(uint32_t microseconds);

// Measures from where it is made, up to a full period: 55 ms. Needs counter 0 to run over its full
// period. Looking at it takes some microseconds, since the counter is on the ISA bus: what is
// shorter is measured many times in a row.
class Stopwatch {
  public:
    Stopwatch() : start_(read_counter()) {}
    uint32_t counts() const { return static_cast<uint16_t>(start_ - read_counter()); }

  private:
    uint16_t start_;  // The counter counts down.
};

// How long so many counts are.
uint64_t nanoseconds(uint32_t counts);

// Attaches IRQ 0 and counts it at kTicksPerSecond. May be called again. Needs an interrupt
// controller to be chosen.
void start_ticks();
uint32_t ticks();

// Halts the processor until `done()` is true. False if `seconds` pass first, so that an interrupt
// that never comes is an error and not a hang. Call with interrupts off and ticks started; `done`
// runs with interrupts off, so it may look at what handlers write.
template <typename Condition>
bool halt_until(Condition done, uint32_t seconds) {
    const uint32_t start = ticks();
    while (!done()) {
        if (ticks() - start > seconds * kTicksPerSecond) return false;
        wait_for_interrupt();
    }
    return true;
}

// Bounds a wait that polls, however fast the processor and the device polled are:
//
//     clock::PollLimit limit(1);
//     while (!ready()) {
//         if (limit.over()) return BlockError::kTimeout;
//     }
//
// Needs counter 0 to run over its full period. It looks at the counter only once in kPollsPerLook
// polls, so that a short wait costs no more than counting them; the looks must be less than a
// period (55 ms) apart, or the limit comes late. Where no counter answers, the number of polls is
// the limit.
class PollLimit {
  public:
    explicit PollLimit(uint32_t seconds) : counts_left_(seconds * kCounterHz) {}

    // To be called once for each poll. True if the time is over.
    bool over() { return ++polls_ % kPollsPerLook == 0 && look(); }

  private:
    static constexpr uint32_t kPollsPerLook = 4096;  // 0.5 ms at 120 ns, 2.5 ms at 600 ns.
    bool look();

    uint32_t counts_left_;
    uint32_t polls_ = 0;
    uint32_t looks_without_change_ = 0;
    uint16_t before_ = 0;
};

}  // namespace guest::clock

#endif
