// SPDX-License-Identifier: Apache-2.0
#include "network/services/hybrid.h"

#include "network/phase.h"

namespace guest {

void Hybrid::top_half(Port& port, uint8_t) {
    schedule(port);
    port.empty_polls = 0;
    polling_ = true;
}

bool Hybrid::run() {
    if (!polling_) return false;
    const Phases::Scope phase(Phase::kBottomHalf);
    polling_ = false;  // Until a port says otherwise, here or in its top half.
    for (Port& port : ports()) {
        if (!port.scheduled) continue;
        port.interface->continue_sending(kUnlimited);
        const uint32_t packets = poll(*port.interface, limits_.budget, stack_);
        port.empty_polls = packets == 0 ? port.empty_polls + 1 : 0;
        bool on = packets == limits_.budget || (frequent_ && port.empty_polls < limits_.spins);
        if (!on) {
            moderate(port);
            on = !rearm(port);
        }
        if (on) polling_ = true;
    }
    return true;
}

void Hybrid::tick() {
    frequent_ = statistics_.packets - packets_before_ >= limits_.threshold;
    packets_before_ = statistics_.packets;
}

}  // namespace guest
