// SPDX-License-Identifier: Apache-2.0
#include "network/services/busy_polling.h"

#include "network/phase.h"

namespace guest {

bool BusyPolling::run() {
    const Phases::Scope phase(Phase::kBottomHalf);
    for (Interface* interface : interfaces_) {
        poll(*interface, budget_, stack_);
        if (interface->is_sending()) interface->continue_sending(kUnlimited);
    }
    return true;
}

}  // namespace guest
