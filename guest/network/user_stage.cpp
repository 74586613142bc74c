// SPDX-License-Identifier: Apache-2.0
#include "network/user_stage.h"

#include "network/bottom_half.h"
#include "network/drop.h"
#include "network/phase.h"
#include "network/work.h"

namespace guest {

// A full queue inhibits the input also when the clock has just let it on again.
void UserStage::handle(Packet& packet) {
    bool has_room;
    {
        const InterruptGuard guard;
        has_room = queue_.put(packet);
        if (limits_.high != 0 && queue_.length() >= limits_.high && !inhibited_) {
            inhibited_ = true;
            ticks_ = 0;
            service_.inhibit_input();
        }
    }
    if (!has_room) Drops::drop(packet, DropPlace::kUserQueue, packet.interface->pool());
}

// The process works with everything on. What it then has the kernel do is the bottom half's
// business as well, and keeps that back.
bool UserStage::run() {
    Packet* packet;
    {
        const InterruptGuard guard;
        packet = queue_.take();
    }
    if (packet == nullptr) return false;
    const Phases::Scope phase(Phase::kApplication);
    work(limits_.work);
    const bottom_half::Hold hold;
    application_.handle(*packet);
    const InterruptGuard guard;
    if (inhibited_ && queue_.length() <= limits_.low) resume();
    return true;
}

void UserStage::tick() {
    if (!inhibited_ || ++ticks_ < limits_.ticks) return;
    ++timeouts_;
    resume();
}

void UserStage::resume() {
    inhibited_ = false;
    service_.resume_input();
}

}  // namespace guest
