// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_ATA_H
#define GUEST_DRIVERS_ATA_H

// An ATA disk, less the way its data moves. AtaDrive does what all three drivers have in common:
// finding out what the drive can do, choosing its transfer mode, splitting requests into commands,
// and getting the drive back after an error. A driver derives from it and supplies transfer().
//
//     AtaPolled disk(AtaChannel::Number::kPrimary, 0);
//     if (disk.open() != BlockError::kNone) ...
//     disk.set_transfer_mode({TransferMode::Kind::kPio, 4});
//     disk.read(lba, list);
//
// Locking: there is one processor and one caller. All member functions are called with interrupts
// off and leave them off; the drivers that wait for interrupts let them in only inside
// clock::halt_until(), so a handler never runs while anything else touches the drive.
//
// Several objects may stand for one drive, as long as each is opened before it is used after
// another: open() takes over the channel's interrupt.

#include <cstdint>
#include <optional>
#include <string_view>

#include "drivers/ata_channel.h"
#include "drivers/block_device.h"
#include "drivers/bus_master.h"
#include "drivers/ide_controller.h"
#include "drivers/transfer_mode.h"

namespace guest {

// What IDENTIFY DEVICE says about a drive.
struct AtaIdentity {
    char model[41];
    uint64_t sectors;
    bool extended;          // Takes 48-bit addresses.
    uint8_t most_multiple;  // Largest block of READ MULTIPLE, in sectors; 0 if there is none.
    uint8_t mode_masks[3];  // Bit n: mode n works; by TransferMode::Kind.
};

class AtaDrive : public BlockDevice {
  public:
    // Finds the drive and reads its identity. Sets counter 0 of the 8254 to its full period, which
    // bounds all waits.
    BlockError open();

    // Sets the mode in the drive, and in its controller where that is known.
    BlockError set_transfer_mode(TransferMode mode);

    // Lets PIO move blocks of this many sectors for each data request; 0 goes back to one.
    BlockError set_multiple(uint8_t sectors);

    const AtaIdentity& identity() const { return identity_; }
    const AtaChannel& channel() const { return channel_; }
    uint8_t device() const { return device_; }

    // Interrupts that this driver has taken since it was opened.
    uint32_t interrupts() const { return interrupts_; }

    const char* name() const override { return name_; }
    uint32_t sector_bytes() const override { return ata::kSectorBytes; }
    uint64_t sectors() const override { return identity_.sectors; }
    BlockError read(uint64_t lba, SegmentList list) override;
    BlockError write(uint64_t lba, SegmentList list) override;
    BlockError flush() override;
    void print_error() const override;

  protected:
    enum class Protocol : uint8_t { kPio, kDma };

    AtaDrive(const char* name, Protocol protocol, AtaChannel::Number channel, uint8_t device)
        : name_(name), protocol_(protocol), channel_(channel), device_(device) {}
    ~AtaDrive() = default;

    // What the driver needs besides the drive itself. Called by open().
    virtual BlockError open_driver() = 0;

    // How many of the next `bytes` at the cursor the driver can move in one command.
    virtual uint32_t capacity(const SegmentCursor&, uint32_t bytes) const { return bytes; }

    // Runs one command that moves data, on a drive that has been selected.
    virtual BlockError transfer(const AtaCommand& command, Direction direction,
                                SegmentCursor& cursor) = 0;

    // Runs one command without data, on a drive that has been selected.
    virtual BlockError run(const AtaCommand& command) = 0;

    // Bytes that move for the next data request of a command with this much left.
    uint32_t block_bytes(uint32_t bytes_left) const;

    const std::optional<IdeController>& controller() const { return controller_; }
    void count_interrupt() { interrupts_ = interrupts_ + 1; }

    // The drive's next interrupt takes no longer than this, besides the time in which data moves.
    // Long for a disk, which turns once in some 10 ms; short of the time limit of any scenario.
    static constexpr uint32_t kTimeoutSeconds = 2;

  private:
    BlockError request(uint64_t lba, SegmentList list, Direction direction);
    AtaCommand plan(uint64_t lba, uint64_t sectors, Direction direction,
                    const SegmentCursor& cursor) const;
    ata::Command opcode(Direction direction, bool extended) const;
    BlockError identify();
    BlockError run_polled(const AtaCommand& command);
    BlockError record(BlockError error);
    void recover();

    const char* name_;
    Protocol protocol_;
    AtaChannel channel_;
    uint8_t device_;
    uint8_t multiple_ = 0;
    volatile uint32_t interrupts_ = 0;
    AtaIdentity identity_ = {};
    std::optional<TransferMode> mode_;
    std::optional<IdeController> controller_;

    BlockError last_error_ = BlockError::kNone;
    uint8_t last_status_ = 0;
    uint8_t last_error_register_ = 0;
};

// Parts that the programs share: drive 0 to 3 is device 0 and 1 of the primary channel, then of the
// secondary one.
constexpr AtaChannel::Number channel_of_drive(uint32_t drive) {
    return drive < 2 ? AtaChannel::Number::kPrimary : AtaChannel::Number::kSecondary;
}
constexpr uint8_t device_of_drive(uint32_t drive) { return drive % 2; }

}  // namespace guest

#endif
