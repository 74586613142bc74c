// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_BOOT_MULTIBOOT_H
#define GUEST_BOOT_MULTIBOOT_H

#include <cstdint>

namespace guest::multiboot {

// In EAX at entry: the loader follows the specification.
inline constexpr uint32_t kLoaderMagic = 0x2badb002;

// Bits of Information::flags: which of its fields are valid.
namespace flag {
inline constexpr uint32_t kMemory = 1u << 0;
inline constexpr uint32_t kCommandLine = 1u << 2;
}  // namespace flag

// What the loader hands over in EBX (Multiboot Specification 0.6.96, section 3.3); the fields after
// the ones that guests use are left out.
struct Information {
    uint32_t flags;
    uint32_t lower_memory_kib;  // From address 0.
    uint32_t upper_memory_kib;  // From 1 MiB to the first hole.
    uint32_t boot_device;
    const char* command_line;
};

}  // namespace guest::multiboot

#endif
