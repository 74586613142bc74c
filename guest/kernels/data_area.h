// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_KERNELS_DATA_AREA_H
#define GUEST_KERNELS_DATA_AREA_H

// The data that every kernel's disk has from sector 1024 on; kernels/boot/payload.S makes it.

#include <cstdint>
#include <span>

namespace guest::data_area {

inline constexpr uint32_t kLba = 1024;
inline constexpr uint32_t kWords = 64 * 512 / sizeof(uint32_t);
inline constexpr uint32_t kMark = 0x42444e53;

// Its first words. More words follow, and the sum of all of them is 0 modulo 2^32.
struct Header {
    uint32_t mark;
    uint32_t words;
};

inline uint32_t sum(std::span<const uint32_t> words) {
    uint32_t sum = 0;
    for (const uint32_t word : words) sum += word;
    return sum;
}

}  // namespace guest::data_area

#endif
