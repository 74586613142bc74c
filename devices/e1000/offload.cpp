// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/offload.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sb::devices::e1000 {
namespace {

constexpr uint32_t polynomial = 0xedb88320;  // of the FCS, reflected

constexpr std::array<uint32_t, 256> fcs_table() {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ polynomial : value >> 1;
        table[i] = value;
    }
    return table;
}

constexpr uint8_t protocol_tcp = 6, protocol_udp = 17;
constexpr uint32_t type_ipv4 = 0x0800, type_ipv6 = 0x86dd;
constexpr uint32_t type_least = 0x0600;  // below, it is a length
constexpr uint32_t snap_bytes = 8;
constexpr uint32_t ethernet_header = 14;

uint16_t word(std::span<const uint8_t> bytes, size_t at) {
    return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

void put_word(std::span<uint8_t> bytes, size_t at, uint32_t value) {
    if (at + 2 > bytes.size()) return;
    bytes[at] = static_cast<uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<uint8_t>(value);
}

uint16_t fold(uint64_t sum) {
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(sum);
}

/// The transport's part of a packet: from its header to the end of the IP packet.
void check_transport(std::span<const uint8_t> part, uint8_t protocol, uint64_t addresses,
                     ReceivedChecksums& found) {
    const size_t least = protocol == protocol_tcp ? 20 : 8;
    if ((protocol != protocol_tcp && protocol != protocol_udp) || part.size() < least) return;
    if (protocol == protocol_udp && word(part, 6) == 0) return;
    found.transport = true;
    const uint64_t sum = addresses + protocol + part.size() + ones_sum(part);
    found.transport_good = fold(sum) == 0xffff;
}

void check_ipv4(std::span<const uint8_t> packet, ReceivedChecksums& found) {
    if (packet.size() < 20) return;
    const uint32_t header = 4u * (packet[0] & 15);
    const uint32_t length = word(packet, 2);
    if (packet[0] >> 4 != 4 || header < 20 || header > packet.size()) return;
    found.ip = true;
    found.ip_good = ones_sum(packet.first(header)) == 0xffff;
    const bool fragment = word(packet, 6) & 0x3fff;
    if (fragment || length < header || length > packet.size()) return;
    check_transport(packet.subspan(header, length - header), packet[9],
                    ones_sum(packet.subspan(12, 8)), found);
}

void check_ipv6(std::span<const uint8_t> packet, ReceivedChecksums& found) {
    constexpr uint32_t header = 40;
    if (packet.size() < header || packet[0] >> 4 != 6) return;
    const uint32_t length = word(packet, 4);
    if (header + length > packet.size()) return;
    check_transport(packet.subspan(header, length), packet[6], ones_sum(packet.subspan(8, 32)),
                    found);
}

}  // namespace

/// In the host's words: the sum does not care for the order of bytes, only its result does (RFC
/// 1071, 2).
uint16_t ones_sum(std::span<const uint8_t> bytes, uint32_t start) {
    uint64_t sum = 0;
    size_t at = start;
    for (; at + 4 <= bytes.size(); at += 4) {
        uint32_t words;
        std::memcpy(&words, bytes.data() + at, sizeof words);
        sum += words;
    }
    uint32_t rest = 0;
    if (at < bytes.size()) std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
    const uint16_t folded = fold(sum + rest);
    return static_cast<uint16_t>(folded << 8 | folded >> 8);
}

uint32_t fcs(std::span<const uint8_t> bytes) {
    static constexpr auto table = fcs_table();
    uint32_t value = ~0u;
    for (uint8_t byte : bytes) value = value >> 8 ^ table[(value ^ byte) & 0xff];
    return ~value;
}

ReceivedChecksums check_received(std::span<const uint8_t> frame) {
    ReceivedChecksums found;
    if (frame.size() < ethernet_header) return found;
    uint32_t at = ethernet_header;
    uint32_t type = word(frame, 12);
    if (type < type_least) {
        constexpr std::array<uint8_t, 6> snap{0xaa, 0xaa, 0x03, 0, 0, 0};
        if (frame.size() < at + snap_bytes ||
            !std::equal(snap.begin(), snap.end(), frame.begin() + at))
            return found;
        type = word(frame, at + 6);
        at += snap_bytes;
    }
    if (type == type_ipv4) check_ipv4(frame.subspan(at), found);
    if (type == type_ipv6) check_ipv6(frame.subspan(at), found);
    return found;
}

void insert_checksum(std::span<uint8_t> frame, const ChecksumPlan& plan, bool zero_is_ones) {
    const size_t end = plan.end == 0 ? frame.size() : std::min<size_t>(plan.end + 1, frame.size());
    if (plan.start >= end || plan.at + 2 > frame.size()) return;
    uint16_t sum = static_cast<uint16_t>(~ones_sum(frame.first(end), plan.start));
    if (sum == 0 && zero_is_ones) sum = 0xffff;
    put_word(frame, plan.at, sum);
}

void update_header(std::span<uint8_t> frame, const Segmentation& what, uint32_t index,
                   uint32_t offset, bool last) {
    const auto bytes = static_cast<uint32_t>(frame.size());
    const auto here = [&](size_t at) { return at + 2 <= bytes ? word(frame, at) : 0; };
    const uint32_t ip = what.ip, transport = what.transport;
    if (what.ipv4) {
        put_word(frame, ip + 2, bytes - std::min(ip, bytes));
        put_word(frame, ip + 4, here(ip + 4) + index);
    } else {
        // 3.5.9.1 has HDRLEN - IPCSS in the formula, where RFC 8200 leaves the fixed header of 40
        // bytes out.
        put_word(frame, ip + 4, bytes - std::min(ip + 40, bytes));
    }
    if (!what.tcp) {
        put_word(frame, transport + 4, bytes - std::min(transport, bytes));
        return;
    }
    const uint32_t sequence =
        (static_cast<uint32_t>(here(transport + 4)) << 16 | here(transport + 6)) + offset;
    put_word(frame, transport + 4, sequence >> 16);
    put_word(frame, transport + 6, sequence & 0xffff);
    constexpr uint8_t fin_and_push = 0x09;
    if (!last && transport + 13 < bytes)
        frame[transport + 13] = static_cast<uint8_t>(frame[transport + 13] & ~fin_and_push);
}

void add_length(std::span<uint8_t> frame, const ChecksumPlan& plan) {
    if (plan.at + 2 > frame.size() || plan.start > frame.size()) return;
    put_word(frame, plan.at, fold(uint64_t{word(frame, plan.at)} + (frame.size() - plan.start)));
}

}  // namespace sb::devices::e1000
