// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_ATA_DMA_H
#define GUEST_DRIVERS_ATA_DMA_H

#include "boot/interrupt_frame.h"
#include "drivers/ata.h"
#include "drivers/bus_master.h"

namespace guest {

// Bus-master DMA: the controller moves the data by itself, segment by segment, and there is one
// interrupt at the end of each command. The processor sleeps. Needs an interrupt controller to be
// chosen, and a DMA mode to be set.
class AtaDma final : public AtaDrive {
  public:
    AtaDma(AtaChannel::Number channel, uint8_t device)
        : AtaDrive("dma", Protocol::kDma, channel, device) {}

  private:
    BlockError open_driver() override;
    uint32_t capacity(const SegmentCursor& cursor, uint32_t bytes) const override {
        return BusMaster::capacity(cursor, bytes);
    }
    BlockError transfer(const AtaCommand& command, Direction direction,
                        SegmentCursor& cursor) override;
    BlockError run(const AtaCommand& command) override;

    static void on_interrupt(InterruptFrame& frame, void* context);
    void handle_interrupt();
    BlockError sleep_until_done(uint32_t bytes);

    BusMaster bus_master_;

    // The command that is running. Written by the handler as well, so looked at only with
    // interrupts off.
    volatile bool running_ = false;
    volatile uint8_t status_ = 0;  // The drive's, at the end of the command.
};

}  // namespace guest

#endif
