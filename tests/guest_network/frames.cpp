// SPDX-License-Identifier: Apache-2.0
#include "tests/guest_network/frames.h"

namespace sb::test {

uint16_t internet_checksum(const Bytes& bytes) {
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes.size(); i += 2) {
        sum += static_cast<uint8_t>(bytes[i]) << 8;
        if (i + 1 < bytes.size()) sum += static_cast<uint8_t>(bytes[i + 1]);
    }
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~sum);
}

Bytes big16(uint32_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }
Bytes big32(uint32_t value) { return big16(value >> 16) + big16(value & 0xffff); }

void put16(Bytes& bytes, size_t offset, uint32_t value) {
    bytes.at(offset) = static_cast<char>(value >> 8);
    bytes.at(offset + 1) = static_cast<char>(value);
}

uint32_t number_at(const Bytes& bytes, size_t offset, size_t length) {
    uint32_t value = 0;
    for (size_t i = 0; i < length; ++i)
        value = value << 8 | static_cast<uint8_t>(bytes.at(offset + i));
    return value;
}

uint32_t address(unsigned network, unsigned host) { return 10u << 24 | network << 8 | host; }

Bytes hardware_address(unsigned network, unsigned host) {
    return Bytes("\x02\0\0\0", 4) + static_cast<char>(network) + static_cast<char>(host);
}

Bytes ethernet(const Bytes& to, const Bytes& from, uint16_t type, const Bytes& payload) {
    Bytes frame = to + from + big16(type) + payload;
    if (frame.size() < 60) frame.resize(60, '\0');
    return frame;
}

Bytes ipv4(uint32_t from, uint32_t to, uint8_t protocol, const Bytes& payload, uint8_t time_to_live,
           uint16_t fragment) {
    const uint32_t total = 20 + static_cast<uint32_t>(payload.size());
    Bytes header = Bytes("\x45\0", 2) + big16(total) + big16(1) + big16(fragment) +
                   static_cast<char>(time_to_live) + static_cast<char>(protocol) + big16(0) +
                   big32(from) + big32(to);
    put16(header, 10, internet_checksum(header));
    return header + payload;
}

Bytes udp(uint32_t from, uint32_t to, uint16_t from_port, uint16_t to_port, const Bytes& data) {
    const uint32_t length = 8 + static_cast<uint32_t>(data.size());
    Bytes datagram = big16(from_port) + big16(to_port) + big16(length) + big16(0) + data;
    const Bytes pseudo = big32(from) + big32(to) + big16(17) + big16(length);
    put16(datagram, 6, internet_checksum(pseudo + datagram));
    return ipv4(from, to, 17, datagram);
}

Bytes echo_request(uint16_t sequence, const Bytes& data) {
    Bytes message = Bytes("\x08\0", 2) + big16(0) + big16(0x5b) + big16(sequence) + data;
    put16(message, 2, internet_checksum(message));
    return message;
}

Bytes arp(uint16_t operation, const Bytes& sender_mac, uint32_t sender, const Bytes& target_mac,
          uint32_t target) {
    return big16(1) + big16(0x0800) + Bytes("\6\4", 2) + big16(operation) + sender_mac +
           big32(sender) + target_mac + big32(target);
}

}  // namespace sb::test
