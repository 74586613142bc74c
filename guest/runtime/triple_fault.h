// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_TRIPLE_FAULT_H
#define GUEST_RUNTIME_TRIPLE_FAULT_H

#include <cstdint>

namespace guest {

// Makes the processor give up: with an empty IDT an exception cannot be delivered, nor the #DF that
// this causes, and the processor shuts down (SDM volume 3, section 6.15, "Interrupt 8").
[[noreturn]] inline void triple_fault() {
    struct [[gnu::packed]] {
        uint16_t limit = 0;
        uint32_t base = 0;
    } const empty;
    asm volatile("lidt %0; ud2" ::"m"(empty));
    __builtin_unreachable();
}

}  // namespace guest

#endif
