// SPDX-License-Identifier: Apache-2.0
//
// Names as in the 8254 datasheet (Intel order 231164-005).
#include "runtime/clock.h"

#include "runtime/arithmetic.h"
#include "runtime/interrupts.h"

namespace guest::clock {
namespace {

constexpr uint16_t kCounter0 = 0x40;
constexpr uint16_t kControlWord = 0x43;

constexpr uint8_t kSelectCounter0 = 0 << 6;
constexpr uint8_t kLowThenHighByte = 3 << 4;
constexpr uint8_t kRateGenerator = 2 << 1;  // Mode 2.

// The read-back command; its bits say what not to latch.
constexpr uint8_t kReadBack = 3 << 6;
constexpr uint8_t kNoCount = 1 << 5;
constexpr uint8_t kNoStatus = 1 << 4;
constexpr uint8_t kReadBackCounter0 = 1 << 1;

// Of the status: the count written last is not in the counter yet.
constexpr uint8_t kNullCount = 1 << 6;

constinit volatile uint32_t tick_count = 0;

// A new count goes into the counter with its next clock; until then the old one reads back.
void wait_for_load() {
    constexpr uint32_t kPollLimit = 100'000;
    for (uint32_t polls = 0; polls < kPollLimit; ++polls) {
        write_port8(kControlWord, kReadBack | kNoCount | kReadBackCounter0);
        if (!(read_port8(kCounter0) & kNullCount)) return;
    }
}

void on_tick(InterruptFrame&, void*) { tick_count = tick_count + 1; }

}  // namespace

void start_counter(uint32_t period) {
    write_port8(kControlWord, kSelectCounter0 | kLowThenHighByte | kRateGenerator);
    write_port8(kCounter0, static_cast<uint8_t>(period));  // 65536 is written as 0.
    write_port8(kCounter0, static_cast<uint8_t>(period >> 8));
}

uint16_t read_counter() {
    write_port8(kControlWord, kReadBack | kNoStatus | kReadBackCounter0);
    const uint8_t low = read_port8(kCounter0);
    return static_cast<uint16_t>(read_port8(kCounter0) << 8 | low);
}

void delay_microseconds(uint32_t microseconds) {
    const uint64_t counts =
        divide(static_cast<uint64_t>(microseconds) * kCounterHz, 1'000'000).quotient + 1;
    start_counter(kFullPeriod);
    wait_for_load();
    uint16_t before = read_counter();
    uint32_t standing_still = 0;
    for (uint64_t passed = 0; passed < counts;) {
        const uint16_t now = read_counter();
        passed += static_cast<uint16_t>(before - now);  // It counts down, modulo 65536.
        // A read takes longer than a count, so a counter that stands still is not there at all.
        standing_still = now == before ? standing_still + 1 : 0;
        if (standing_still > 100'000) return;
        before = now;
    }
}

uint64_t nanoseconds(uint32_t counts) {
    return divide(uint64_t{counts} * 1'000'000'000, kCounterHz).quotient;
}

void start_ticks() {
    start_counter(kFullPeriod);
    attach_irq(irq::kTimer, on_tick);
}

uint32_t ticks() { return tick_count; }

bool PollLimit::look() {
    // Of the polls of one look: as many as take about a second at a few hundred nanoseconds each.
    constexpr uint32_t kMostLooksWithoutChange = 1000;
    const uint16_t now = read_counter();
    if (polls_ == kPollsPerLook) before_ = now;  // Time counts from the first look on.
    const uint32_t passed = static_cast<uint16_t>(before_ - now);  // It counts down, modulo 65536.
    before_ = now;
    if (passed == 0) return ++looks_without_change_ > kMostLooksWithoutChange;
    if (passed >= counts_left_) return true;
    counts_left_ -= passed;
    return false;
}

}  // namespace guest::clock
