// SPDX-License-Identifier: Apache-2.0
#include "runtime/pci.h"

#include "runtime/io.h"

namespace guest::pci {
namespace {

constexpr uint16_t kConfigAddress = 0xcf8;
constexpr uint16_t kConfigData = 0xcfc;
constexpr uint32_t kEnable = 1u << 31;

constexpr uint8_t kDevicesOnBus = 32;
constexpr uint8_t kFunctionsOfDevice = 8;
constexpr uint8_t kMultipleFunctions = 0x80;  // Of the header type.

// Selects the register's doubleword; its bytes then lie at the data port in their order.
uint16_t select(const Function& function, uint8_t offset) {
    write_port32(kConfigAddress, kEnable | function.bus << 16 | function.device << 11 |
                                     function.function << 8 | (offset & 0xfc));
    return kConfigData + (offset & 3);
}

// The first function on bus 0 that `wanted` says yes to.
template <typename Condition>
std::optional<Function> find(Condition wanted) {
    for (uint8_t device = 0; device < kDevicesOnBus; ++device) {
        for (uint8_t number = 0; number < kFunctionsOfDevice; ++number) {
            const Function function = {0, device, number};
            if (function.read16(header::kVendor) == kNoVendor) {
                if (number == 0) break;  // Every device has a function 0.
                continue;
            }
            if (wanted(function)) return function;
            const bool has_more = function.read8(header::kHeaderType) & kMultipleFunctions;
            if (number == 0 && !has_more) break;
        }
    }
    return std::nullopt;
}

}  // namespace

uint8_t Function::read8(uint8_t offset) const { return read_port8(select(*this, offset)); }
uint16_t Function::read16(uint8_t offset) const { return read_port16(select(*this, offset)); }
uint32_t Function::read32(uint8_t offset) const { return read_port32(select(*this, offset)); }

void Function::write8(uint8_t offset, uint8_t value) const {
    write_port8(select(*this, offset), value);
}

void Function::write16(uint8_t offset, uint16_t value) const {
    write_port16(select(*this, offset), value);
}

void Function::write32(uint8_t offset, uint32_t value) const {
    write_port32(select(*this, offset), value);
}

std::optional<Function> find_class(uint8_t class_code, uint8_t subclass) {
    return find([=](const Function& function) {
        return function.read8(header::kClass) == class_code &&
               function.read8(header::kSubclass) == subclass;
    });
}

std::optional<Function> find_device(uint16_t vendor, uint16_t device, uint32_t number) {
    return find([=](const Function& function) mutable {
        return function.read16(header::kVendor) == vendor &&
               function.read16(header::kDevice) == device && number-- == 0;
    });
}

uint32_t enable_memory(const Function& function) {
    const uint32_t bar = function.read32(header::kBar0);
    if ((bar & kBarIsIo) || (bar & kBarMemoryAddress) == 0) return 0;
    const uint16_t enabled =
        function.read16(header::kCommand) | command::kMemorySpace | command::kBusMaster;
    function.write16(header::kCommand, enabled);
    return bar & kBarMemoryAddress;
}

uint8_t find_capability(const Function& function, uint8_t type) {
    constexpr uint8_t kNext = 1;                // Offset in a capability; its type is at 0.
    constexpr uint32_t kMostCapabilities = 48;  // That fit; the list of a broken device has no end.
    if (!(function.read16(header::kStatus) & status::kHasCapabilities)) return 0;
    uint8_t offset = function.read8(header::kCapabilities) & ~3;
    for (uint32_t i = 0; i < kMostCapabilities && offset != 0; ++i) {
        if (function.read8(offset) == type) return offset;
        offset = function.read8(offset + kNext) & ~3;
    }
    return 0;
}

}  // namespace guest::pci
