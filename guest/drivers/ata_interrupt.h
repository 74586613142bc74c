// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_ATA_INTERRUPT_H
#define GUEST_DRIVERS_ATA_INTERRUPT_H

#include "boot/interrupt_frame.h"
#include "drivers/ata.h"

namespace guest {

// Programmed I/O by interrupts: the device interrupts for each block of data, the handler moves the
// block, and the processor sleeps in between. Needs an interrupt controller to be chosen.
class AtaInterrupt final : public AtaDrive {
  public:
    AtaInterrupt(AtaChannel::Number channel, uint8_t device)
        : AtaDrive("interrupt", Protocol::kPio, channel, device) {}

  private:
    BlockError open_driver() override;
    BlockError transfer(const AtaCommand& command, Direction direction,
                        SegmentCursor& cursor) override;
    BlockError run(const AtaCommand& command) override;

    static void on_interrupt(InterruptFrame& frame, void* context);
    void handle_interrupt();
    BlockError sleep_until_done();
    void move_block();
    void end(BlockError result);

    // The command that is running. Written by the handler as well, so looked at only with
    // interrupts off.
    volatile bool running_ = false;
    volatile BlockError result_ = BlockError::kNone;
    Direction direction_ = Direction::kFromDevice;
    SegmentCursor* cursor_ = nullptr;
    volatile uint32_t bytes_left_ = 0;
};

}  // namespace guest

#endif
