// SPDX-License-Identifier: Apache-2.0
#include "network/stack.h"

#include <utility>

#include "network/drop.h"
#include "network/interface.h"
#include "network/phase.h"

namespace guest {

void NetworkStack::drop(Packet& packet, DropPlace place) {
    Drops::drop(packet, place, packet.interface->pool());
}

bool NetworkStack::listen(uint16_t port, PacketHandler& handler) {
    if (listeners_used_ == kMostListeners) return false;
    listeners_[listeners_used_++] = {port, &handler};
    return true;
}

void NetworkStack::handle(Packet& packet) {
    const Phases::Scope phase(Phase::kProtocol);
    if (packet.bytes < sizeof(EthernetHeader)) return drop(packet, DropPlace::kMalformed);
    const uint16_t type = reinterpret_cast<const EthernetHeader*>(packet.data)->type;
    if (type == ether_type::kIpv4) {
        packet.pull(sizeof(EthernetHeader));
        handle_ipv4(packet);
    } else if (type == ether_type::kArp) {
        packet.interface->arp().handle(packet);
    } else {
        drop(packet, DropPlace::kUnknownType);
    }
}

// What RFC 1122, section 3.2.1 has a receiver check. A short packet has been padded: its real
// length is in the header.
void NetworkStack::handle_ipv4(Packet& packet) {
    auto& header = *reinterpret_cast<Ipv4Header*>(packet.data);
    if (packet.bytes < sizeof(Ipv4Header)) return drop(packet, DropPlace::kMalformed);
    const uint32_t header_bytes = header.header_bytes();
    const uint32_t total_bytes = header.total_bytes;
    if (header.version_and_words >> 4 != kIpv4Version || header_bytes < sizeof(Ipv4Header) ||
        total_bytes < header_bytes || total_bytes > packet.bytes) {
        return drop(packet, DropPlace::kMalformed);
    }
    if (checksum::fold(checksum::add(&header, header_bytes)) != checksum::kRight) {
        return drop(packet, DropPlace::kChecksum);
    }
    packet.bytes = total_bytes;
    if (header.destination != packet.interface->address()) {
        if (forwarder_ == nullptr) return drop(packet, DropPlace::kNotForUs);
        return forwarder_->handle(packet);
    }
    if (header.fragment & (kMoreFragments | kFragmentOffset)) {
        return drop(packet, DropPlace::kFragment);
    }
    packet.pull(header_bytes);
    if (header.protocol == ip_protocol::kUdp) return handle_udp(packet, header);
    if (header.protocol == ip_protocol::kIcmp) return handle_icmp(packet);
    drop(packet, DropPlace::kUnknownType);
}

// An echo request becomes its reply where it lies; the checksum changes by the type.
void NetworkStack::handle_icmp(Packet& packet) {
    auto& icmp = *reinterpret_cast<IcmpHeader*>(packet.data);
    if (packet.bytes < sizeof(IcmpHeader)) return drop(packet, DropPlace::kMalformed);
    if (checksum::fold(checksum::add(&icmp, packet.bytes)) != checksum::kRight) {
        return drop(packet, DropPlace::kChecksum);
    }
    if (icmp.type != icmp_type::kEchoRequest) return drop(packet, DropPlace::kNoPort);
    packet::protocol_done(packet.number);
    packet::served(packet.number);
    ++echoes_;
    icmp.type = icmp_type::kEchoReply;
    icmp.checksum =
        checksum::replaced(icmp.checksum, icmp_type::kEchoRequest, icmp_type::kEchoReply);
    send_back(packet);
}

void NetworkStack::handle_udp(Packet& packet, const Ipv4Header& header) {
    const auto& udp = *reinterpret_cast<const UdpHeader*>(packet.data);
    if (packet.bytes < sizeof(UdpHeader)) return drop(packet, DropPlace::kMalformed);
    const uint32_t bytes = udp.bytes;
    if (bytes < sizeof(UdpHeader) || bytes > packet.bytes) {
        return drop(packet, DropPlace::kMalformed);
    }
    if (udp.checksum != 0 &&
        checksum::fold(checksum::add(&udp, bytes, pseudo_header_sum(header, bytes))) !=
            checksum::kRight) {
        return drop(packet, DropPlace::kChecksum);
    }
    const uint16_t port = udp.destination_port;
    for (uint32_t i = 0; i < listeners_used_; ++i) {
        if (listeners_[i].port != port) continue;
        packet.bytes = bytes;
        packet.pull(sizeof(UdpHeader));
        packet::protocol_done(packet.number);
        return listeners_[i].handler->handle(packet);
    }
    drop(packet, DropPlace::kNoPort);
}

// Exchanging the two addresses or ports changes no checksum.
void send_back(Packet& packet) {
    packet.push(static_cast<uint32_t>(packet.data - packet.buffer));
    packet.number = packet::kNone;  // The answer is another packet.
    auto& ethernet = *reinterpret_cast<EthernetHeader*>(packet.data);
    auto& header = *reinterpret_cast<Ipv4Header*>(&ethernet + 1);
    ethernet.destination = ethernet.source;
    ethernet.source = packet.interface->device().mac();
    const Big32 source = header.source;
    header.source = header.destination;
    header.destination = source;
    if (header.protocol == ip_protocol::kUdp) {
        auto& udp = *reinterpret_cast<UdpHeader*>(reinterpret_cast<uint8_t*>(&header) +
                                                  header.header_bytes());
        const Big16 port = udp.source_port;
        udp.source_port = udp.destination_port;
        udp.destination_port = port;
    }
    packet.interface->send(packet);
}

void send_udp(Packet& packet, Interface& interface, const UdpAddresses& addresses) {
    packet.push(sizeof(UdpHeader));
    const uint32_t udp_bytes = packet.bytes;
    auto& udp = *reinterpret_cast<UdpHeader*>(packet.data);
    udp = {.source_port = addresses.from_port,
           .destination_port = addresses.to_port,
           .bytes = static_cast<uint16_t>(udp_bytes),
           .checksum = 0};
    packet.push(sizeof(Ipv4Header));
    auto& header = *reinterpret_cast<Ipv4Header*>(packet.data);
    header = {.version_and_words = kIpv4WithoutOptions,
              .service = 0,
              .total_bytes = static_cast<uint16_t>(packet.bytes),
              .identification = 0,
              .fragment = 0,
              .time_to_live = kTimeToLive,
              .protocol = ip_protocol::kUdp,
              .checksum = 0,
              .source = interface.address(),
              .destination = addresses.to};
    header.checksum = checksum::finish(checksum::add(&header, sizeof header));
    const uint16_t sum =
        checksum::finish(checksum::add(&udp, udp_bytes, pseudo_header_sum(header, udp_bytes)));
    udp.checksum = sum != 0 ? sum : checksum::kRight;  // 0 would mean none; both are zero.
    interface.send_ipv4(packet, addresses.to);
}

}  // namespace guest
