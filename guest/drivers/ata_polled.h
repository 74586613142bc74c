// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_ATA_POLLED_H
#define GUEST_DRIVERS_ATA_POLLED_H

#include "drivers/ata.h"

namespace guest {

// Programmed I/O by polling: the processor asks for the status until a block of data is ready,
// moves the block itself, and asks again. No interrupts.
class AtaPolled final : public AtaDrive {
  public:
    AtaPolled(AtaChannel::Number channel, uint8_t device)
        : AtaDrive("polled", Protocol::kPio, channel, device) {}

  private:
    BlockError open_driver() override { return BlockError::kNone; }
    BlockError transfer(const AtaCommand& command, Direction direction,
                        SegmentCursor& cursor) override;
    BlockError run(const AtaCommand& command) override;
};

}  // namespace guest

#endif
