// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_CHECKSUM_H
#define GUEST_NETWORK_CHECKSUM_H

// The checksum of IPv4, ICMP and UDP: the ones' complement of the ones' complement sum of 16-bit
// words (RFC 1071). The sum is the same whichever byte of a word comes first, as long as it is for
// all of them: so words are added as this processor reads them, two at a time, and checksums are
// kept as they lie in memory.

#include <cstddef>
#include <cstdint>

namespace guest::checksum {

// Adds bytes to a sum that may go on; an odd last byte counts as the first of its word.
inline uint64_t add(const void* data, size_t bytes, uint64_t sum = 0) {
    const uint8_t* at = static_cast<const uint8_t*>(data);
    for (; bytes >= 4; bytes -= 4, at += 4) {
        uint32_t two_words;
        __builtin_memcpy(&two_words, at, 4);
        sum += two_words;
    }
    uint32_t rest = 0;
    for (size_t i = 0; i < bytes; ++i) rest |= static_cast<uint32_t>(at[i]) << 8 * i;
    return sum + rest;
}

// Folds a sum of less than 2^48 to 16 bits. A header or a packet that includes its own right
// checksum folds to 0xffff.
constexpr uint16_t fold(uint64_t sum) {
    uint32_t folded = static_cast<uint32_t>(sum & 0xffff) +
                      static_cast<uint32_t>(sum >> 16 & 0xffff) + static_cast<uint32_t>(sum >> 32);
    folded = (folded & 0xffff) + (folded >> 16);
    return static_cast<uint16_t>((folded & 0xffff) + (folded >> 16));
}

inline constexpr uint16_t kRight = 0xffff;

constexpr uint16_t finish(uint64_t sum) { return static_cast<uint16_t>(~fold(sum)); }

// The checksum after one 16-bit word of what it covers has changed (RFC 1624, equation 3).
constexpr uint16_t replaced(uint16_t before, uint16_t old_word, uint16_t new_word) {
    return finish(uint64_t{static_cast<uint16_t>(~before)} + static_cast<uint16_t>(~old_word) +
                  new_word);
}

}  // namespace guest::checksum

#endif
