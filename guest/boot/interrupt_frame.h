// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_BOOT_INTERRUPT_FRAME_H
#define GUEST_BOOT_INTERRUPT_FRAME_H

#include <cstdint>

namespace guest {

// What the interrupted code was doing: the stack as interrupt_entry.S leaves it, lowest address
// first. A handler may change it, and what it leaves there is what the interrupted code gets back;
// advancing `eip`, for example, skips the instruction that raised an exception.
struct InterruptFrame {
    // Pushed by PUSHAD. Its ESP is the one from before PUSHAD itself, and POPAD ignores it.
    uint32_t edi, esi, ebp, esp_ignored, ebx, edx, ecx, eax;
    // Pushed by the entry point.
    uint32_t vector;
    uint32_t error_code;  // 0 where the vector has none.
    // Pushed by the processor. ESP and SS follow only where the interrupted code had another
    // privilege level.
    uint32_t eip, cs, eflags;
};

}  // namespace guest

#endif
