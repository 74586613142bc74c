// SPDX-License-Identifier: Apache-2.0
//
// ATA/ATAPI-6, sections 9.4 to 9.6. When the device interrupts:
//
//   reading    a block is ready, once for each block;
//   writing    it has taken a block, once for each block (the first one it asks for without);
//   no data    the command is over.
#include "drivers/ata_interrupt.h"

#include "runtime/clock.h"
#include "runtime/interrupts.h"

namespace guest {

BlockError AtaInterrupt::open_driver() {
    running_ = false;
    attach_irq(channel().irq(), on_interrupt, this);
    clock::start_ticks();
    return BlockError::kNone;
}

BlockError AtaInterrupt::transfer(const AtaCommand& command, Direction direction,
                                  SegmentCursor& cursor) {
    direction_ = direction;
    cursor_ = &cursor;
    bytes_left_ = command.sectors * ata::kSectorBytes;
    running_ = true;
    channel().enable_interrupts(true);
    channel().issue(command, device());
    if (direction == Direction::kToDevice) {
        const BlockError error = channel().wait_for_data();
        if (error != BlockError::kNone) {
            end(error);
            return error;
        }
        move_block();
    }
    return sleep_until_done();
}

BlockError AtaInterrupt::run(const AtaCommand& command) {
    bytes_left_ = 0;
    running_ = true;
    channel().enable_interrupts(true);
    channel().issue(command, device());
    return sleep_until_done();
}

BlockError AtaInterrupt::sleep_until_done() {
    while (running_) {
        // The time starts anew with each block: a command may move megabytes.
        const uint32_t left = bytes_left_;
        const auto went_on = [this, left] { return !running_ || bytes_left_ != left; };
        if (!clock::halt_until(went_on, kTimeoutSeconds)) end(BlockError::kTimeout);
    }
    return result_;
}

void AtaInterrupt::on_interrupt(InterruptFrame&, void* context) {
    static_cast<AtaInterrupt*>(context)->handle_interrupt();
}

void AtaInterrupt::handle_interrupt() {
    // Reading the status takes back the interrupt request, so read it even for an interrupt that
    // nobody asked for.
    const uint8_t status = channel().read(ata::Register::kStatus);
    count_interrupt();
    if (!running_ || (status & ata::status_bit::kBusy)) return;

    if (const BlockError error = AtaChannel::check(status); error != BlockError::kNone) {
        end(error);
    } else if (bytes_left_ == 0) {
        end(BlockError::kNone);
    } else if (!(status & ata::status_bit::kDataRequest)) {
        end(BlockError::kDevice);
    } else {
        move_block();
        // There is an interrupt after the last block written, but none after the last block read.
        if (bytes_left_ == 0 && direction_ == Direction::kFromDevice) end(BlockError::kNone);
    }
}

void AtaInterrupt::move_block() {
    const uint32_t bytes = block_bytes(bytes_left_);
    if (direction_ == Direction::kFromDevice) {
        channel().read_data(*cursor_, bytes);
    } else {
        channel().write_data(*cursor_, bytes);
    }
    bytes_left_ = bytes_left_ - bytes;
}

void AtaInterrupt::end(BlockError result) {
    result_ = result;
    running_ = false;
}

}  // namespace guest
