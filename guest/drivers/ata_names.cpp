// SPDX-License-Identifier: Apache-2.0
#include "drivers/ata_names.h"

#include <span>

#include "drivers/ata_registers.h"
#include "runtime/print.h"

namespace guest::ata {
namespace {

struct BitName {
    uint8_t bit;
    const char* name;
};

void print_bits(const char* register_name, uint8_t value, std::span<const BitName> names) {
    print("{} {02x} (", register_name, value);
    const char* separator = "";
    for (const BitName& entry : names) {
        if (!(value & entry.bit)) continue;
        print("{}{}", separator, entry.name);
        separator = " ";
    }
    print(")");
}

}  // namespace

void print_status(uint8_t status) {
    static constexpr BitName kNames[] = {{status_bit::kBusy, "BSY"},
                                         {status_bit::kReady, "DRDY"},
                                         {status_bit::kDeviceFault, "DF"},
                                         {status_bit::kDataRequest, "DRQ"},
                                         {status_bit::kError, "ERR"}};
    print_bits("status", status, kNames);
}

void print_error(uint8_t error) {
    static constexpr BitName kNames[] = {{error_bit::kInterfaceCrc, "ICRC"},
                                         {error_bit::kUncorrectable, "UNC"},
                                         {error_bit::kMediaChanged, "MC"},
                                         {error_bit::kIdNotFound, "IDNF"},
                                         {error_bit::kMediaChangeRequested, "MCR"},
                                         {error_bit::kAborted, "ABRT"},
                                         {error_bit::kNoMedia, "NM"}};
    print_bits("error", error, kNames);
}

}  // namespace guest::ata
