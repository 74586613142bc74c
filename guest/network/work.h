// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_WORK_H
#define GUEST_NETWORK_WORK_H

#include <cstdint>

namespace guest {

// Stands for what a bigger kernel or program would do with a packet: so many times round a loop of
// two instructions.
inline void work(uint32_t loops) {
    for (; loops != 0; --loops) asm volatile("");
}

}  // namespace guest

#endif
