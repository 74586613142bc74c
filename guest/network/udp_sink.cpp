// SPDX-License-Identifier: Apache-2.0
#include "network/application.h"
#include "network/phase.h"
#include "network/work.h"
#include "runtime/print.h"

namespace guest {

void UdpSink::open(NetworkStack& stack, PacketHandler& entrance) {
    stack.listen(udp_port::kDiscard, entrance);
}

void UdpSink::handle(Packet& packet) {
    const Phases::Scope phase(Phase::kApplication);
    work(work_);
    if (packet.bytes >= sizeof(Big32)) {
        const uint32_t number = *reinterpret_cast<const Big32*>(packet.data);
        if (served_ == 0) expected_ = number;  // It may not have been there from the beginning.
        const int32_t ahead = static_cast<int32_t>(number - expected_);
        if (ahead < 0) {
            ++late_;
        } else {
            missing_ += ahead;
            expected_ = number + 1;
        }
    } else {
        ++unnumbered_;
    }
    served_ = served_ + 1;
    packet::served(packet.number);
    packet.interface->pool().give(packet);
}

void UdpSink::report() const {
    print("missing={} late={} unnumbered={} ", missing_, late_, unnumbered_);
    report_metric("missing", missing_);
    report_metric("late", late_);
    report_metric("unnumbered", unnumbered_);
}

}  // namespace guest
