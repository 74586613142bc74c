// SPDX-License-Identifier: Apache-2.0
//
// Code that a disk overwrites by DMA while the processor knows it well: the new code has to run.
// Writes to drive 0.
//
//   lba=0    the sector to use
#include "code_buffer.h"
#include "drivers/ata_dma.h"
#include "runtime/check.h"
#include "runtime/exit.h"
#include "runtime/interrupts.h"
#include "runtime/memory.h"
#include "runtime/print.h"
#include "runtime/program.h"

int guest::main(const CommandLine& options) {
    options.allow_only({"lba"});
    use_interrupt_controller(InterruptController::kApic);
    const uint64_t lba = options.number64("lba", 0);
    AtaDma disk(AtaChannel::Number::kPrimary, 0);
    check(disk.open() == BlockError::kNone, "open");
    check(disk.set_transfer_mode({TransferMode::Kind::kUltraDma, 2}) == BlockError::kNone,
          "transfer mode");

    void* sector = allocate(ata::kSectorBytes, kPageBytes);
    auto* function = static_cast<ConstantFunction*>(sector);
    const Segment list[] = {{reinterpret_cast<uint32_t>(sector), ata::kSectorBytes}};
    memset(sector, 0, ata::kSectorBytes);
    *function = {.value = 0x600d};
    check(disk.write(lba, list) == BlockError::kNone, "write");

    function->value = 0xbad;
    for (int i = 0; i < 1000; ++i) check_equal(function->call(), 0xbadu, "before");
    check(disk.read(lba, list) == BlockError::kNone, "read");
    check_equal(function->call(), 0x600du, "after");
    print("PASS\n");
    return exit_code::kSuccess;
}
