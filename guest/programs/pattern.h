// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_PROGRAMS_PATTERN_H
#define GUEST_PROGRAMS_PATTERN_H

// Test data for copies: numbers that the seed alone decides, in 32-bit words. A byte in the wrong
// place or left from before is found, and ends the program.

#include <cstdint>

#include "drivers/segments.h"
#include "runtime/print.h"

namespace guest {

class Pattern {
  public:
    explicit Pattern(uint32_t seed) : state_(seed * 2654435761u + 1) {}

    void fill(void* memory, uint32_t bytes) {
        uint32_t* word = static_cast<uint32_t*>(memory);
        for (uint32_t i = 0; i < bytes / 4; ++i) *word++ = next();
    }

    void fill(SegmentList list) {
        for (const Segment& segment : list) {
            fill(reinterpret_cast<void*>(segment.address), segment.bytes);
        }
    }

    // Ends the program with `what` where the memory does not hold what fill() would write.
    void require(const void* memory, uint32_t bytes, const char* what) {
        const uint32_t* word = static_cast<const uint32_t*>(memory);
        for (uint32_t i = 0; i < bytes / 4; ++i) {
            const uint32_t expected = next();
            if (word[i] != expected) {
                fail("{}: byte {} of {} is wrong: {08x} instead of {08x}", what, 4 * i, bytes,
                     word[i], expected);
            }
        }
    }

  private:
    // A linear congruential generator.
    uint32_t next() {
        state_ = state_ * 1664525 + 1013904223;
        return state_;
    }

    uint32_t state_;
};

// The quick check of a copy, by REPE CMPSD: ends the program with `what` where the two differ. The
// source itself is checked by its pattern, once at the end.
inline void require_equal(const void* copy, const void* source, uint32_t bytes, const char* what) {
    const void* left = copy;
    const void* right = source;
    uint32_t words = bytes / 4;
    bool equal = true;
    if (words == 0) return;
    asm volatile("repe cmpsl" : "+S"(left), "+D"(right), "+c"(words), "=@cce"(equal) : : "memory");
    if (!equal) {
        const uint32_t at = bytes / 4 - words - 1;
        fail("{}: byte {} of {} is wrong", what, 4 * at, bytes);
    }
}

}  // namespace guest

#endif
