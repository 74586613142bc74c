// SPDX-License-Identifier: Apache-2.0
#include "network/application.h"
#include "network/drop.h"
#include "network/phase.h"
#include "network/work.h"

namespace guest {

void Forwarder::open(NetworkStack& stack, PacketHandler& entrance) {
    stack.set_forwarder(entrance);
}

// The time to live is the high byte of its word in memory's order of checksums: see checksum.h.
void Forwarder::handle(Packet& packet) {
    work(work_);
    auto& header = *reinterpret_cast<Ipv4Header*>(packet.data);
    PacketPool& pool = packet.interface->pool();
    if (header.time_to_live <= 1) return Drops::drop(packet, DropPlace::kExpired, pool);
    --header.time_to_live;
    constexpr uint16_t kOne = Big16(0x0100).in_memory();
    header.checksum = checksum::replaced(header.checksum, kOne, 0);

    const Ipv4Address destination = header.destination;
    for (Interface* interface : interfaces_) {
        if (!interface->reaches(destination) || interface == packet.interface) continue;
        packet::protocol_done(packet.number);
        served_ = served_ + 1;
        return interface->send_ipv4(packet, destination);
    }
    Drops::drop(packet, DropPlace::kNoRoute, pool);
}

}  // namespace guest
