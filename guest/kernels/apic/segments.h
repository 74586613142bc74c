// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_KERNELS_APIC_SEGMENTS_H
#define GUEST_KERNELS_APIC_SEGMENTS_H

#include <cstdint>

namespace guest::segments {

// Selectors; the low two bits are the privilege level that a user's segment registers have.
inline constexpr uint16_t kKernelCode = 0x08;  // As in boot/start.S.
inline constexpr uint16_t kKernelData = 0x10;
inline constexpr uint16_t kUserCode = 0x18 | 3;
inline constexpr uint16_t kUserData = 0x20 | 3;
inline constexpr uint16_t kTaskState = 0x28;

// Loads a table of descriptors for all of these.
void load();

// The stack that the processor takes when an interrupt comes at user privilege: it reads this where
// it is, in the task state segment.
uint32_t& kernel_stack();

}  // namespace guest::segments

#endif
