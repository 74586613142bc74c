// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_GUESTS_RANDOM_TRANSFERS_H
#define TESTS_GUESTS_RANDOM_TRANSFERS_H

// What the parts of random_transfers.cpp share: chance, and memory with what must be in it.

#include <cstdint>

#include "runtime/memory.h"
#include "runtime/print.h"

namespace guest {

// Marsaglia's xorshift with 32 bits.
class Random {
  public:
    explicit Random(uint32_t seed) : state_(seed * 2654435761u | 1) {
        for (uint32_t i = 0; i < 8; ++i) next();
    }

    uint32_t next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return state_;
    }
    uint32_t below(uint32_t limit) { return (next() >> 4) % limit; }
    bool one_in(uint32_t n) { return below(n) == 0; }

    // 1 to `most`; short ones come as often as long ones.
    uint32_t length(uint32_t most) {
        uint32_t bits = 0;
        while (bits < 31 && most >> bits > 1) ++bits;
        const uint32_t limit = most >> below(bits + 1);
        return 1 + below(limit == 0 ? 1 : limit);
    }

  private:
    uint32_t state_;
};

// Memory that somebody works on, and a copy that the processor keeps of what must be in it.
class Mirror {
  public:
    Mirror(uint32_t bytes, void* at, Random& random)
        : memory(static_cast<uint8_t*>(at)),
          expected(static_cast<uint8_t*>(allocate(bytes, kPageBytes))),
          bytes_(bytes) {
        for (uint32_t i = 0; i < bytes; i += 4) {
            *reinterpret_cast<uint32_t*>(expected + i) = random.next();
        }
        memcpy(memory, expected, bytes);
    }
    Mirror(uint32_t bytes, Random& random) : Mirror(bytes, allocate(bytes, kPageBytes), random) {}

    uint32_t bytes() const { return bytes_; }

    void put(uint32_t at, uint8_t value) {
        const_cast<volatile uint8_t*>(memory)[at] = value;
        expected[at] = value;
    }

    // Every byte, those around what was moved too.
    void check(const char* what) const {
        asm volatile("" ::: "memory");
        for (uint32_t i = 0; i < bytes_; i += 4) {
            if (*reinterpret_cast<const uint32_t*>(memory + i) ==
                *reinterpret_cast<const uint32_t*>(expected + i)) {
                continue;
            }
            while (memory[i] == expected[i]) ++i;
            fail("{}: byte {} of {} at {08x} is {02x} instead of {02x}", what, i, bytes_,
                 reinterpret_cast<uint32_t>(memory + i), memory[i], expected[i]);
        }
    }

    uint8_t* const memory;
    uint8_t* const expected;

  private:
    uint32_t bytes_;
};

}  // namespace guest

#endif
