// SPDX-License-Identifier: Apache-2.0
#include "network/moderation/moderation.h"
#include "network/tick.h"

namespace guest {

void ModerationPolicy::change(NetworkDevice& device, const Moderation& moderation) {
    device.set_moderation(moderation);
    ++changes_;
    last_change_ = tick::count();
}

void StaticModeration::start(NetworkDevice& device, ModerationState&) {
    change(device, moderation_);
}

}  // namespace guest
