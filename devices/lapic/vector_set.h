// SPDX-License-Identifier: Apache-2.0
//
// The 256 bits of IRR, ISR or TMR: eight read-only registers of 32 bits, 16 bytes apart.
#pragma once

#include <bit>
#include <optional>

#include "bus/registers.h"

namespace sb::devices {

class VectorSet {
  public:
    VectorSet(bus::RegisterBank& bank, const char* name, uint32_t offset, const char* doc)
        : words_{bank,
                 {.name = name, .offset = offset, .bits = 32, .access = bus::ro, .doc = doc},
                 8,
                 16} {}

    bool has(uint8_t vector) const { return (words_[vector / 32] & bit(vector)) != 0; }
    void set(uint8_t vector, bool on) {
        bus::Register& word = words_[vector / 32];
        word = on ? word | bit(vector) : word & ~bit(vector);
    }
    /// The greatest vector in the set.
    std::optional<uint8_t> highest() const {
        for (unsigned i = 8; i-- > 0;)
            if (const uint64_t word = words_[i]; word != 0)
                return static_cast<uint8_t>(32 * i + static_cast<unsigned>(std::bit_width(word)) -
                                            1);
        return std::nullopt;
    }
    void clear() {
        for (unsigned i = 0; i < 8; ++i) words_[i] = 0;
    }

  private:
    static uint64_t bit(uint8_t vector) { return uint64_t{1} << (vector % 32); }
    bus::RegisterArray words_;
};

}  // namespace sb::devices
