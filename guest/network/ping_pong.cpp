// SPDX-License-Identifier: Apache-2.0
#include "network/application.h"
#include "network/phase.h"
#include "network/work.h"
#include "runtime/memory.h"
#include "runtime/print.h"

namespace guest {

void PingPong::open(NetworkStack& stack, PacketHandler& entrance) { stack.listen(kPort, entrance); }

void PingPong::handle(Packet& packet) {
    const Phases::Scope phase(Phase::kApplication);
    work(work_);
    const bool is_present =
        packet.bytes == bytes_ && *reinterpret_cast<const Big32*>(packet.data) == served_;
    packet::served(packet.number);
    packet.interface->pool().give(packet);
    if (!is_present) return;  // One that was sent again as well.
    served_ = served_ + 1;
    send();
}

void PingPong::send() {
    Packet* packet = interface_.pool().take();
    if (packet == nullptr) return;
    packet->bytes = bytes_;
    memset(packet->data, 0, bytes_);
    *reinterpret_cast<Big32*>(packet->data) = served_;
    ++sent_;
    send_udp(*packet, interface_, {.to = peer_, .to_port = udp_port::kEcho, .from_port = kPort});
}

void PingPong::report() const {
    print("sent={} ", sent_);
    report_metric("sent", sent_);
}

}  // namespace guest
