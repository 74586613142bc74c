// SPDX-License-Identifier: Apache-2.0
#include "network/services/clocked.h"

#include "network/phase.h"

namespace guest {

bool Clocked::run() {
    if (!due_) return false;
    due_ = false;
    const Phases::Scope phase(Phase::kBottomHalf);
    for (Interface* interface : interfaces_) {
        interface->continue_sending(kUnlimited);
        poll(*interface, budget_, stack_);
    }
    return true;
}

}  // namespace guest
