// SPDX-License-Identifier: Apache-2.0
#include "network/interface.h"

#include "network/drop.h"

namespace guest {

void Interface::send_ipv4(Packet& packet, Ipv4Address neighbour) {
    const MacAddress* mac = arp_.find(neighbour);
    packet.push(sizeof(EthernetHeader));
    auto& header = *reinterpret_cast<EthernetHeader*>(packet.data);
    header.source = device_.mac();
    header.type = ether_type::kIpv4;
    if (mac == nullptr) return arp_.hold(packet, neighbour);
    header.destination = *mac;
    send(packet);
}

// What waits goes first. A handler may send and continue sending too.
void Interface::send(Packet& packet) {
    {
        const InterruptGuard guard;
        if (output_.empty() && device_.transmit(packet)) return;
        if (output_.put(packet)) return;
    }
    Drops::drop(packet, DropPlace::kOutputQueue, pool_);
}

uint32_t Interface::continue_sending(uint32_t budget) {
    const InterruptGuard guard;
    const uint32_t reclaimed = device_.reclaim(budget);
    uint32_t sent = 0;
    while (sent < budget && !output_.empty() && device_.transmit(*output_.front())) {
        output_.take();
        ++sent;
    }
    return reclaimed + sent;
}

}  // namespace guest
