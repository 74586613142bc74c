// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_STACK_H
#define GUEST_NETWORK_STACK_H

// The protocols: Ethernet, ARP, IPv4 without fragments, ICMP's echo, UDP.
//
//     NetworkStack stack;
//     stack.listen(udp_port::kEcho, echo);
//     device.poll(budget, stack);
//
// One thing at a time: the stack is not to be called again before a call has returned.

#include <cstdint>

#include "drivers/network_device.h"
#include "network/drop.h"
#include "network/ipv4.h"

namespace guest {

namespace udp_port {
inline constexpr uint16_t kEcho = 7;     // RFC 862.
inline constexpr uint16_t kDiscard = 9;  // RFC 863.
}  // namespace udp_port

class NetworkStack final : public PacketHandler {
  public:
    // Who gets the datagrams for this port. They begin with their data; their headers are still in
    // front of it, with the Ethernet header at the beginning of the buffer. False if too many
    // listen.
    bool listen(uint16_t port, PacketHandler& handler);

    // Who gets the packets that are for other stations, from their IPv4 header on. Without anyone
    // they are dropped.
    void set_forwarder(PacketHandler& handler) { forwarder_ = &handler; }

    // A packet that has been received, from its Ethernet header on.
    void handle(Packet& packet) override;

    uint32_t echoes() const { return echoes_; }  // Answered.

  private:
    void handle_ipv4(Packet& packet);
    void handle_icmp(Packet& packet);
    void handle_udp(Packet& packet, const Ipv4Header& header);
    void drop(Packet& packet, DropPlace place);

    static constexpr uint32_t kMostListeners = 4;
    struct Listener {
        uint16_t port;
        PacketHandler* handler;
    };
    Listener listeners_[kMostListeners] = {};
    uint32_t listeners_used_ = 0;
    PacketHandler* forwarder_ = nullptr;
    uint32_t echoes_ = 0;
};

// Sends a datagram back to where it came from, by the way it came: its headers are turned round,
// its data may have changed if UDP's checksum is made anew. For packets that a listener has got.
void send_back(Packet& packet);

// Puts the headers of UDP and IPv4 before a packet's data, and sends it to a neighbour.
struct UdpAddresses {
    Ipv4Address to;
    uint16_t to_port;
    uint16_t from_port;
};
void send_udp(Packet& packet, Interface& interface, const UdpAddresses& addresses);

}  // namespace guest

#endif
