// SPDX-License-Identifier: Apache-2.0
//
// MultiProcessor Specification 1.4, section 4, "MP Configuration Table": where it may be. The
// firmware leaves two hints in its data area (IBM PS/2 and PC BIOS Interface Technical Reference,
// "BIOS Data Area").
#include "kernels/apic/mp_search.h"

#include <string_view>

namespace guest::mp {
namespace {

constexpr uint32_t kEbdaSegment = 0x40e;     // 16 bits: of the extended BIOS data area; or 0.
constexpr uint32_t kBaseMemorySize = 0x413;  // 16 bits, in KiB.
constexpr uint32_t kFirmwareBegin = 0xf0000;
constexpr uint32_t kFirmwareEnd = 0x100000;
constexpr uint32_t kKib = 1024;
constexpr uint32_t kMostBaseMemory = 640 * kKib;

// The compiler takes an access so near to a null pointer for a mistake: hide where it came from.
uint16_t read_data_area(uint32_t address) {
    asm("" : "+r"(address));
    return *reinterpret_cast<const uint16_t*>(address);
}

const FloatingPointer* search(uint32_t begin, uint32_t end) {
    for (uint32_t address = begin; address < end; address += sizeof(FloatingPointer)) {
        const auto* candidate = reinterpret_cast<const FloatingPointer*>(address);
        if (std::string_view(candidate->signature, sizeof(candidate->signature)) == "_MP_" &&
            candidate->paragraphs == 1 && adds_up(candidate, sizeof(FloatingPointer))) {
            return candidate;
        }
    }
    return nullptr;
}

}  // namespace

bool adds_up(const void* structure, uint32_t bytes) {
    uint8_t sum = 0;
    for (uint32_t i = 0; i < bytes; ++i) sum += static_cast<const uint8_t*>(structure)[i];
    return sum == 0;
}

const FloatingPointer* find_floating_pointer() {
    const uint32_t ebda = read_data_area(kEbdaSegment) * 16u;
    const uint32_t base_memory = read_data_area(kBaseMemorySize) * kKib;
    const FloatingPointer* found = nullptr;
    if (ebda != 0 && ebda < kMostBaseMemory) {
        found = search(ebda, ebda + kKib);
    } else if (base_memory >= kKib && base_memory <= kMostBaseMemory) {
        found = search(base_memory - kKib, base_memory);
    }
    return found != nullptr ? found : search(kFirmwareBegin, kFirmwareEnd);
}

}  // namespace guest::mp
