// SPDX-License-Identifier: Apache-2.0
//
// Reads the same sectors three times: by polling, by interrupts, and by DMA. Each transfer is a
// phase of its own, with nothing in it but the driver's read().
//
//   sectors=256    how many to read          lba=0          from where
//   drive=0        0 to 3                    segments=4     pieces of the buffer in memory
//   pio=4          mode of the first two     udma=2         mode of the third; or mwdma=0..2
//   multiple=0     sectors for each data request, where not 0
//   irq=apic       or pic: the interrupt controller
//   variant=all    or polled, interrupt, dma: only this one
#include "drivers/ata_dma.h"
#include "drivers/ata_interrupt.h"
#include "drivers/ata_polled.h"
#include "programs/disk_options.h"
#include "programs/scattered_buffer.h"
#include "runtime/exit.h"
#include "runtime/interrupts.h"
#include "runtime/print.h"
#include "runtime/probe.h"
#include "runtime/program.h"

namespace guest {
namespace {

struct Job {
    uint64_t lba;
    uint32_t sectors;
    uint32_t drive;
    uint8_t multiple;
};

// Fills the memory with something that is on no disk, so that data from before cannot pass.
constexpr uint8_t kStale = 0xa5;

void run(AtaDrive& disk, TransferMode mode, const char* interrupts_metric, const Job& job,
         const ScatteredBuffer& buffer) {
    {
        PhaseScope phase("setup");
        require(disk.open(), disk, "open");
        require_sectors(disk, job.lba, job.sectors);
        require(disk.set_transfer_mode(mode), disk, "set the transfer mode");
        if (mode.kind == TransferMode::Kind::kPio) {
            require(disk.set_multiple(job.multiple), disk, "set multiple mode");
        }
        buffer.fill(kStale);
    }

    const uint32_t phase_of_transfer = phase_number(disk.name());
    const uint32_t interrupts_before = disk.interrupts();
    {
        PhaseScope phase(phase_of_transfer);
        require(disk.read(job.lba, buffer.list()), disk, "read");
        report_work(uint64_t{job.sectors} * disk.sector_bytes());
    }

    const uint32_t interrupts = disk.interrupts() - interrupts_before;
    report_metric(interrupts_metric, interrupts);
    uint32_t checksum;
    {
        PhaseScope phase("checksum");
        checksum = buffer.checksum();
        report_checksum(job.drive, job.lba, job.sectors, checksum);
    }
    print("{9}: {} sector{} in {}{}, {} interrupt{}, crc {08x}\n", disk.name(), job.sectors,
          plural(job.sectors), kind_name(mode.kind), mode.number, interrupts, plural(interrupts),
          checksum);
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"sectors", "lba", "drive", "segments", "pio", "udma", "mwdma", "multiple",
                        "irq", "variant"});
    constexpr uint32_t kMostSectors = 1u << 20;
    const uint32_t sectors = options.number("sectors", 256, 1, kMostSectors);
    const Job job = {.lba = options.number64("lba", 0),
                     .sectors = sectors,
                     .drive = options.number("drive", 0, 0, 3),
                     .multiple = static_cast<uint8_t>(options.number("multiple", 0, 0, 255))};
    const ScatteredBuffer buffer(sectors,
                                 options.number("segments", sectors < 4 ? 1 : 4, 1, sectors));
    use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));

    const AtaChannel::Number channel = channel_of_drive(job.drive);
    const uint8_t device = device_of_drive(job.drive);
    AtaPolled polled(channel, device);
    AtaInterrupt interrupt(channel, device);
    AtaDma dma(channel, device);

    const std::string_view variant = options.text("variant", "all");
    const bool all = variant == "all";
    if (!all && variant != "polled" && variant != "interrupt" && variant != "dma") {
        fail("variant={} is none of all, polled, interrupt, dma", variant);
    }
    const TransferMode pio = pio_mode(options);
    const TransferMode for_dma = dma_mode(options);
    if (all || variant == "polled") run(polled, pio, "interrupts_polled", job, buffer);
    if (all || variant == "interrupt") run(interrupt, pio, "interrupts_interrupt", job, buffer);
    if (all || variant == "dma") run(dma, for_dma, "interrupts_dma", job, buffer);
    return exit_code::kSuccess;
}

}  // namespace guest
