// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_BOOT_INFORMATION_H
#define GUEST_RUNTIME_BOOT_INFORMATION_H

// What the loader said, besides the command line and the size of memory.

#include <cstdint>
#include <span>

namespace guest {

namespace multiboot {
struct Information;
}

// A range of addresses, and what is there. The types are those of INT 15h, AX = E820h (ACPI
// Specification, "INT 15H, E820H - Query System Address Map").
struct MemoryRange {
    enum class Type : uint32_t { kUsable = 1, kReserved = 2, kAcpiTables = 3, kAcpiStorage = 4 };
    uint64_t base;
    uint64_t bytes;
    Type type;
};

constexpr const char* type_name(MemoryRange::Type type) {
    constexpr const char* kNames[] = {"unknown", "usable", "reserved", "ACPI tables",
                                      "ACPI storage"};
    const uint32_t number = static_cast<uint32_t>(type);
    return kNames[number < std::size(kNames) ? number : 0];
}

// In the firmware's order; empty where the loader had no map to hand over.
std::span<const MemoryRange> memory_map();

// The first module: a file that the loader put into memory; empty where there is none.
std::span<const uint8_t> boot_module();

// Called once, by the start-up code: copies what the loader left in memory.
void record_boot_information(const multiboot::Information& information);

}  // namespace guest

#endif
