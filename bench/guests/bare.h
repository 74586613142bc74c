// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_GUESTS_BARE_H
#define BENCH_GUESTS_BARE_H

// What the bare guests have in common: what they say, and how they end. They say it on the debug
// console that Bochs, QEMU and Southbridge have at port E9h: "start", "done XXXXXXXX" with a
// checksum that must be the same everywhere, a line each.

#include "runtime/io.h"

namespace bare {

void say(const char* text);
// Says that the work is done, and ends the run in whichever way the machine knows.
[[noreturn]] void done(uint32_t checksum);

// The pseudo-random numbers of a linear congruential generator.
struct Random {
    uint32_t state = 1;
    uint32_t next() { return state = state * 1664525 + 1013904223; }
};

}  // namespace bare

// What the start-up code calls.
extern "C" [[noreturn]] void bare_main();

#endif
