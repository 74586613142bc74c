// SPDX-License-Identifier: Apache-2.0
//
// ATA/ATAPI-6, section 9.7, and the steps of the 82371AB datasheet, section 9.4.
#include "drivers/ata_dma.h"

#include "runtime/clock.h"
#include "runtime/interrupts.h"

namespace guest {

BlockError AtaDma::open_driver() {
    running_ = false;
    const uint16_t port = controller() ? controller()->bus_master_port(channel().number()) : 0;
    if (port == 0) return BlockError::kNotSupported;
    if (!bus_master_.is_open()) bus_master_.open(port);
    attach_irq(channel().irq(), on_interrupt, this);
    clock::start_ticks();
    return BlockError::kNone;
}

BlockError AtaDma::transfer(const AtaCommand& command, Direction direction, SegmentCursor& cursor) {
    const uint32_t bytes = command.sectors * ata::kSectorBytes;
    const BlockError prepared = bus_master_.prepare(direction, cursor, bytes);
    if (prepared != BlockError::kNone) return prepared;

    running_ = true;
    channel().enable_interrupts(true);
    channel().issue(command, device());
    bus_master_.start();
    const BlockError slept = sleep_until_done(bytes);
    // Stops the engine, whatever has happened. The buffers are complete only now: the controller
    // holds a read of its status back until everything is in memory (82371AB, section 9.4).
    const BlockError moved = bus_master_.finish();

    if (slept != BlockError::kNone) return slept;
    // The drive's own error is the cause where both report one.
    const BlockError drive = AtaChannel::check(status_);
    return drive != BlockError::kNone ? drive : moved;
}

BlockError AtaDma::run(const AtaCommand& command) {
    running_ = true;
    channel().enable_interrupts(true);
    channel().issue(command, device());
    const BlockError slept = sleep_until_done(0);
    bus_master_.finish();  // It moved nothing, but has seen the interrupt.
    return slept != BlockError::kNone ? slept : AtaChannel::check(status_);
}

// There is one interrupt for all of a command's data.
BlockError AtaDma::sleep_until_done(uint32_t bytes) {
    const uint32_t seconds = kTimeoutSeconds + bytes / BusMaster::kSlowestBytesPerSecond;
    if (clock::halt_until([this] { return !running_; }, seconds)) return BlockError::kNone;
    running_ = false;
    return BlockError::kTimeout;
}

void AtaDma::on_interrupt(InterruptFrame&, void* context) {
    static_cast<AtaDma*>(context)->handle_interrupt();
}

// The bus master has seen the drive's request if there was one. An interrupt without it is left
// from a command that was given up: the drive's status may then look as if the new one were over.
void AtaDma::handle_interrupt() {
    count_interrupt();
    if (!running_ || !bus_master_.is_done()) return;
    status_ = channel().read(ata::Register::kStatus);  // Takes back the drive's request.
    running_ = false;
}

}  // namespace guest
