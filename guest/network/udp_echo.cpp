// SPDX-License-Identifier: Apache-2.0
#include "network/application.h"
#include "network/phase.h"
#include "network/work.h"

namespace guest {

void UdpEcho::open(NetworkStack& stack, PacketHandler& entrance) {
    stack.listen(udp_port::kEcho, entrance);
}

void UdpEcho::handle(Packet& packet) {
    const Phases::Scope phase(Phase::kApplication);
    work(work_);
    served_ = served_ + 1;
    packet::served(packet.number);
    send_back(packet);
}

}  // namespace guest
