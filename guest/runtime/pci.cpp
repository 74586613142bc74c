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
    for (uint8_t device = 0; device < kDevicesOnBus; ++device) {
        for (uint8_t number = 0; number < kFunctionsOfDevice; ++number) {
            const Function function = {0, device, number};
            if (function.read16(header::kVendor) == kNoVendor) {
                if (number == 0) break;  // Every device has a function 0.
                continue;
            }
            if (function.read8(header::kClass) == class_code &&
                function.read8(header::kSubclass) == subclass) {
                return function;
            }
            const bool has_more = function.read8(header::kHeaderType) & kMultipleFunctions;
            if (number == 0 && !has_more) break;
        }
    }
    return std::nullopt;
}

}  // namespace guest::pci
