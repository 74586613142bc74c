// SPDX-License-Identifier: Apache-2.0
//
// Frames as another station would make them, without FCS, and what is in those that come back.
#pragma once

#include <cstdint>
#include <string>

namespace sb::test {

using Bytes = std::string;

/// The Internet checksum (RFC 1071) of bytes taken as big-endian words; 0 where they include their
/// own.
uint16_t internet_checksum(const Bytes& bytes);

Bytes big16(uint32_t value);
Bytes big32(uint32_t value);
void put16(Bytes& bytes, size_t offset, uint32_t value);
uint32_t number_at(const Bytes& bytes, size_t offset, size_t length);

/// Stations have addresses 10.0.NETWORK.HOST, and the hardware address 02:00:00:00:NETWORK:HOST but
/// for the guest.
uint32_t address(unsigned network, unsigned host);
Bytes hardware_address(unsigned network, unsigned host);

Bytes ethernet(const Bytes& to, const Bytes& from, uint16_t type, const Bytes& payload);
Bytes ipv4(uint32_t from, uint32_t to, uint8_t protocol, const Bytes& payload,
           uint8_t time_to_live = 64, uint16_t fragment = 0);
Bytes udp(uint32_t from, uint32_t to, uint16_t from_port, uint16_t to_port, const Bytes& data);
Bytes echo_request(uint16_t sequence, const Bytes& data);
Bytes arp(uint16_t operation, const Bytes& sender_mac, uint32_t sender, const Bytes& target_mac,
          uint32_t target);

}  // namespace sb::test
