// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_PCI_H
#define GUEST_RUNTIME_PCI_H

// PCI configuration space through configuration mechanism 1 (PCI Local Bus Specification 2.2,
// section 3.2.2.3.2). Offsets are of naturally aligned registers.

#include <cstdint>
#include <optional>

namespace guest::pci {

struct Function {
    uint8_t bus;
    uint8_t device;
    uint8_t function;

    uint8_t read8(uint8_t offset) const;
    uint16_t read16(uint8_t offset) const;
    uint32_t read32(uint8_t offset) const;
    void write8(uint8_t offset, uint8_t value) const;
    void write16(uint8_t offset, uint16_t value) const;
    void write32(uint8_t offset, uint32_t value) const;
};

// The header that all functions share (section 6.1).
namespace header {
inline constexpr uint8_t kVendor = 0x00;
inline constexpr uint8_t kDevice = 0x02;
inline constexpr uint8_t kCommand = 0x04;
inline constexpr uint8_t kSubclass = 0x0a;
inline constexpr uint8_t kClass = 0x0b;
inline constexpr uint8_t kHeaderType = 0x0e;
inline constexpr uint8_t kBar0 = 0x10;
inline constexpr uint8_t kBar4 = 0x20;
}  // namespace header

namespace command {
inline constexpr uint16_t kIoSpace = 1u << 0;
inline constexpr uint16_t kMemorySpace = 1u << 1;
inline constexpr uint16_t kBusMaster = 1u << 2;
}  // namespace command

inline constexpr uint16_t kNoVendor = 0xffff;  // What a slot reads as when it is empty.
inline constexpr uint16_t kIntel = 0x8086;
inline constexpr uint32_t kBarIsIo = 1u << 0;
inline constexpr uint32_t kBarIoAddress = ~3u;

// The first function on bus 0 of this class and subclass.
std::optional<Function> find_class(uint8_t class_code, uint8_t subclass);

}  // namespace guest::pci

#endif
