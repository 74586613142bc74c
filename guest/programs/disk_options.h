// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_PROGRAMS_DISK_OPTIONS_H
#define GUEST_PROGRAMS_DISK_OPTIONS_H

// What the disk programs have in common: options that they share, and what to do about an error.

#include <cstdint>

#include "drivers/ata.h"
#include "runtime/command_line.h"
#include "runtime/print.h"

namespace guest {

// Ends the program if a call to the driver failed, saying what was being done.
inline void require(BlockError error, const BlockDevice& device, const char* action) {
    if (error == BlockError::kNone) return;
    device.print_error();
    fail("{} by {}: {}", action, device.name(), error_name(error));
}

// Ends the program unless the opened disk has the sectors that the options lba= and sectors= ask
// for.
inline void require_sectors(const BlockDevice& device, uint64_t lba, uint32_t sectors) {
    if (lba <= device.sectors() && sectors <= device.sectors() - lba) return;
    fail("{} sector{} from {} wanted, the disk has {}: lower {}sectors= or use a larger image",
         sectors, plural(sectors), lba, device.sectors(), lba != 0 ? "lba= or " : "");
}

// pio=0..4, 4 if not given.
inline TransferMode pio_mode(const CommandLine& options) {
    return {TransferMode::Kind::kPio, static_cast<uint8_t>(options.number("pio", 4, 0, 4))};
}

// mwdma=0..2 if it is given, else udma=0..5, 2 if not given.
inline TransferMode dma_mode(const CommandLine& options) {
    if (options.has("mwdma")) {
        return {TransferMode::Kind::kMultiwordDma,
                static_cast<uint8_t>(options.number("mwdma", 2, 0, 2))};
    }
    return {TransferMode::Kind::kUltraDma, static_cast<uint8_t>(options.number("udma", 2, 0, 5))};
}

}  // namespace guest

#endif
