// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_IPV4_H
#define GUEST_NETWORK_IPV4_H

// The headers of IPv4 (RFC 791), ICMP's echo (RFC 792) and UDP (RFC 768), and addresses.

#include <cstdint>
#include <optional>
#include <string_view>

#include "network/byte_order.h"
#include "network/checksum.h"

namespace guest {

// With its first number in the highest byte.
using Ipv4Address = uint32_t;

constexpr Ipv4Address ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    return static_cast<uint32_t>(a) << 24 | b << 16 | c << 8 | d;
}

// "10.0.0.2". Nothing where `text` is no address.
constexpr std::optional<Ipv4Address> parse_ipv4(std::string_view text) {
    uint32_t address = 0;
    uint32_t number = 0;
    uint32_t digits = 0;
    uint32_t dots = 0;
    for (const char character : text) {
        if (character == '.' && digits != 0 && dots < 3) {
            address = address << 8 | number;
            number = digits = 0;
            ++dots;
        } else if (character >= '0' && character <= '9' && digits < 3) {
            number = 10 * number + static_cast<uint32_t>(character - '0');
            if (number > 255) return std::nullopt;
            ++digits;
        } else {
            return std::nullopt;
        }
    }
    if (dots != 3 || digits == 0) return std::nullopt;
    return address << 8 | number;
}

struct [[gnu::packed]] Ipv4Header {
    uint8_t version_and_words;  // The length of the header in words of 32 bits.
    uint8_t service;
    Big16 total_bytes;
    Big16 identification;
    Big16 fragment;
    uint8_t time_to_live;
    uint8_t protocol;
    uint16_t checksum;  // As it lies in memory (network/checksum.h).
    Big32 source;
    Big32 destination;

    uint32_t header_bytes() const { return 4 * (version_and_words & 15); }
};
static_assert(sizeof(Ipv4Header) == 20);

inline constexpr uint8_t kIpv4Version = 4;
inline constexpr uint8_t kIpv4WithoutOptions = kIpv4Version << 4 | 5;
inline constexpr uint16_t kMoreFragments = 1u << 13;
inline constexpr uint16_t kFragmentOffset = kMoreFragments - 1;
inline constexpr uint8_t kTimeToLive = 64;

namespace ip_protocol {
inline constexpr uint8_t kIcmp = 1;
inline constexpr uint8_t kUdp = 17;
}  // namespace ip_protocol

struct [[gnu::packed]] IcmpHeader {
    uint8_t type;
    uint8_t code;
    uint16_t checksum;
    Big16 identifier;
    Big16 sequence;
};
static_assert(sizeof(IcmpHeader) == 8);

namespace icmp_type {
inline constexpr uint8_t kEchoReply = 0;
inline constexpr uint8_t kEchoRequest = 8;
}  // namespace icmp_type

struct [[gnu::packed]] UdpHeader {
    Big16 source_port;
    Big16 destination_port;
    Big16 bytes;        // With this header.
    uint16_t checksum;  // 0: none was made.
};
static_assert(sizeof(UdpHeader) == 8);

// What UDP's checksum covers besides the datagram: the pseudo header.
inline uint64_t pseudo_header_sum(const Ipv4Header& header, uint32_t udp_bytes) {
    return checksum::add(&header.source, 8) + Big16(ip_protocol::kUdp).in_memory() +
           Big16(static_cast<uint16_t>(udp_bytes)).in_memory();
}

}  // namespace guest

#endif
