// SPDX-License-Identifier: Apache-2.0
//
// Frames of the Internet protocols, as peers on a wire make and read them: Ethernet II, ARP (RFC
// 826), IPv4 (RFC 791), ICMP echo (RFC 792) and UDP (RFC 768), with checksums (RFC 1071).
//
// Addresses and ports are plain numbers, most significant byte first on the wire. Frames have no
// FCS (bus/ethernet.h); what is made here is padded to the least frame. Reading trusts nothing: a
// frame of any length and content gives a `Packet`. IP options are passed over; fragments and VLAN
// tags are not followed: such a packet is `other`.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bus/ethernet.h"

namespace sb::bus::internet {

using Mac = std::array<uint8_t, 6>;
using Bytes = std::span<const uint8_t>;
inline constexpr Mac everybody{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
inline constexpr uint16_t arp_request = 1, arp_reply = 2;
// What does not fit in a malformed packet; pointers to compare with.
inline constexpr char length_fault[] = "length", checksum_fault[] = "checksum";
inline constexpr uint32_t limited_broadcast = 0xffffffff;

/// Throw `Error` that says what was expected: "52:54:00:12:34:56", "10.0.2.15".
Mac parse_mac(const std::string& text);
/// The value of the key "mac" of a controller: the address of one station. Throws `Error` that names the key.
Mac station_address(const std::string& owner, const Config& config);
uint32_t parse_address(const std::string& text);
std::string address_text(uint32_t address);

/// Numbers in the order of the network. The bytes must be there.
inline uint16_t get16(const uint8_t* at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }
inline uint32_t get32(const uint8_t* at) { return uint32_t{get16(at)} << 16 | get16(at + 2); }
inline uint64_t get64(const uint8_t* at) { return uint64_t{get32(at)} << 32 | get32(at + 4); }
void put16(uint8_t* at, uint16_t v);
void put32(uint8_t* at, uint32_t v);
void put64(uint8_t* at, uint64_t v);

/// The ones' complement of the ones' complement sum (RFC 1071); over bytes that hold their checksum
/// it is 0.
uint16_t checksum(Bytes bytes, uint32_t sum = 0);

/// An end of a UDP conversation.
struct Endpoint {
    uint32_t address = 0;
    Mac mac{};
    uint16_t port = 0;
};

inline constexpr uint32_t ethernet_header = 14, ip_header = 20, udp_header = 8;
inline constexpr uint32_t headers = ethernet_header + ip_header + udp_header;
inline constexpr uint32_t most_payload = ethernet::most_bytes - headers;

struct Packet {
    enum class Kind : uint8_t {
        malformed,  // a length or a checksum does not fit: `fault` says what
        other,      // not one of these
        arp,
        echo_request,
        udp
    };
    Kind kind = Kind::other;
    const char* fault = "";
    Endpoint from, to;  // as far as the kind has them
    uint16_t operation =
        0;          // of ARP: 1 request, 2 reply; `from` the sender's, `to` the target's addresses
    Bytes payload;  // of UDP; of ICMP the whole message
    Mac destination{};  // of the frame
};
/// The payload points into the frame.
Packet read(Bytes frame);

/// Why a peer with this MAC address does not take a frame, as the place at which it is dropped:
/// "peer fcs", "peer length", "peer address" (unless it takes `all`) or "peer checksum"; null: it
/// takes it.
const char* refusal(const Frame& frame, const Packet& packet, const Mac& own, bool all = false);

/// A frame with a UDP datagram. A payload that does not fit into one frame is cut.
std::vector<uint8_t> udp(const Endpoint& from, const Endpoint& to, Bytes payload,
                         uint16_t identification = 0);
/// Fills in both checksums and lengths of a frame that `udp` made, whose payload was then changed.
void seal_udp(std::vector<uint8_t>& frame, size_t payload_bytes);
std::vector<uint8_t> arp(uint16_t operation, const Endpoint& from, const Endpoint& to);
/// What a host with this address answers to an ARP request for it or an echo request to it; empty:
/// nothing.
std::vector<uint8_t> answer(const Endpoint& host, const Packet& packet);

}  // namespace sb::bus::internet
