// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_KERNELS_APIC_SHELL_H
#define GUEST_KERNELS_APIC_SHELL_H

#include "runtime/queue.h"

namespace guest::shell {

// Takes lines from `input` and does what they say, until one says "exit". Sleeps in between.
void run(CharacterQueue& input);

}  // namespace guest::shell

#endif
