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
inline constexpr uint32_t kModules = 1u << 3;
inline constexpr uint32_t kMemoryMap = 1u << 6;
}  // namespace flag

// What the loader hands over in EBX (Multiboot Specification 0.6.96, section 3.3); the fields after
// the ones that guests use are left out.
struct Information {
    uint32_t flags;
    uint32_t lower_memory_kib;  // From address 0.
    uint32_t upper_memory_kib;  // From 1 MiB to the first hole.
    uint32_t boot_device;
    const char* command_line;
    uint32_t modules;
    uint32_t first_module;  // Address of the first Module.
    uint32_t symbols[4];
    uint32_t memory_map_bytes;
    uint32_t memory_map;  // Address of the first MemoryMapEntry.
};

// A file that the loader put into memory together with the guest.
struct Module {
    uint32_t begin;
    uint32_t end;
    const char* name;
    uint32_t reserved;
};

struct [[gnu::packed]] MemoryMapEntry {
    uint32_t bytes;  // From the end of this field to the next entry.
    uint64_t base;
    uint64_t length;
    uint32_t type;
};

}  // namespace guest::multiboot

#endif
