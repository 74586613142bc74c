// SPDX-License-Identifier: Apache-2.0
#include "kernels/apic/disk.h"

#include "drivers/ata_interrupt.h"
#include "kernels/data_area.h"
#include "runtime/crc32.h"
#include "runtime/print.h"

namespace guest::disk {
namespace {

AtaInterrupt drive(AtaChannel::Number::kPrimary, 0);
constinit bool is_open = false;

}  // namespace

void open() {
    is_open = drive.open() == BlockError::kNone;
    if (!is_open) {
        print("ide: ");
        return drive.print_error();
    }
    print("ide: {}, {} sectors, irq {}\n", drive.identity().model, drive.sectors(),
          drive.channel().irq());
}

bool read(uint32_t lba, Sector& sector) {
    if (!is_open) {
        print("ide: no disk\n");
        return false;
    }
    const Segment segment = {reinterpret_cast<uint32_t>(&sector), sizeof(sector)};
    if (drive.read(lba, {&segment, 1}) == BlockError::kNone) return true;
    print("ide: sector {}: ", lba);
    drive.print_error();
    return false;
}

bool checksum(uint32_t lba, uint32_t sectors, uint32_t& crc) {
    crc = 0;
    Sector sector;
    for (uint32_t i = 0; i < sectors; ++i) {
        if (!read(lba + i, sector)) return false;
        crc = crc32(sector, sizeof(sector), crc);
    }
    return true;
}

void check_data_area() {
    if (!is_open || drive.sectors() <= data_area::kLba) return;
    Sector sector;
    if (!read(data_area::kLba, sector)) return;
    const auto header = *reinterpret_cast<const data_area::Header*>(&sector);
    if (header.mark != data_area::kMark) {
        print("ide: no data area at sector {}\n", data_area::kLba);
        return;
    }
    const uint32_t sectors = header.words * sizeof(uint32_t) / sizeof(sector);
    const uint32_t interrupts_before = drive.interrupts();
    uint32_t sum = 0;
    for (uint32_t i = 0; i < sectors; ++i) {
        if (!read(data_area::kLba + i, sector)) return;
        sum += data_area::sum(sector);
    }
    if (sum != 0) fail("ide: the words of the data area add up to {08x} instead of 0", sum);
    print("ide: data area of {} sectors adds up, {} interrupts\n", sectors,
          drive.interrupts() - interrupts_before);
}

}  // namespace guest::disk
