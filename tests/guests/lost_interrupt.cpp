// SPDX-License-Identifier: Apache-2.0
//
// An interrupt that never arrives: the drivers have to give up after their time-out, bring the
// drive back, and work again once interrupts arrive. Takes twice 2 s of the machine's time,
// asleep.
//
//   irq=apic    or pic
#include "drivers/ata_dma.h"
#include "drivers/ata_interrupt.h"
#include "runtime/check.h"
#include "runtime/exit.h"
#include "runtime/interrupts.h"
#include "runtime/memory.h"
#include "runtime/print.h"
#include "runtime/program.h"

namespace guest {
namespace {

void lose_interrupt(AtaDrive& disk, TransferMode mode, SegmentList list) {
    check(disk.open() == BlockError::kNone, "open");
    check(disk.set_transfer_mode(mode) == BlockError::kNone, "transfer mode");
    check(disk.read(0, list) == BlockError::kNone, "read before");
    detach_irq(disk.channel().irq());
    check(disk.read(0, list) == BlockError::kTimeout, "read without interrupts");
    disk.print_error();
    check(disk.open() == BlockError::kNone, "open again");
    check(disk.read(0, list) == BlockError::kNone, "read after");
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"irq"});
    use_interrupt_controller(parse_interrupt_controller(options.text("irq", "apic")));
    constexpr uint32_t kBytes = 4 * ata::kSectorBytes;
    const Segment list[] = {{reinterpret_cast<uint32_t>(allocate(kBytes)), kBytes}};
    AtaInterrupt interrupt(AtaChannel::Number::kPrimary, 0);
    AtaDma dma(AtaChannel::Number::kPrimary, 0);
    lose_interrupt(interrupt, {TransferMode::Kind::kPio, 4}, list);
    lose_interrupt(dma, {TransferMode::Kind::kUltraDma, 2}, list);
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
