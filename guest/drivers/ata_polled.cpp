// SPDX-License-Identifier: Apache-2.0
#include "drivers/ata_polled.h"

namespace guest {

// ATA/ATAPI-6, sections 9.5 and 9.6: for each block the device ends being busy with the data
// request set, and after the last block with its result.
BlockError AtaPolled::transfer(const AtaCommand& command, Direction direction,
                               SegmentCursor& cursor) {
    channel().enable_interrupts(false);
    channel().issue(command, device());
    uint32_t left = command.sectors * ata::kSectorBytes;
    while (left != 0) {
        if (const BlockError error = channel().wait_for_data(); error != BlockError::kNone) {
            return error;
        }
        const uint32_t bytes = block_bytes(left);
        if (direction == Direction::kFromDevice) {
            channel().read_data(cursor, bytes);
        } else {
            channel().write_data(cursor, bytes);
        }
        left -= bytes;
    }
    return channel().wait_while_busy();
}

BlockError AtaPolled::run(const AtaCommand& command) {
    channel().enable_interrupts(false);
    channel().issue(command, device());
    return channel().wait_while_busy();
}

}  // namespace guest
