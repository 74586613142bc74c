// SPDX-License-Identifier: Apache-2.0
//
// A kernel for a PC with APICs: finds out from the firmware's tables how interrupts are wired,
// turns on paging, the APICs, the disk, the keyboard and the serial line, and then does what is
// typed on either of them. Each step says what it found.
//
//   console=screen    the screen and the serial port; or serial, debug, both
#include "drivers/keyboard.h"
#include "drivers/serial_input.h"
#include "kernels/apic/disk.h"
#include "kernels/apic/mp_tables.h"
#include "kernels/apic/paging.h"
#include "kernels/apic/shell.h"
#include "kernels/apic/timer.h"
#include "kernels/apic/user_mode.h"
#include "runtime/apic.h"
#include "runtime/clock.h"
#include "runtime/console.h"
#include "runtime/exit.h"
#include "runtime/interrupts.h"
#include "runtime/memory.h"
#include "runtime/print.h"
#include "runtime/program.h"

namespace guest {
namespace {

constinit CharacterQueue input;

void print_machine(const mp::Machine& machine) {
    switch (machine.source) {
        case mp::Source::kTable:
            print("mp: {} processor{}, {} bus{}, {} I/O APIC{}, {} interrupts{}\n",
                  machine.processors, plural(machine.processors), machine.buses,
                  machine.buses == 1 ? "" : "es", machine.io_apics, plural(machine.io_apics),
                  machine.interrupts, machine.has_imcr ? ", IMCR" : "");
            return;
        case mp::Source::kDefault:
            return print("mp: a default configuration\n");
        case mp::Source::kNone:
            return print("mp: no tables: assuming a standard PC\n");
        case mp::Source::kBroken:
            return print("mp: the table does not add up: assuming a standard PC\n");
    }
}

// The interrupt mode configuration register, where there is one, connects the processor's interrupt
// pin to the 8259A, past the APICs (MultiProcessor Specification 1.4, section 3.6.2.1).
void leave_pic_mode() {
    constexpr uint16_t kImcrSelect = 0x22;
    constexpr uint16_t kImcrData = 0x23;
    constexpr uint8_t kImcr = 0x70;
    constexpr uint8_t kThroughApic = 1 << 0;
    write_port8(kImcrSelect, kImcr);
    write_port8(kImcrData, kThroughApic);
}

void start_apics(const mp::Machine& machine) {
    if (machine.has_imcr) leave_pic_mode();
    if (!local_apic::is_present()) fail("no local APIC: the PIC kernel needs none");
    if (!io_apic::is_present()) fail("no I/O APIC: the PIC kernel needs none");
    for (uint8_t irq = 0; irq < kIrqs; ++irq) set_io_apic_input(irq, machine.isa_inputs[irq]);
    use_interrupt_controller(InterruptController::kApic);
    print("ioapic: id {}, version {02x}, {} inputs at {08x}\n", io_apic::id(), io_apic::version(),
          io_apic::inputs(), io_apic::base());
    clock::start_ticks();
    const uint32_t frequency = timer::start();
    print("lapic: id {}, version {02x} at {08x}, timer {} kHz\n", local_apic::id(),
          local_apic::version(), local_apic::base(), frequency / 1000);
}

void start_input() {
    const keyboard::OpenError error = keyboard::open(input);
    if (error == keyboard::OpenError::kNone) {
        print("keyboard: irq {}\n", irq::kKeyboard);
    } else {
        print("keyboard: {}\n", keyboard::error_name(error));
    }
    if (serial_input::open(input)) {
        print("serial: irq {}\n", irq::kSerial1);
    } else {
        print("serial: no port\n");
    }
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({});
    if (!options.has("console")) use_console(Console::kScreen | Console::kSerial);
    print("Southbridge APIC kernel, {} KiB of memory\n", memory_end() / 1024);

    const mp::Machine machine = mp::read_tables();
    print_machine(machine);
    local_apic::set_base(machine.local_apic);
    io_apic::set_base(machine.io_apic);

    paging::enable();
    print("paging: {} pages\n", paging::mapped_pages());
    user_mode::initialise();
    start_apics(machine);
    disk::open();
    disk::check_data_area();
    start_input();
    shell::run(input);
    print("bye\n");
    return exit_code::kSuccess;
}

}  // namespace guest
