// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_ATA_CHANNEL_H
#define GUEST_DRIVERS_ATA_CHANNEL_H

// One ATA channel: the registers of the two devices on one cable, and the protocol steps that every
// command goes through. It knows nothing about interrupts or DMA; the drivers put it to use.
//
// Every wait polls at most kPollLimit times and then returns BlockError::kTimeout.

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

    static constexpr uint32_t kPollLimit = 20'000'000;  // More than 2 s at 0.12 us for each read.
    static constexpr uint8_t kFloatingBus = 0xff;       // Nothing drives the cable.

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
