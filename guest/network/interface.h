// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_INTERFACE_H
#define GUEST_NETWORK_INTERFACE_H

// A controller with an address, and the queue of what waits to be sent by it.

#include <cstdint>

#include "drivers/network_device.h"
#include "network/arp.h"
#include "network/ipv4.h"

namespace guest {

class Interface {
  public:
    Interface(NetworkDevice& device, PacketPool& pool, Ipv4Address address, uint32_t output_limit)
        : device_(device), pool_(pool), address_(address), output_(output_limit) {
        device.set_interface(*this);
    }

    NetworkDevice& device() { return device_; }
    PacketPool& pool() { return pool_; }
    Arp& arp() { return arp_; }
    Ipv4Address address() const { return address_; }

    // Whether the address is on this interface's network: a /24.
    bool reaches(Ipv4Address address) const { return ((address ^ address_) & kNetmask) == 0; }

    // Sends a packet that begins with its IPv4 header to a neighbour: asks for its hardware address
    // first where that is not known.
    void send_ipv4(Packet& packet, Ipv4Address neighbour);

    // Sends a packet that has its Ethernet header: at once, or as soon as there is room; drops it
    // where too many wait.
    void send(Packet& packet);

    // Takes back what has been sent, and sends what waits: up to `budget` of each. To be called
    // after the controller has sent something. Says how much it did.
    uint32_t continue_sending(uint32_t budget);
    bool is_sending() const { return device_.in_transmission() != 0 || !output_.empty(); }

    static constexpr Ipv4Address kNetmask = 0xffffff00;
    static constexpr uint32_t kDefaultOutputLimit = 50;  // 4.4BSD's IFQ_MAXLEN.

  private:
    NetworkDevice& device_;
    PacketPool& pool_;
    Ipv4Address address_;
    Arp arp_{*this};
    PacketQueue output_;
};

}  // namespace guest

#endif
