// SPDX-License-Identifier: Apache-2.0
//
// The ATA cable: one host adapter, up to two drives. A host adapter offers a `Cable` on the board
// ("ata.primary", "ata.secondary"); a drive finds it, plugs itself in as device 0 or 1, and from
// then on is reached through `Drive`. ATA/ATAPI-6 (T13/1410D), clauses 4 and 7.
//
// Register cycles. Both drives are wired in parallel: a write reaches both, and each decides by its
// own copy of the DEV bit whether it acts (7.7). A read is answered by the drive that is selected;
// where device 1 is absent, device 0 answers for it (9.16.1). A drive declares its registers in
// three banks: the Data register (16 bits wide, its bank's access time is one data cycle of the
// current PIO mode), the rest of the Command Block at offsets 1 to 7 (8-bit cycles), and the one
// register of the Control Block at offset 0 (port 3F6h).
//
// Interrupts. `intrq()` is the level that the drive puts on the cable: 0 while it is not selected
// or nIEN is set. It tells the cable whenever that may have changed.
//
// DMA. A drive that wants data moved says how much, which way and how long a word takes; the host
// moves some of it, the drive's request shrinks. A request never crosses a sector. The drive tells
// the cable when it begins to request, and when it stops to for another reason than having been
// served.
#pragma once

#include <fmt/format.h>

#include <span>

#include "bus/device.h"
#include "bus/registers.h"

namespace sb::ata {

struct DmaRequest {
    uint32_t bytes = 0;    // 0: DMARQ is negated
    bool to_host = false;  // the drive sends
    Time word;             // per 16 bits, in the selected transfer mode
};

class Drive {
  public:
    virtual ~Drive() = default;

    virtual bus::RegisterBank& data_register() = 0;
    virtual bus::RegisterBank& command_block() = 0;
    virtual bus::RegisterBank& control_block() = 0;

    /// It answers reads now: its DEV bit names it, or names a device 1 that is not there.
    virtual bool selected() const = 0;
    virtual bool intrq() const = 0;

    virtual DmaRequest dma_request() const = 0;
    /// Moves words whose transfer ends at now(); at most what dma_request() says.
    virtual void dma_read(std::span<uint8_t> bytes) = 0;
    virtual void dma_write(std::span<const uint8_t> bytes) = 0;
};

class Cable {
  public:
    virtual ~Cable() = default;
    /// Throws `Error` where that place is taken.
    virtual void plug(Drive& drive, unsigned unit) = 0;
    /// The drive plugged in as device `unit`, or null.
    virtual Drive* drive(unsigned unit) const = 0;
    /// 0 for the primary channel, 1 for the secondary.
    virtual unsigned number() const = 0;

    virtual void intrq_changed() = 0;
    virtual void dma_request_changed() = 0;
};

/// The cable that a drive's key `channel` names; `Error` where no controller has offered it yet.
inline Cable& cable_of(const bus::DeviceContext& context) {
    const std::string& channel = context.config.text("channel");
    auto* cable = context.board.find<Cable>("ata." + channel);
    if (!cable)
        throw Error(
            fmt::format("{}: there is no {} IDE channel; describe its controller (piix-ide) "
                        "before the drive",
                        context.name, channel));
    return *cable;
}

}  // namespace sb::ata
