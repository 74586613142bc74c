// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_GUESTS_CODE_BUFFER_H
#define TESTS_GUESTS_CODE_BUFFER_H

#include <cstdint>

namespace guest {

// A function in memory of the caller's choice, which returns a constant.
struct [[gnu::packed]] ConstantFunction {
    uint8_t move_to_eax = 0xb8;  // mov $value, %eax
    uint32_t value = 0;
    uint8_t give_back = 0xc3;  // ret

    uint32_t call() const {
        uint32_t result;
        asm volatile("call *%1" : "=a"(result) : "r"(this) : "ecx", "edx", "memory", "cc");
        return result;
    }
};

}  // namespace guest

#endif
