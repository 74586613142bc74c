// SPDX-License-Identifier: Apache-2.0
#include "runtime/crc32.h"

#include <array>

namespace guest {
namespace {

// The polynomial of IEEE 802.3, section 3.2.9, with its bits reversed: the least significant bit of
// each byte is sent, and so divided, first.
constexpr uint32_t kReversedPolynomial = 0xedb88320;

// What each byte adds to the remainder by the time it has been shifted out.
constexpr std::array<uint32_t, 256> kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t byte = 0; byte < table.size(); ++byte) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; ++bit) {
            remainder = remainder >> 1 ^ (remainder & 1 ? kReversedPolynomial : 0);
        }
        table[byte] = remainder;
    }
    return table;
}();

}  // namespace

uint32_t crc32(const void* data, size_t bytes, uint32_t before) {
    uint32_t remainder = ~before;
    const uint8_t* byte = static_cast<const uint8_t*>(data);
    for (size_t i = 0; i < bytes; ++i) {
        remainder = kTable[(remainder ^ byte[i]) & 0xff] ^ remainder >> 8;
    }
    return ~remainder;
}

}  // namespace guest
