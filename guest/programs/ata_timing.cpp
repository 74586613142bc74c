// SPDX-License-Identifier: Apache-2.0
//
// One command in one transfer mode, with as few instructions around it as there can be: for
// comparing simulated time with the tables of ATA/ATAPI-6. Polled, interrupts off.
//
//   mode=pio4      pio0..4, mwdma0..2, udma0..5
//   sectors=8      1 to 65536, all in one command      lba=0      from where
//   drive=0        0 to 3                              multiple=0 sectors for each data request
//
// The phases:
//
//   command     the command's registers are written, until the first data can move: PIO ends it
//   with
//               the first data request, DMA with the write that starts the engine
//   transfer    PIO: from the first data request seen to the last word read, with one status poll
//               for each further data request; DMA: from the engine's start to its interrupt bit
#include "drivers/ata_polled.h"
#include "drivers/bus_master.h"
#include "programs/disk_options.h"
#include "runtime/clock.h"
#include "runtime/crc32.h"
#include "runtime/exit.h"
#include "runtime/io.h"
#include "runtime/memory.h"
#include "runtime/print.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

struct Phases {
    uint32_t command = phase_number("command");
    uint32_t transfer = phase_number("transfer");
};

BlockError read_by_pio(const AtaDrive& disk, const AtaCommand& command, uint32_t block_sectors,
                       SegmentCursor cursor, const Phases& phases) {
    const AtaChannel& channel = disk.channel();
    const uint32_t total = command.sectors * ata::kSectorBytes;
    const uint32_t block = block_sectors * ata::kSectorBytes;

    enter_phase(phases.command);
    channel.issue(command, disk.device());
    BlockError error = channel.wait_for_data();
    enter_phase(phases.transfer);
    for (uint32_t left = total; error == BlockError::kNone;) {
        const uint32_t bytes = left < block ? left : block;
        channel.read_data(cursor, bytes);
        left -= bytes;
        if (left == 0) break;
        error = channel.wait_for_data();
    }
    if (error == BlockError::kNone) report_work(total);
    enter_phase(probe::kNoPhase);
    return error == BlockError::kNone ? channel.wait_while_busy() : error;
}

BlockError read_by_dma(const AtaDrive& disk, const AtaCommand& command, SegmentCursor cursor,
                       const Phases& phases) {
    const std::optional<IdeController> controller = IdeController::find();
    const uint16_t port = controller ? controller->bus_master_port(disk.channel().number()) : 0;
    if (port == 0) return BlockError::kNotSupported;
    BusMaster bus_master;
    bus_master.open(port);
    const uint32_t total = command.sectors * ata::kSectorBytes;
    const BlockError prepared = bus_master.prepare(Direction::kFromDevice, cursor, total);
    if (prepared != BlockError::kNone) return prepared;
    disk.channel().enable_interrupts(true);  // The engine sees the end by the drive's interrupt.

    enter_phase(phases.command);
    disk.channel().issue(command, disk.device());
    enter_phase(phases.transfer);
    bus_master.start();
    clock::PollLimit limit(AtaChannel::kPollSeconds + total / BusMaster::kSlowestBytesPerSecond);
    bool in_time = true;
    while (in_time && !bus_master.is_done()) in_time = !limit.over();
    enter_phase(probe::kNoPhase);

    const BlockError moved = bus_master.finish();
    if (!in_time) return BlockError::kTimeout;
    const BlockError drive = disk.channel().wait_while_busy();
    disk.channel().enable_interrupts(false);
    if (drive != BlockError::kNone) return drive;
    if (moved == BlockError::kNone) {
        enter_phase(phases.transfer);  // Only now known to be good, but done in that phase.
        report_work(total);
        enter_phase(probe::kNoPhase);
    }
    return moved;
}

ata::Command opcode(TransferMode mode, bool multiple, bool extended) {
    using ata::Command;
    if (mode.kind != TransferMode::Kind::kPio) {
        return extended ? Command::kReadDmaExt : Command::kReadDma;
    }
    if (multiple) return extended ? Command::kReadMultipleExt : Command::kReadMultiple;
    return extended ? Command::kReadSectorsExt : Command::kReadSectors;
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"mode", "sectors", "lba", "drive", "multiple"});
    const std::optional<TransferMode> mode = parse_transfer_mode(options.text("mode", "pio4"));
    if (!mode) fail("mode= is none of pio0..4, mwdma0..2, udma0..5");
    const uint32_t sectors = options.number("sectors", 8, 1, ata::kMostSectors48);
    const uint64_t lba = options.number64("lba", 0);
    const uint32_t drive = options.number("drive", 0, 0, 3);
    const uint8_t multiple = options.number("multiple", 0, 0, 255);

    AtaPolled disk(channel_of_drive(drive), device_of_drive(drive));
    const bool extended =
        sectors > ata::kMostSectors28 || lba + sectors > ata::kEndOf28BitAddresses;
    {
        PhaseScope phase("setup");
        require(disk.open(), disk, "open");
        require_sectors(disk, lba, sectors);
        require(disk.set_transfer_mode(*mode), disk, "set the transfer mode");
        require(disk.set_multiple(multiple), disk, "set multiple mode");
        if (extended && !disk.identity().extended) fail("this drive takes no 48-bit commands");
        require(disk.channel().select(disk.device()), disk, "select");
    }
    const AtaCommand command = {.command = opcode(*mode, multiple != 0, extended),
                                .extended = extended,
                                .sectors = sectors,
                                .lba = lba};
    const uint32_t bytes = sectors * ata::kSectorBytes;
    const Segment segment = {reinterpret_cast<uint32_t>(allocate(bytes, 4)), bytes};
    const SegmentCursor cursor({&segment, 1});
    const Phases phases;
    const BlockError error =
        mode->kind == TransferMode::Kind::kPio
            ? read_by_pio(disk, command, multiple != 0 ? multiple : 1, cursor, phases)
            : read_by_dma(disk, command, cursor, phases);
    if (error != BlockError::kNone) fail("read: {}", error_name(error));

    const uint32_t checksum = crc32(reinterpret_cast<const void*>(segment.address), bytes);
    report_checksum(drive, lba, sectors, checksum);
    print("{}{}: {} sector{}, crc {08x}\n", kind_name(mode->kind), mode->number, sectors,
          plural(sectors), checksum);
    return exit_code::kSuccess;
}

}  // namespace guest
