// SPDX-License-Identifier: Apache-2.0
//
// Writes a pattern, flushes it, reads it back, compares, and ends in the way that was asked for: a
// test can see whether what was written survives it.
//
//   sectors=16     how many to write         lba=0          where
//   drive=0        0 to 3                    segments=4     pieces of the buffer in memory
//   mode=dma       or polled, interrupt      seed=1         of the pattern
//   pio=4          mode of the first two     udma=2         mode of the third; or mwdma=0..2
//   multiple=0     sectors for each data request, where not 0
//   irq=apic       or pic: the interrupt controller
//   after=exit     or triple_fault, hlt
//
// The pattern: the 32-bit word at byte 4w of sector lba is lba * 0x9e3779b9 + w + seed (mod 2^32).
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
#include "runtime/triple_fault.h"

namespace guest {
namespace {

constexpr uint32_t kWordsInSector = ata::kSectorBytes / sizeof(uint32_t);

// The pattern as a stream of words, from the first sector on.
class Pattern {
  public:
    Pattern(uint64_t lba, uint32_t seed) : lba_(static_cast<uint32_t>(lba)), seed_(seed) {}

    uint32_t next() {
        const uint32_t word = lba_ * 0x9e3779b9 + word_ + seed_;
        if (++word_ == kWordsInSector) {
            word_ = 0;
            ++lba_;
        }
        return word;
    }

  private:
    uint32_t lba_;
    uint32_t seed_;
    uint32_t word_ = 0;
};

std::span<uint32_t> words_of(const Segment& segment) {
    return {reinterpret_cast<uint32_t*>(segment.address), segment.bytes / sizeof(uint32_t)};
}

void write_pattern(SegmentList list, Pattern pattern) {
    for (const Segment& segment : list) {
        for (uint32_t& word : words_of(segment)) word = pattern.next();
    }
}

void compare_with_pattern(SegmentList list, Pattern pattern) {
    uint32_t index = 0;
    for (const Segment& segment : list) {
        for (const uint32_t word : words_of(segment)) {
            const uint32_t expected = pattern.next();
            if (word != expected) {
                fail("word {} reads {08x}, written was {08x}", index, word, expected);
            }
            ++index;
        }
    }
}

void run(AtaDrive& disk, TransferMode mode, const CommandLine& options) {
    constexpr uint32_t kMostSectors = 1u << 20;
    const uint64_t lba = options.number64("lba", 0);
    const uint32_t sectors = options.number("sectors", 16, 1, kMostSectors);
    const Pattern pattern(lba, options.number("seed", 1));
    const ScatteredBuffer buffer(sectors,
                                 options.number("segments", sectors < 4 ? 1 : 4, 1, sectors));
    const uint64_t bytes = uint64_t{sectors} * ata::kSectorBytes;
    {
        PhaseScope phase("setup");
        use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));
        require(disk.open(), disk, "open");
        require_sectors(disk, lba, sectors);
        require(disk.set_transfer_mode(mode), disk, "set the transfer mode");
        if (options.has("multiple") && mode.kind == TransferMode::Kind::kPio) {
            require(disk.set_multiple(options.number("multiple", 0, 0, 255)), disk,
                    "set multiple mode");
        }
        write_pattern(buffer.list(), pattern);
    }
    {
        PhaseScope phase("write");
        require(disk.write(lba, buffer.list()), disk, "write");
        report_work(bytes);
    }
    {
        PhaseScope phase("flush");
        require(disk.flush(), disk, "flush");
    }
    buffer.fill(0);
    {
        PhaseScope phase("read back");
        require(disk.read(lba, buffer.list()), disk, "read back");
        report_work(bytes);
    }
    compare_with_pattern(buffer.list(), pattern);
    report_checksum(options.number("drive", 0, 0, 3), lba, sectors, buffer.checksum());
    print("{}: {} sector{} written to {} and verified, crc {08x}\n", disk.name(), sectors,
          plural(sectors), lba, buffer.checksum());
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"sectors", "lba", "drive", "segments", "mode", "seed", "pio", "udma",
                        "mwdma", "multiple", "irq", "after"});
    const std::string_view after = options.text("after", "exit");
    if (after != "exit" && after != "triple_fault" && after != "hlt") {
        fail("after={} is none of exit, triple_fault, hlt", after);
    }
    const uint32_t drive = options.number("drive", 0, 0, 3);
    const AtaChannel::Number channel = channel_of_drive(drive);
    const uint8_t device = device_of_drive(drive);

    const std::string_view mode = options.text("mode", "dma");
    if (mode == "polled") {
        AtaPolled disk(channel, device);
        run(disk, pio_mode(options), options);
    } else if (mode == "interrupt") {
        AtaInterrupt disk(channel, device);
        run(disk, pio_mode(options), options);
    } else if (mode == "dma") {
        AtaDma disk(channel, device);
        run(disk, dma_mode(options), options);
    } else {
        fail("mode={} is none of polled, interrupt, dma", mode);
    }

    if (after == "triple_fault") triple_fault();
    if (after == "hlt") halt_forever();
    return exit_code::kSuccess;
}

}  // namespace guest
