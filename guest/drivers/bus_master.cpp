// SPDX-License-Identifier: Apache-2.0
#include "drivers/bus_master.h"

#include "runtime/io.h"
#include "runtime/memory.h"

namespace guest {
namespace {

// Offsets from the channel's base (82371AB datasheet, section 5.2).
constexpr uint16_t kCommand = 0;  // BMICX.
constexpr uint16_t kStatus = 2;   // BMISX.
constexpr uint16_t kTable = 4;    // BMIDTPX.

constexpr uint8_t kStart = 1u << 0;          // Of the command: SSBM.
constexpr uint8_t kWriteToMemory = 1u << 3;  // RWCON: what the engine does on the PCI bus.

constexpr uint8_t kActive = 1u << 0;            // Of the status: BMIDEA.
constexpr uint8_t kFailed = 1u << 1;            // Cleared by writing a 1.
constexpr uint8_t kInterrupt = 1u << 2;         // Cleared by writing a 1.
constexpr uint8_t kDrivesDmaCapable = 3u << 5;  // Plain storage for software: kept as it is.

constexpr uint16_t kEndOfTable = 1u << 15;
constexpr uint32_t kBoundary = 64 * 1024;  // That no region and no table may cross.

}  // namespace

void BusMaster::open(uint16_t port) {
    constexpr uint32_t kTableBytes = kMostDescriptors * sizeof(Descriptor);
    static_assert(kTableBytes <= kPageBytes, "a page never crosses the boundary");
    port_ = port;
    table_ = static_cast<Descriptor*>(allocate(kTableBytes, kPageBytes));
}

uint32_t BusMaster::capacity(SegmentCursor cursor, uint32_t bytes) {
    uint32_t described = 0;
    for (uint32_t used = 0; used < kMostDescriptors && described < bytes; ++used) {
        described += cursor.take(bytes - described, kBoundary).bytes;
    }
    return described;
}

BlockError BusMaster::prepare(Direction direction, SegmentCursor& cursor, uint32_t bytes) {
    uint32_t used = 0;
    while (bytes != 0) {
        if (used == kMostDescriptors) return BlockError::kBadRequest;
        const Segment region = cursor.take(bytes, kBoundary);
        table_[used++] = {region.address, static_cast<uint16_t>(region.bytes), 0};
        bytes -= region.bytes;
    }
    if (used == 0) return BlockError::kBadRequest;
    table_[used - 1].flags = kEndOfTable;

    direction_bit_ = direction == Direction::kFromDevice ? kWriteToMemory : 0;
    write_port8(port_ + kCommand, direction_bit_);
    write_port32(port_ + kTable, physical_address(table_));
    const uint8_t status = read_port8(port_ + kStatus);
    write_port8(port_ + kStatus, (status & kDrivesDmaCapable) | kFailed | kInterrupt);
    return BlockError::kNone;
}

void BusMaster::start() { write_port8(port_ + kCommand, direction_bit_ | kStart); }

bool BusMaster::is_done() const { return read_port8(port_ + kStatus) & kInterrupt; }

// Section 5.2.2, the table of the interrupt and active bits: a transfer that went well has the
// interrupt set and is not active. Still active means that the table was longer than the transfer;
// no interrupt, that the table was shorter or that the transfer has not ended.
BlockError BusMaster::finish() {
    const uint8_t status = read_port8(port_ + kStatus);  // Before the stop clears the active bit.
    write_port8(port_ + kCommand, direction_bit_);
    write_port8(port_ + kStatus, (status & kDrivesDmaCapable) | kFailed | kInterrupt);
    const bool good = (status & (kInterrupt | kActive | kFailed)) == kInterrupt;
    return good ? BlockError::kNone : BlockError::kBusMaster;
}

}  // namespace guest
