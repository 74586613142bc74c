// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_ETHERNET_H
#define GUEST_NETWORK_ETHERNET_H

// Frames without their FCS, which controllers make and check (IEEE 802.3-2005, clause 3).

#include <cstdint>

#include "network/byte_order.h"

namespace guest {

struct MacAddress {
    uint8_t bytes[6];
    bool operator==(const MacAddress&) const = default;
};

inline constexpr MacAddress kBroadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

struct [[gnu::packed]] EthernetHeader {
    MacAddress destination;
    MacAddress source;
    Big16 type;
};
static_assert(sizeof(EthernetHeader) == 14);

namespace ether_type {
inline constexpr uint16_t kIpv4 = 0x0800;
inline constexpr uint16_t kArp = 0x0806;
}  // namespace ether_type

inline constexpr uint32_t kLeastFrameBytes = 60;  // Controllers or drivers pad up to it.
inline constexpr uint32_t kMostFrameBytes = 1514;

}  // namespace guest

#endif
