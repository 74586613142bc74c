// SPDX-License-Identifier: Apache-2.0
//
// The exceptions that the processor raises.
#pragma once

#include <cstdint>

namespace sb::cpu {

/// Exceptions by vector (Intel SDM volume 3, table 6-1).
enum Vector : uint8_t {
    divide_error = 0,
    debug_trap = 1,
    nmi_vector = 2,
    breakpoint = 3,
    overflow = 4,
    bound_range = 5,
    invalid_opcode = 6,
    device_not_available = 7,
    double_fault = 8,
    invalid_tss = 10,
    segment_not_present = 11,
    stack_fault = 12,
    general_protection = 13,
    page_fault = 14,
};

}  // namespace sb::cpu
