// SPDX-License-Identifier: Apache-2.0
#include "runtime/boot_information.h"

#include "boot/multiboot.h"

namespace guest {
namespace {

constexpr uint32_t kMostRanges = 32;
constinit MemoryRange ranges[kMostRanges] = {};
constinit uint32_t range_count = 0;
constinit std::span<const uint8_t> module;

void record_memory_map(uint32_t address, uint32_t bytes) {
    const uint32_t end = address + bytes;
    while (address < end && range_count < kMostRanges) {
        const auto& entry = *reinterpret_cast<const multiboot::MemoryMapEntry*>(address);
        ranges[range_count++] = {entry.base, entry.length,
                                 static_cast<MemoryRange::Type>(entry.type)};
        address += sizeof(entry.bytes) + entry.bytes;
    }
}

}  // namespace

std::span<const MemoryRange> memory_map() { return {ranges, range_count}; }

std::span<const uint8_t> boot_module() { return module; }

void record_boot_information(const multiboot::Information& information) {
    if (information.flags & multiboot::flag::kMemoryMap) {
        record_memory_map(information.memory_map, information.memory_map_bytes);
    }
    if ((information.flags & multiboot::flag::kModules) && information.modules != 0) {
        const auto& first = *reinterpret_cast<const multiboot::Module*>(information.first_module);
        module = {reinterpret_cast<const uint8_t*>(first.begin), first.end - first.begin};
    }
}

}  // namespace guest
