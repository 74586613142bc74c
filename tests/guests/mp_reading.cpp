// SPDX-License-Identifier: Apache-2.0
//
// The APIC kernel's reading of the MP tables, on tables made here in the way that firmware makes
// them (MultiProcessor Specification 1.4, chapter 4), in the extended BIOS data area and in the
// last kibibyte of base memory, with what no ordinary PC has: an IMCR, a level-triggered ISA
// interrupt, a second I/O APIC, a broken checksum, a length that lies.
#include "kernels/apic/mp_formats.h"
#include "kernels/apic/mp_tables.h"
#include "runtime/check.h"
#include "runtime/exit.h"
#include "runtime/memory.h"
#include "runtime/print.h"
#include "runtime/program.h"

namespace guest {
namespace {

// Words of the firmware's data area, and memory for what they point to.
constexpr uint32_t kEbdaSegment = 0x40e;
constexpr uint32_t kBaseMemorySize = 0x413;
constexpr uint32_t kEbda = 0x80000;
constexpr uint32_t kBaseMemoryKib = 512;  // So its last kibibyte ends where the EBDA begins.
constexpr uint32_t kLastKibibyte = kEbda - 1024;
constexpr uint32_t kTable = 0x70000;

constexpr uint8_t kIsaBus = 5;
constexpr uint8_t kPciBus = 6;
constexpr uint8_t kFirstIoApic = 2;
constexpr uint8_t kSecondIoApic = 3;

void write_data_area(uint32_t address, uint16_t value) {
    asm("" : "+r"(address));  // As in mp_search.cpp.
    *reinterpret_cast<volatile uint16_t*>(address) = value;
}

void make_add_up(uint8_t& checksum, const void* structure, uint32_t bytes) {
    checksum = 0;
    uint8_t sum = 0;
    for (uint32_t i = 0; i < bytes; ++i) sum += static_cast<const uint8_t*>(structure)[i];
    checksum = -sum;
}

mp::FloatingPointer& place_pointer(uint32_t address) {
    auto& pointer = *reinterpret_cast<mp::FloatingPointer*>(address);
    pointer = {.signature = {'_', 'M', 'P', '_'},
               .table = kTable,
               .paragraphs = 1,
               .revision = 4,
               .checksum = 0,
               .default_configuration = 0,
               .features = mp::feature::kImcrPresent,
               .reserved = {}};
    make_add_up(pointer.checksum, &pointer, sizeof(pointer));
    return pointer;
}

void remove_pointer(mp::FloatingPointer& pointer) { pointer.signature[0] = 0; }

// The table, with the entries in the order that section 4.3 asks for.
struct Table {
    mp::TableHeader header;
    mp::Processor processors[2];
    mp::Bus buses[2];
    mp::IoApic io_apics[2];
    mp::Interrupt interrupts[4];
};

Table& place_table() {
    using enum mp::EntryType;
    auto& table = *reinterpret_cast<Table*>(kTable);
    memset(&table, 0, sizeof(table));
    memcpy(table.header.signature, "PCMP", 4);
    table.header.bytes = sizeof(Table);
    table.header.entries = 10;
    table.header.local_apic = 0xfee01000;
    table.processors[0] = {kProcessor, 0, 0x14, mp::processor_flag::kEnabled, 0, 0, {}};
    table.processors[1] = {kProcessor, 1, 0x14, 0, 0, 0, {}};  // Not to be used.
    table.buses[0] = {kBus, kIsaBus, {'I', 'S', 'A', ' ', ' ', ' '}};
    table.buses[1] = {kBus, kPciBus, {'P', 'C', 'I', ' ', ' ', ' '}};
    table.io_apics[0] = {kIoApic, kFirstIoApic, 0x11, mp::io_apic_flag::kEnabled, 0xfec01000};
    table.io_apics[1] = {kIoApic, kSecondIoApic, 0x11, mp::io_apic_flag::kEnabled, 0xfec02000};
    table.interrupts[0] = {kIoInterrupt, 0, 0, kIsaBus, 1, kFirstIoApic, 17};
    table.interrupts[1] = {
        kIoInterrupt, 0, mp::interrupt_flag::kActiveLow | mp::interrupt_flag::kLevel, kIsaBus, 14,
        kFirstIoApic, 18};
    table.interrupts[2] = {kIoInterrupt, 0, 0, kPciBus, 4, kFirstIoApic, 19};
    table.interrupts[3] = {kIoInterrupt, 0, 0, kIsaBus, 5, kSecondIoApic, 20};
    make_add_up(table.header.checksum, &table, sizeof(table));
    return table;
}

void check_input(const mp::Machine& machine, uint8_t irq, uint8_t pin, io_apic::Polarity polarity,
                 io_apic::Trigger trigger, const char* what) {
    check_equal(machine.isa_inputs[irq].pin, pin, what);
    check(machine.isa_inputs[irq].polarity == polarity, what);
    check(machine.isa_inputs[irq].trigger == trigger, what);
}

void check_good_table() {
    using enum io_apic::Polarity;
    using enum io_apic::Trigger;
    place_table();
    const mp::Machine machine = mp::read_tables();
    check(machine.source == mp::Source::kTable, "the table is found");
    check(machine.has_imcr, "there is an IMCR");
    check_equal(machine.processors, 1u, "processors that may be used");
    check_equal(machine.buses, 2u, "buses");
    check_equal(machine.io_apics, 2u, "I/O APICs");
    check_equal(machine.interrupts, 4u, "interrupts");
    check_equal(machine.local_apic, 0xfee01000, "the local APIC's address");
    check_equal(machine.io_apic, 0xfec01000, "the first I/O APIC's address");
    check_input(machine, 0, 2, kActiveHigh, kEdge, "IRQ 0, not in the table");
    check_input(machine, 1, 17, kActiveHigh, kEdge, "IRQ 1");
    check_input(machine, 14, 18, kActiveLow, kLevel, "IRQ 14");
    check_input(machine, 4, 4, kActiveHigh, kEdge, "IRQ 4, on the PCI bus only");
    check_input(machine, 5, 5, kActiveHigh, kEdge, "IRQ 5, on the other I/O APIC only");
}

void check_bad_tables() {
    Table& table = place_table();
    ++table.header.checksum;
    check(mp::read_tables().source == mp::Source::kBroken, "a wrong checksum");

    place_table().header.signature[0] = 'X';
    check(mp::read_tables().source == mp::Source::kBroken, "a wrong signature");

    place_table();  // More entries than there is room for.
    table.header.entries = 1000;
    make_add_up(table.header.checksum, &table, sizeof(table));
    check_equal(mp::read_tables().interrupts, 4u, "interrupts of a table with too many entries");

    place_table();  // An entry of a type, and so of a length, that nobody knows.
    table.interrupts[1].type = static_cast<mp::EntryType>(9);
    make_add_up(table.header.checksum, &table, sizeof(table));
    check_equal(mp::read_tables().interrupts, 1u, "interrupts before an unknown entry");
}

void check_default_configuration(mp::FloatingPointer& pointer) {
    pointer.default_configuration = 5;
    make_add_up(pointer.checksum, &pointer, sizeof(pointer));
    const mp::Machine machine = mp::read_tables();
    check(machine.source == mp::Source::kDefault, "a default configuration");
    check_equal(machine.isa_inputs[0].pin, 2, "IRQ 0 in a default configuration");
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({});
    write_data_area(kEbdaSegment, kEbda / 16);
    write_data_area(kBaseMemorySize, kBaseMemoryKib);

    // The first kibibyte of the EBDA; the last kibibyte of base memory only where there is none.
    mp::FloatingPointer* pointer = &place_pointer(kEbda + 1024 - sizeof(mp::FloatingPointer));
    check_good_table();
    check_bad_tables();
    check_default_configuration(*pointer);
    remove_pointer(*pointer);
    pointer = &place_pointer(kLastKibibyte);
    place_table();
    check(!mp::read_tables().has_imcr, "base memory is not searched where there is an EBDA");
    write_data_area(kEbdaSegment, 0);
    check_good_table();
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
