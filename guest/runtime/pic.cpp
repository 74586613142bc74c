// SPDX-License-Identifier: Apache-2.0
//
// Names as in the 8259A datasheet (Intel order 231468-003): the initialisation command words ICW1-4
// are written in sequence after ICW1, the operation command words OCW1-3 at any time.
#include "runtime/pic.h"

#include "runtime/io.h"

namespace guest::pic {
namespace {

constexpr uint16_t kMasterCommand = 0x20;  // ICW1, OCW2, OCW3.
constexpr uint16_t kMasterData = 0x21;     // ICW2-4, OCW1: the mask.
constexpr uint16_t kSlaveCommand = 0xa0;
constexpr uint16_t kSlaveData = 0xa1;
constexpr uint16_t kEdgeLevelControl = 0x4d0;  // ELCR1, and ELCR2 after it: a bit for each input.

constexpr uint8_t kIcw1 = 0x10;
constexpr uint8_t kIcw1NeedsIcw4 = 0x01;
constexpr uint8_t kIcw3MasterSlaveOnInput2 = 1 << 2;
constexpr uint8_t kIcw3SlaveIdentity = 2;
constexpr uint8_t kIcw4Mode8086 = 0x01;
constexpr uint8_t kOcw2NonSpecificEoi = 0x20;
constexpr uint8_t kOcw3ReadInService = 0x0b;

constexpr uint8_t kCascadeIrq = 2;
constexpr uint8_t kInputs = 8;
constexpr uint8_t kSpuriousInput = 7;

constinit uint16_t masked = 0xffff;  // Bit n: IRQ n.

void write_masks() {
    write_port8(kMasterData, static_cast<uint8_t>(masked));
    write_port8(kSlaveData, static_cast<uint8_t>(masked >> 8));
}

}  // namespace

void initialise(uint8_t first_vector) {
    write_port8(kMasterCommand, kIcw1 | kIcw1NeedsIcw4);
    write_port8(kSlaveCommand, kIcw1 | kIcw1NeedsIcw4);
    write_port8(kMasterData, first_vector);
    write_port8(kSlaveData, first_vector + kInputs);
    write_port8(kMasterData, kIcw3MasterSlaveOnInput2);
    write_port8(kSlaveData, kIcw3SlaveIdentity);
    write_port8(kMasterData, kIcw4Mode8086);
    write_port8(kSlaveData, kIcw4Mode8086);
    masked = 0xffff;
    write_masks();
}

void mask(uint8_t irq) {
    masked |= 1u << irq;
    write_masks();
}

void unmask(uint8_t irq) {
    masked &= ~(1u << irq);
    if (irq >= kInputs) masked &= ~(1u << kCascadeIrq);
    write_masks();
}

bool is_spurious(uint8_t irq) {
    if (irq % kInputs != kSpuriousInput) return false;
    const uint16_t command = irq < kInputs ? kMasterCommand : kSlaveCommand;
    write_port8(command, kOcw3ReadInService);
    if (read_port8(command) & (1u << kSpuriousInput)) return false;
    // The master does not know that the slave's interrupt was spurious, and has input 2 in service.
    if (irq >= kInputs) write_port8(kMasterCommand, kOcw2NonSpecificEoi);
    return true;
}

void set_level_triggered(uint8_t irq) {
    const uint16_t port = kEdgeLevelControl + irq / kInputs;
    write_port8(port, read_port8(port) | 1u << irq % kInputs);
}

void end_of_interrupt(uint8_t irq) {
    if (irq >= kInputs) write_port8(kSlaveCommand, kOcw2NonSpecificEoi);
    write_port8(kMasterCommand, kOcw2NonSpecificEoi);
}

}  // namespace guest::pic
