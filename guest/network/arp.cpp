// SPDX-License-Identifier: Apache-2.0
#include "network/arp.h"

#include "network/drop.h"
#include "network/interface.h"
#include "network/tick.h"

namespace guest {
namespace {

// For IPv4 over Ethernet.
struct [[gnu::packed]] ArpPacket {
    EthernetHeader ethernet;
    Big16 hardware;
    Big16 protocol;
    uint8_t hardware_bytes;
    uint8_t protocol_bytes;
    Big16 operation;
    MacAddress sender_mac;
    Big32 sender;
    MacAddress target_mac;
    Big32 target;
};
static_assert(sizeof(ArpPacket) == 42);

constexpr uint16_t kEthernet = 1;
constexpr uint16_t kRequest = 1;
constexpr uint16_t kReply = 2;

// Makes `packet` one that says or asks something.
void build(Packet& packet, uint16_t operation, const Interface& from, const MacAddress& mac,
           const MacAddress& target_mac, Ipv4Address target) {
    auto& arp = *reinterpret_cast<ArpPacket*>(packet.data);
    arp = {.ethernet = {target_mac, mac, ether_type::kArp},
           .hardware = kEthernet,
           .protocol = ether_type::kIpv4,
           .hardware_bytes = sizeof(MacAddress),
           .protocol_bytes = sizeof(Ipv4Address),
           .operation = operation,
           .sender_mac = mac,
           .sender = from.address(),
           .target_mac = operation == kRequest ? MacAddress{} : target_mac,
           .target = target};
    packet.bytes = sizeof(ArpPacket);
}

}  // namespace

void Arp::learn(Ipv4Address neighbour, const MacAddress& mac) {
    Entry& entry = entries_[neighbour % kEntries];
    Packet* held = entry.held;
    if (held != nullptr && entry.address != neighbour) {
        Drops::drop(*held, DropPlace::kNoMacAddress, interface_.pool());
        held = nullptr;
    }
    entry = {.address = neighbour, .mac = mac, .known = true, .held = nullptr, .asked = 0};
    if (held == nullptr) return;
    reinterpret_cast<EthernetHeader*>(held->data)->destination = mac;
    interface_.send(*held);
}

void Arp::hold(Packet& packet, Ipv4Address neighbour) {
    Entry& entry = entries_[neighbour % kEntries];
    if (entry.held != nullptr)
        Drops::drop(*entry.held, DropPlace::kNoMacAddress, interface_.pool());
    const bool has_asked = entry.held != nullptr && entry.address == neighbour;
    const uint32_t now = tick::count();
    entry.held = &packet;
    if (has_asked && now - entry.asked < kTicksBetweenQuestions) return;
    entry = {.address = neighbour, .mac = {}, .known = false, .held = &packet, .asked = now};
    ask(neighbour);
}

void Arp::ask(Ipv4Address neighbour) {
    Packet* packet = interface_.pool().take();
    if (packet == nullptr) return;  // The next packet for this neighbour asks again.
    build(*packet, kRequest, interface_, interface_.device().mac(), kBroadcast, neighbour);
    interface_.send(*packet);
}

void Arp::handle(Packet& packet) {
    const auto& arp = *reinterpret_cast<const ArpPacket*>(packet.data);
    if (packet.bytes < sizeof(ArpPacket) || arp.hardware != kEthernet ||
        arp.protocol != ether_type::kIpv4 || arp.hardware_bytes != sizeof(MacAddress) ||
        arp.protocol_bytes != sizeof(Ipv4Address)) {
        return Drops::drop(packet, DropPlace::kMalformed, interface_.pool());
    }
    // Who speaks to us will be spoken to. Others only correct what is known already.
    const bool for_us = arp.target == interface_.address();
    const Ipv4Address sender = arp.sender;
    const MacAddress sender_mac = arp.sender_mac;
    const bool is_request = arp.operation == kRequest;
    if (for_us || find(sender) != nullptr) learn(sender, sender_mac);

    packet::served(packet.number);
    if (!for_us || !is_request) return interface_.pool().give(packet);
    packet.number = packet::kNone;  // The answer is another packet.
    build(packet, kReply, interface_, interface_.device().mac(), sender_mac, sender);
    interface_.send(packet);
}

}  // namespace guest
