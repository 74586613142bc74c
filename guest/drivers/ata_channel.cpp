// SPDX-License-Identifier: Apache-2.0
//
// Section numbers are those of ATA/ATAPI-6.
#include "drivers/ata_channel.h"

#include "runtime/clock.h"
#include "runtime/interrupts.h"
#include "runtime/io.h"

namespace guest {
namespace {

using ata::Register;

// The addresses and interrupts of an IDE function in compatibility mode (PCI IDE Controller
// Specification 1.0, section 2.1).
constexpr uint16_t kPrimaryCommandPort = 0x1f0;
constexpr uint16_t kPrimaryControlPort = 0x3f6;
constexpr uint16_t kSecondaryCommandPort = 0x170;
constexpr uint16_t kSecondaryControlPort = 0x376;

constexpr uint8_t device_register(uint8_t device) {
    return ata::device_bit::kObsoleteAlwaysOne | ata::device_bit::kLba |
           (device == 1 ? ata::device_bit::kDevice1 : 0);
}

}  // namespace

AtaChannel::AtaChannel(Number number)
    : number_(number),
      command_port_(number == Number::kPrimary ? kPrimaryCommandPort : kSecondaryCommandPort),
      control_port_(number == Number::kPrimary ? kPrimaryControlPort : kSecondaryControlPort) {}

uint8_t AtaChannel::irq() const {
    return number_ == Number::kPrimary ? irq::kPrimaryIde : irq::kSecondaryIde;
}

uint8_t AtaChannel::read(Register reg) const {
    return read_port8(command_port_ + static_cast<uint8_t>(reg));
}

void AtaChannel::write(Register reg, uint8_t value) const {
    write_port8(command_port_ + static_cast<uint8_t>(reg), value);
}

uint8_t AtaChannel::alternate_status() const { return read_port8(control_port_); }

void AtaChannel::enable_interrupts(bool enabled) const {
    write_port8(control_port_, enabled ? 0 : ata::control_bit::kNoInterrupts);
}

// Sections 9.3 to 9.7: the status is not valid in the first 400 ns after the device or the command
// register is written. An 8-bit read takes at least 120 ns in the fastest mode, so four are enough.
void AtaChannel::wait_400ns() const {
    for (int i = 0; i < 4; ++i) alternate_status();
}

BlockError AtaChannel::check(uint8_t status) {
    if (is_floating(status)) return BlockError::kNoDevice;
    constexpr uint8_t kFailed = ata::status_bit::kError | ata::status_bit::kDeviceFault;
    return status & kFailed ? BlockError::kDevice : BlockError::kNone;
}

BlockError AtaChannel::poll_while_busy(uint8_t& status) const {
    alternate_status();  // After a data block the status may lag by one cycle (section 9.5).
    clock::PollLimit limit(kPollSeconds);
    do {
        status = read(Register::kStatus);
        if (is_floating(status)) return BlockError::kNoDevice;
        if (!(status & ata::status_bit::kBusy)) return check(status);
    } while (!limit.over());
    return BlockError::kTimeout;
}

BlockError AtaChannel::wait_while_busy() const {
    uint8_t status;
    return poll_while_busy(status);
}

BlockError AtaChannel::wait_for_data() const {
    uint8_t status;
    if (const BlockError error = poll_while_busy(status); error != BlockError::kNone) return error;
    // Busy is over, so the device has either set the data request or has nothing for us.
    return status & ata::status_bit::kDataRequest ? BlockError::kNone : BlockError::kDevice;
}

BlockError AtaChannel::wait_idle() const {
    constexpr uint8_t kInCommand = ata::status_bit::kBusy | ata::status_bit::kDataRequest;
    clock::PollLimit limit(kPollSeconds);
    do {
        const uint8_t status = alternate_status();
        if (is_floating(status)) return BlockError::kNoDevice;
        if (!(status & kInCommand)) return BlockError::kNone;
    } while (!limit.over());
    return BlockError::kTimeout;
}

// Section 9.3: the device register may be written only while neither device is in a command, and a
// command may be written only once the device selected is in none.
BlockError AtaChannel::select(uint8_t device) const {
    if (const BlockError error = wait_idle(); error != BlockError::kNone) return error;
    write(Register::kDevice, device_register(device));
    wait_400ns();
    return wait_idle();
}

void AtaChannel::issue(const AtaCommand& command, uint8_t device) const {
    uint8_t last = device_register(device);
    if (command.extended) {
        // 48-bit Address feature set: these registers are two bytes deep, and the byte written
        // first becomes the high one.
        write(Register::kSectorCount, command.sectors >> 8);
        write(Register::kLbaLow, command.lba >> 24);
        write(Register::kLbaMid, command.lba >> 32);
        write(Register::kLbaHigh, command.lba >> 40);
    } else {
        last |= command.lba >> 24 & ata::device_bit::kLba27To24;
    }
    write(Register::kFeatures, command.features);
    write(Register::kSectorCount, command.sectors);
    write(Register::kLbaLow, command.lba);
    write(Register::kLbaMid, command.lba >> 8);
    write(Register::kLbaHigh, command.lba >> 16);
    write(Register::kDevice, last);
    write(Register::kCommand, static_cast<uint8_t>(command.command));
    wait_400ns();
}

void AtaChannel::read_data(SegmentCursor& cursor, uint32_t bytes) const {
    while (bytes != 0) {
        const Segment piece = cursor.take(bytes);
        read_port16_block(command_port_, reinterpret_cast<void*>(piece.address), piece.bytes / 2);
        bytes -= piece.bytes;
    }
}

void AtaChannel::write_data(SegmentCursor& cursor, uint32_t bytes) const {
    while (bytes != 0) {
        const Segment piece = cursor.take(bytes);
        write_port16_block(command_port_, reinterpret_cast<void*>(piece.address), piece.bytes / 2);
        bytes -= piece.bytes;
    }
}

BlockError AtaChannel::reset() const {
    using namespace ata::control_bit;
    constexpr uint32_t kPulseMicroseconds = 5;
    constexpr uint32_t kSettleMicroseconds = 2000;
    write_port8(control_port_, kNoInterrupts | kSoftwareReset);
    clock::delay_microseconds(kPulseMicroseconds);
    write_port8(control_port_, kNoInterrupts);
    clock::delay_microseconds(kSettleMicroseconds);
    const BlockError error = wait_while_busy();
    // The devices are there and ready, even if one of them has its diagnostic result to report.
    return error == BlockError::kDevice ? BlockError::kNone : error;
}

}  // namespace guest
