// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_ATA_NAMES_H
#define GUEST_DRIVERS_ATA_NAMES_H

#include <cstdint>

namespace guest::ata {

// Print the bits that are set by name: "status 51 (DRDY ERR)".
void print_status(uint8_t status);
void print_error(uint8_t error);

}  // namespace guest::ata

#endif
