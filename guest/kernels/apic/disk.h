// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_KERNELS_APIC_DISK_H
#define GUEST_KERNELS_APIC_DISK_H

// The kernel's disk: the first IDE drive, read by programmed I/O with interrupts.

#include <cstdint>
#include <span>

#include "drivers/ata_registers.h"

namespace guest::disk {

using Sector = uint32_t[ata::kSectorBytes / sizeof(uint32_t)];

// Finds the drive and says what it is. Without one, the calls below say so and fail.
void open();

// False, after saying why, if it cannot be read.
bool read(uint32_t lba, Sector& sector);

// The CRC-32 of these sectors; likewise.
bool checksum(uint32_t lba, uint32_t sectors, uint32_t& crc);

// Reads the data that a kernel's disk has (kernels/data_area.h) and checks that it adds up.
void check_data_area();

}  // namespace guest::disk

#endif
