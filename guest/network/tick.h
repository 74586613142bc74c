// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_TICK_H
#define GUEST_NETWORK_TICK_H

// A kernel's clock: an interrupt many times a second, from counter 0 of the 8254. While it runs,
// neither clock::PollLimit nor clock::halt_until() can be used.

#include <cstdint>

namespace guest::tick {

using Handler = void (*)(void* context);

// Calls `handler`, if any, at each tick. Needs an interrupt controller to be chosen, and interrupts
// to be on for most of the time.
void start(uint32_t per_second, Handler handler = nullptr, void* context = nullptr);

uint32_t count();

// Time since start() in counts of clock::kCounterHz, modulo 2^32: an hour. It takes three accesses
// to the ISA bus.
uint32_t now();

}  // namespace guest::tick

#endif
