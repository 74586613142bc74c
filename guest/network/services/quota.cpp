// SPDX-License-Identifier: Apache-2.0
#include "network/services/quota.h"

#include "network/bottom_half.h"

namespace guest {

void Quota::top_half(Port& port, uint8_t) {
    schedule(port);
    bottom_half::request();
}

// The thread comes before all programs, and so does not return as long as there is work.
void Quota::bottom_half() {
    bool more = true;
    while (more) {
        more = false;
        for (Port& port : ports()) {
            if (port.scheduled && serve(port)) more = true;
        }
    }
}

// Whether there may be more. Where the input is inhibited, only what is sent interrupts.
bool Quota::serve(Port& port) {
    uint32_t received = 0;
    if (!inhibited_) received = poll(*port.interface, quota_, stack_);
    const uint32_t sent = port.interface->continue_sending(quota_);
    if ((!inhibited_ && received == quota_) || sent >= quota_) return true;
    moderate(port);
    const InterruptGuard guard;  // The clock may end the inhibition at any time.
    const uint8_t causes = inhibited_ ? cause::kTransmit | cause::kLink : cause::kAll;
    return !rearm(port, causes);
}

void Quota::inhibit_input() {
    inhibited_ = true;
    ++statistics_.inhibits;
}

// The thread is to look at what has come meanwhile.
void Quota::resume_input() {
    const InterruptGuard guard;
    inhibited_ = false;
    for (Port& port : ports()) schedule(port);
    bottom_half::request();
}

}  // namespace guest
