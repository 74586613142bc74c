// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_BUS_MASTER_H
#define GUEST_DRIVERS_BUS_MASTER_H

// The bus master engine of one ATA channel (82371AB datasheet, sections 5.2 and 9.4): it moves
// data between the drive and the memory that a table of physical region descriptors (PRDs) names.
//
//     prepare(direction, cursor, bytes);    // fills the table, points the engine to it
//     channel.issue(...);                   // a DMA command to the drive
//     start();
//     ...                                   // the drive's interrupt, or polling is_done()
//     finish();                             // stops the engine and says how it went

#include <cstdint>

#include "drivers/block_device.h"

namespace guest {

enum class Direction : uint8_t { kFromDevice, kToDevice };

class BusMaster {
  public:
    // `port` is the base of the channel's registers, as IdeController::bus_master_port() gives it.
    // Allocates the table. Called once.
    void open(uint16_t port);

    bool is_open() const { return table_ != nullptr; }

    // How many of the next `bytes` at the cursor one table can describe.
    static uint32_t capacity(SegmentCursor cursor, uint32_t bytes);

    // kBadRequest if the next `bytes` at the cursor exceed the capacity.
    BlockError prepare(Direction direction, SegmentCursor& cursor, uint32_t bytes);

    void start();

    // The drive has raised its interrupt since prepare() or finish().
    bool is_done() const;

    // Stops the engine and takes back the interrupt.
    BlockError finish();

    static constexpr uint32_t kMostDescriptors = 512;

    // No transfer is slower: a quarter of what multiword DMA mode 0 moves, a word in 480 ns
    // (ATA/ATAPI-6, section 10.2.3), which leaves time for seeks.
    static constexpr uint32_t kSlowestBytesPerSecond = 1 << 20;

  private:
    struct Descriptor {
        uint32_t address;
        uint16_t bytes;  // 0 means 64 KiB.
        uint16_t flags;
    };
    static_assert(sizeof(Descriptor) == 8);

    uint16_t port_ = 0;
    uint8_t direction_bit_ = 0;
    Descriptor* table_ = nullptr;
};

}  // namespace guest

#endif
