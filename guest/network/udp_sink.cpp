// SPDX-License-Identifier: Apache-2.0
#include "network/application.h"
#include "network/phase.h"
#include "network/work.h"
#include "runtime/print.h"

namespace guest {
namespace {

// What traffic sources put at the beginning of a datagram: "SB", a number of 64 bits, and a time.
struct [[gnu::packed]] Stamp {
    Big16 magic;
    Big32 number_high;
    Big32 number;
    Big32 time[2];
};
constexpr uint16_t kStampMagic = 'S' << 8 | 'B';

uint32_t number_of(const Packet& packet) {
    const auto& stamp = *reinterpret_cast<const Stamp*>(packet.data);
    if (packet.bytes >= sizeof(Stamp) && stamp.magic == kStampMagic) return stamp.number;
    return *reinterpret_cast<const Big32*>(packet.data);
}

}  // namespace

void UdpSink::open(NetworkStack& stack, PacketHandler& entrance) {
    stack.listen(udp_port::kDiscard, entrance);
}

void UdpSink::handle(Packet& packet) {
    const Phases::Scope phase(Phase::kApplication);
    work(work_);
    if (packet.bytes >= sizeof(Big32)) {
        const uint32_t number = number_of(packet);
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
