// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_ATA_CHANNEL_H
#define GUEST_DRIVERS_ATA_CHANNEL_H

// One ATA channel: the registers of the two devices on one cable, and the protocol steps that every
// command goes through. It knows nothing about interrupts or DMA; the drivers put it to use.
//
// Every wait ends after kPollSeconds with BlockError::kTimeout. It takes the time from counter 0 of
// the 8254, which has to run over its full period (clock.h).

#include <cstdint>

#include "drivers/ata_registers.h"
#include "drivers/block_device.h"

namespace guest {

// Everything that goes into the registers of a command.
struct AtaCommand {
    ata::Command command;
    bool extended = false;  // 48-bit address: each of the four registers takes two bytes.
    uint8_t features = 0;
    uint32_t sectors = 0;
    uint64_t lba = 0;
};

class AtaChannel {
  public:
    enum class Number : uint8_t { kPrimary, kSecondary };

    explicit AtaChannel(Number number);

    Number number() const { return number_; }
    uint8_t irq() const;

    uint8_t read(ata::Register reg) const;
    void write(ata::Register reg, uint8_t value) const;
    uint8_t alternate_status() const;  // The status, without taking back the interrupt request.
    void enable_interrupts(bool enabled) const;

    // Selects a device (0 or 1) once the channel is idle.
    BlockError select(uint8_t device) const;

    // Starts a command on this device, which has to be selected, and returns as soon as the status
    // speaks of this command.
    void issue(const AtaCommand& command, uint8_t device) const;

    // Waits until the device is no longer busy. BlockError::kDevice if it then reports an error.
    BlockError wait_while_busy() const;

    // Likewise, and expects that the device then asks for data.
    BlockError wait_for_data() const;

    // Moves data words between the data register and memory.
    void read_data(SegmentCursor& cursor, uint32_t bytes) const;
    void write_data(SegmentCursor& cursor, uint32_t bytes) const;

    // Resets both devices (section 9.2) and leaves interrupts disabled.
    BlockError reset() const;

    // What a status register read means, the busy bit aside.
    static BlockError check(uint8_t status);

    // Whether this status is what a cable reads that nothing drives. The host pulls DD7 down so
    // that BSY reads as 0 (ATA/ATAPI-6, clause 4, on pull-up and pull-down resistors); where it
    // does not, all lines float high. No device has DRQ, DF and ERR set together.
    static constexpr bool is_floating(uint8_t status) { return status == 0x7f || status == 0xff; }

    // Disks answer in milliseconds, and a run in the simulator has 10 s unless it says otherwise.
    static constexpr uint32_t kPollSeconds = 1;

  private:
    void wait_400ns() const;
    BlockError wait_idle() const;
    BlockError poll_while_busy(uint8_t& status) const;

    Number number_;
    uint16_t command_port_;
    uint16_t control_port_;
};

}  // namespace guest

#endif
