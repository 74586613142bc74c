// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_KERNELS_APIC_TIMER_H
#define GUEST_KERNELS_APIC_TIMER_H

// The kernel's tick: the local APIC's timer. Its clock is not the same on any two machines, so it
// is measured first.

#include <cstdint>

namespace guest::timer {

inline constexpr uint32_t kTicksPerSecond = 100;

// Measures the timer's clock against the 8254 and starts the ticks. Returns counts per second.
uint32_t start();

uint32_t ticks();

}  // namespace guest::timer

#endif
