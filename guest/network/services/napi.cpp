// SPDX-License-Identifier: Apache-2.0
#include "network/services/napi.h"

#include "network/bottom_half.h"
#include "network/phase.h"

namespace guest {

void Napi::top_half(Port& port, uint8_t) {
    schedule(port);
    if (!deferred_) bottom_half::request();
}

void Napi::bottom_half() {
    uint32_t budget = limits_.budget;
    bool more = true;
    while (more) {
        more = false;
        for (Port& port : ports()) {
            if (port.scheduled && poll_once(port, budget)) more = true;
        }
        if (more && budget == 0) {
            deferred_ = true;
            return;
        }
    }
}

// Whether there may be more.
bool Napi::poll_once(Port& port, uint32_t& budget) {
    const uint32_t weight = limits_.weight < budget ? limits_.weight : budget;
    if (weight == 0) return true;
    port.interface->continue_sending(kUnlimited);
    const uint32_t packets = poll(*port.interface, weight, stack_);
    budget -= packets;
    if (packets == weight) return true;
    moderate(port);
    return !rearm(port);
}

// What Linux's ksoftirqd does: the rest takes turns with programs.
bool Napi::run() {
    if (!deferred_) return false;
    const bottom_half::Hold hold;
    const Phases::Scope phase(Phase::kBottomHalf);
    deferred_ = false;
    bottom_half();
    return true;
}

}  // namespace guest
