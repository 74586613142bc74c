// SPDX-License-Identifier: Apache-2.0
#include "network/services/classic.h"

#include "network/bottom_half.h"
#include "network/drop.h"

namespace guest {

// Everything that has come, and only then what was sent: so transmission starves first. Only the
// clock interrupts this.
void Classic::top_half(Port& port, uint8_t causes) {
    const bottom_half::InterruptibleHandler interruptible;
    if (causes & (cause::kReceive | cause::kOverrun)) poll(*port.interface, kUnlimited, *this);
    if (causes & cause::kTransmit) port.interface->continue_sending(kUnlimited);
    moderate(port);
}

void Classic::handle(Packet& packet) {
    if (!queue_.put(packet)) {
        return Drops::drop(packet, DropPlace::kProtocolQueue, packet.interface->pool());
    }
    bottom_half::request();
}

void Classic::bottom_half() {
    for (;;) {
        Packet* packet;
        {
            const InterruptGuard guard;
            packet = queue_.take();
        }
        if (packet == nullptr) return;
        stack_.handle(*packet);
    }
}

}  // namespace guest
