// SPDX-License-Identifier: Apache-2.0
#include "network/moderation/moderation.h"

namespace guest {

void StaticModeration::start(NetworkDevice& device, ModerationState&) {
    device.set_moderation(moderation_);
}

}  // namespace guest
