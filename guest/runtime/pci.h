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
inline constexpr uint8_t kStatus = 0x06;
inline constexpr uint8_t kSubclass = 0x0a;
inline constexpr uint8_t kClass = 0x0b;
inline constexpr uint8_t kLatencyTimer = 0x0d;
inline constexpr uint8_t kHeaderType = 0x0e;
inline constexpr uint8_t kBar0 = 0x10;
inline constexpr uint8_t kBar4 = 0x20;
inline constexpr uint8_t kCapabilities = 0x34;   // Where the list of capabilities begins.
inline constexpr uint8_t kInterruptLine = 0x3c;  // The IRQ, as the firmware has noted it.
}  // namespace header

namespace command {
inline constexpr uint16_t kIoSpace = 1u << 0;
inline constexpr uint16_t kMemorySpace = 1u << 1;
inline constexpr uint16_t kBusMaster = 1u << 2;
}  // namespace command

namespace status {
inline constexpr uint16_t kHasCapabilities = 1u << 4;
}  // namespace status

inline constexpr uint16_t kNoVendor = 0xffff;  // What a slot reads as when it is empty.
inline constexpr uint16_t kIntel = 0x8086;
inline constexpr uint32_t kBarIsIo = 1u << 0;
inline constexpr uint32_t kBarIoAddress = ~3u;
inline constexpr uint32_t kBarMemoryAddress = ~15u;

// The first function on bus 0 of this class and subclass.
std::optional<Function> find_class(uint8_t class_code, uint8_t subclass);

// The functions on bus 0 of this make, by their number among them, from 0 on.
std::optional<Function> find_device(uint16_t vendor, uint16_t device, uint32_t number = 0);

// Lets a function answer in memory space and be a bus master, and says where the memory of its base
// address register 0 is; 0 where the firmware has given it none.
uint32_t enable_memory(const Function& function);

// The offset of the capability of this type (section 6.7); 0 where there is none.
uint8_t find_capability(const Function& function, uint8_t type);

}  // namespace guest::pci

#endif
