// SPDX-License-Identifier: Apache-2.0
#include "bus/internet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace sb::bus::internet {
namespace {

// Ethernet types and IP protocols, by IANA's numbers.
constexpr uint16_t type_ip = 0x0800, type_arp = 0x0806;
constexpr uint8_t protocol_icmp = 1, protocol_udp = 17;
constexpr uint16_t arp_ethernet = 1;
constexpr size_t arp_bytes = 28, icmp_header = 8;
constexpr uint8_t icmp_echo_reply = 0, icmp_echo_request = 8;
constexpr uint8_t time_to_live = 64;
constexpr size_t vlan_tag_bytes = 4;
constexpr uint16_t more_fragments = 0x2000, fragment_offset = 0x1fff;

uint32_t sum_of(Bytes bytes, uint32_t sum) {
    for (size_t i = 0; i + 1 < bytes.size(); i += 2) sum += get16(&bytes[i]);
    if (bytes.size() % 2) sum += uint32_t{bytes.back()} << 8;
    return sum;
}

uint32_t pseudo_header(uint32_t from, uint32_t to, uint8_t protocol, size_t bytes) {
    return (from >> 16) + (from & 0xffff) + (to >> 16) + (to & 0xffff) + protocol +
           static_cast<uint32_t>(bytes);
}

void put_mac(uint8_t* at, const Mac& mac) { std::copy(mac.begin(), mac.end(), at); }
Mac get_mac(const uint8_t* at) {
    Mac mac;
    std::copy_n(at, mac.size(), mac.begin());
    return mac;
}

void put_ethernet(std::vector<uint8_t>& frame, const Mac& from, const Mac& to, uint16_t type) {
    put_mac(&frame[0], to);
    put_mac(&frame[6], from);
    put16(&frame[12], type);
}

/// A frame with room for so many bytes behind the IP header, padded.
std::vector<uint8_t> ip_frame(const Endpoint& from, const Endpoint& to, uint8_t protocol,
                              size_t bytes, uint16_t identification) {
    std::vector<uint8_t> frame(
        std::max<size_t>(ethernet_header + ip_header + bytes, ethernet::least_bytes));
    put_ethernet(frame, from.mac, to.mac, type_ip);
    uint8_t* ip = &frame[ethernet_header];
    ip[0] = 0x45;  // version 4, five words
    put16(ip + 2, static_cast<uint16_t>(ip_header + bytes));
    put16(ip + 4, identification);
    ip[8] = time_to_live;
    ip[9] = protocol;
    put32(ip + 12, from.address);
    put32(ip + 16, to.address);
    put16(ip + 10, checksum({ip, ip_header}));
    return frame;
}

Packet malformed(Packet packet, const char* fault) {
    packet.kind = Packet::Kind::malformed;
    packet.fault = fault;
    return packet;
}

Packet read_arp(Packet packet, Bytes bytes) {
    if (bytes.size() < arp_bytes) return malformed(packet, length_fault);
    if (get16(&bytes[0]) != arp_ethernet || get16(&bytes[2]) != type_ip || bytes[4] != 6 ||
        bytes[5] != 4)
        return packet;
    packet.kind = Packet::Kind::arp;
    packet.operation = get16(&bytes[6]);
    packet.from = {get32(&bytes[14]), get_mac(&bytes[8]), 0};
    packet.to = {get32(&bytes[24]), get_mac(&bytes[18]), 0};
    return packet;
}

Packet read_udp(Packet packet, Bytes bytes) {
    if (bytes.size() < udp_header) return malformed(packet, length_fault);
    const size_t length = get16(&bytes[4]);
    if (length < udp_header || length > bytes.size()) return malformed(packet, length_fault);
    bytes = bytes.first(length);
    const uint32_t pseudo =
        pseudo_header(packet.from.address, packet.to.address, protocol_udp, length);
    // A sender that makes no checksum sends 0.
    if (get16(&bytes[6]) != 0 && checksum(bytes, pseudo) != 0)
        return malformed(packet, checksum_fault);
    packet.kind = Packet::Kind::udp;
    packet.from.port = get16(&bytes[0]);
    packet.to.port = get16(&bytes[2]);
    packet.payload = bytes.subspan(udp_header);
    return packet;
}

Packet read_icmp(Packet packet, Bytes bytes) {
    if (bytes.size() < icmp_header) return malformed(packet, length_fault);
    if (checksum(bytes) != 0) return malformed(packet, checksum_fault);
    if (bytes[0] != icmp_echo_request || bytes[1] != 0) return packet;
    packet.kind = Packet::Kind::echo_request;
    packet.payload = bytes;
    return packet;
}

Packet read_ip(Packet packet, Bytes bytes) {
    if (bytes.size() < ip_header) return malformed(packet, length_fault);
    const size_t header = size_t{bytes[0] & 0xfu} * 4, total = get16(&bytes[2]);
    if (bytes[0] >> 4 != 4) return packet;
    if (header < ip_header || total < header || total > bytes.size())
        return malformed(packet, length_fault);
    if (checksum(bytes.first(header)) != 0) return malformed(packet, checksum_fault);
    packet.from.address = get32(&bytes[12]);
    packet.to.address = get32(&bytes[16]);
    if (get16(&bytes[6]) & (more_fragments | fragment_offset)) return packet;
    const Bytes body = bytes.subspan(header, total - header);
    if (bytes[9] == protocol_udp) return read_udp(packet, body);
    if (bytes[9] == protocol_icmp) return read_icmp(packet, body);
    return packet;
}

}  // namespace

Mac parse_mac(const std::string& text) {
    Mac mac;
    unsigned v[6];
    char end = 0;
    const bool shape =
        text.size() == 17 && text.find_first_not_of("0123456789abcdefABCDEF:") == std::string::npos;
    if (!shape || std::sscanf(text.c_str(), "%2x:%2x:%2x:%2x:%2x:%2x%c", &v[0], &v[1], &v[2], &v[3],
                              &v[4], &v[5], &end) != 6)
        throw Error(fmt::format("\"{}\" is not a MAC address such as 52:54:00:12:34:56", text));
    std::copy(v, v + 6, mac.begin());
    return mac;
}

Mac station_address(const std::string& owner, const Config& config) {
    const std::string& text = config.text("mac");
    const std::string where = fmt::format("{}.mac: ", owner);
    try {
        const Mac mac = parse_mac(text);
        if ((mac[0] & 1) == 0) return mac;
    } catch (const Error& error) {
        throw Error(where + error.what());
    }
    throw Error(fmt::format(
        "{}\"{}\" is a group's address, not a station's; make its first byte even, as in 02:00:00:00:00:01",
        where, text));
}

uint32_t parse_address(const std::string& text) {
    unsigned v[4];
    char end = 0;
    const bool shape = text.find_first_not_of("0123456789.") == std::string::npos;
    if (!shape ||
        std::sscanf(text.c_str(), "%3u.%3u.%3u.%3u%c", &v[0], &v[1], &v[2], &v[3], &end) != 4 ||
        std::any_of(v, v + 4, [](unsigned part) { return part > 255; }))
        throw Error(fmt::format("\"{}\" is not an IPv4 address such as 10.0.2.15", text));
    return v[0] << 24 | v[1] << 16 | v[2] << 8 | v[3];
}

std::string address_text(uint32_t address) {
    return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 255, address >> 8 & 255,
                       address & 255);
}

void put16(uint8_t* at, uint16_t v) {
    at[0] = static_cast<uint8_t>(v >> 8);
    at[1] = static_cast<uint8_t>(v);
}
void put32(uint8_t* at, uint32_t v) {
    put16(at, static_cast<uint16_t>(v >> 16));
    put16(at + 2, static_cast<uint16_t>(v));
}
void put64(uint8_t* at, uint64_t v) {
    put32(at, static_cast<uint32_t>(v >> 32));
    put32(at + 4, static_cast<uint32_t>(v));
}

uint16_t checksum(Bytes bytes, uint32_t sum) {
    sum = sum_of(bytes, sum);  // at most 32768 words of 16 bits: no overflow
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~sum);
}

Packet read(Bytes frame) {
    Packet packet;
    if (frame.size() < ethernet_header) return malformed(packet, length_fault);
    packet.destination = get_mac(&frame[0]);
    packet.to.mac = packet.destination;
    packet.from.mac = get_mac(&frame[6]);
    const Bytes body = frame.subspan(ethernet_header);
    switch (get16(&frame[12])) {
        case type_arp:
            return read_arp(packet, body);
        case type_ip:
            return read_ip(packet, body);
        default:
            return packet;
    }
}

const char* refusal(const Frame& frame, const Packet& packet, const Mac& own, bool all) {
    const size_t bytes = frame.bytes.size();
    const bool group = packet.destination[0] & 1;
    if (frame.damaged) return "peer fcs";
    if (bytes < ethernet::least_bytes || bytes > ethernet::most_bytes + vlan_tag_bytes)
        return "peer length";
    if (!all && !group && packet.destination != own) return "peer address";
    if (packet.kind != Packet::Kind::malformed) return nullptr;
    return packet.fault == checksum_fault ? "peer checksum" : "peer length";
}

std::vector<uint8_t> udp(const Endpoint& from, const Endpoint& to, Bytes payload,
                         uint16_t identification) {
    payload = payload.first(std::min<size_t>(payload.size(), most_payload));
    std::vector<uint8_t> frame =
        ip_frame(from, to, protocol_udp, udp_header + payload.size(), identification);
    uint8_t* at = &frame[ethernet_header + ip_header];
    put16(at, from.port);
    put16(at + 2, to.port);
    std::copy(payload.begin(), payload.end(), at + udp_header);
    seal_udp(frame, payload.size());
    return frame;
}

void seal_udp(std::vector<uint8_t>& frame, size_t payload_bytes) {
    uint8_t* ip = &frame[ethernet_header];
    uint8_t* at = ip + ip_header;
    const size_t length = udp_header + payload_bytes;
    put16(at + 4, static_cast<uint16_t>(length));
    put16(at + 6, 0);
    const uint16_t sum =
        checksum({at, length}, pseudo_header(get32(ip + 12), get32(ip + 16), protocol_udp, length));
    put16(at + 6, sum == 0 ? 0xffff : sum);  // 0 says that there is none
}

std::vector<uint8_t> arp(uint16_t operation, const Endpoint& from, const Endpoint& to) {
    std::vector<uint8_t> frame(ethernet::least_bytes);
    put_ethernet(frame, from.mac, operation == arp_request ? everybody : to.mac, type_arp);
    uint8_t* at = &frame[ethernet_header];
    put16(at, arp_ethernet);
    put16(at + 2, type_ip);
    at[4] = 6;
    at[5] = 4;
    put16(at + 6, operation);
    put_mac(at + 8, from.mac);
    put32(at + 14, from.address);
    put_mac(at + 18, operation == arp_request ? Mac{} : to.mac);
    put32(at + 24, to.address);
    return frame;
}

std::vector<uint8_t> answer(const Endpoint& host, const Packet& packet) {
    if (packet.to.address != host.address) return {};
    if (packet.kind == Packet::Kind::arp)
        return packet.operation == arp_request ? arp(arp_reply, host, packet.from)
                                               : std::vector<uint8_t>{};
    if (packet.kind != Packet::Kind::echo_request) return {};
    std::vector<uint8_t> frame =
        ip_frame(host, packet.from, protocol_icmp, packet.payload.size(), 0);
    uint8_t* at = &frame[ethernet_header + ip_header];
    std::copy(packet.payload.begin(), packet.payload.end(), at);
    at[0] = icmp_echo_reply;
    put16(at + 2, 0);
    put16(at + 2, checksum({at, packet.payload.size()}));
    return frame;
}

}  // namespace sb::bus::internet
