// SPDX-License-Identifier: Apache-2.0
//
// The CRC of Ethernet frames (IEEE 802.3, 3.2.8) and the multicast hash that the DP8390 makes of
// it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sb::devices {

/// The CRC register after these bytes: the most significant bit is the first on the wire, not yet
/// inverted.
constexpr uint32_t crc_register(std::span<const uint8_t> bytes) {
    constexpr uint32_t polynomial = 0x04c1'1db7;
    uint32_t crc = ~uint32_t{0};
    for (const uint8_t byte : bytes)
        for (unsigned bit = 0; bit < 8; ++bit) {
            const bool feedback = ((crc >> 31) ^ (byte >> bit & 1)) != 0;
            crc = crc << 1 ^ (feedback ? polynomial : 0);
        }
    return crc;
}

/// The frame check sequence; its lowest byte is the first on the wire.
constexpr uint32_t frame_check_sequence(std::span<const uint8_t> bytes) {
    const uint32_t crc = ~crc_register(bytes);
    uint32_t reversed = 0;
    for (unsigned bit = 0; bit < 32; ++bit) reversed |= (crc >> bit & 1) << (31 - bit);
    return reversed;
}

/// Appends the FCS, or a wrong one.
inline void append_fcs(std::vector<uint8_t>& bytes, bool damaged) {
    const uint32_t fcs = frame_check_sequence(bytes) ^ (damaged ? ~uint32_t{0} : 0);
    for (unsigned shift = 0; shift < 32; shift += 8)
        bytes.push_back(static_cast<uint8_t>(fcs >> shift));
}

/// Takes the last four bytes off; whether they are the FCS of the others.
inline bool take_fcs(std::vector<uint8_t>& bytes) {
    if (bytes.size() < 4) {
        bytes.clear();
        return false;
    }
    uint32_t given = 0;
    for (unsigned i = 0; i < 4; ++i) {
        given = given << 8 | bytes.back();
        bytes.pop_back();
    }
    return given == frame_check_sequence(bytes);
}

/// Which of MAR's 64 bits an address stands for: the upper six of the CRC (data sheet, 10.3,
/// MAR0-7).
constexpr unsigned multicast_hash(std::span<const uint8_t> address) {
    return crc_register(address) >> 26;
}

}  // namespace sb::devices
