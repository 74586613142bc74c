// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/low_memory.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string_view>
#include <vector>

namespace sb::machine {
namespace {

constexpr uint32_t floating_pointer = 0xf5b00, configuration = 0xf5b10;

uint8_t* writable(bus::AddressSpace& memory, uint64_t address, uint64_t size) {
    const auto* range = memory.find(address);
    if (!range || !range->direct || !range->direct->writable ||
        size > range->size - (address - range->start))
        return nullptr;
    return range->direct->host + (address - range->start);
}

using Bytes = std::vector<uint8_t>;

void number(Bytes& bytes, uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}
void text(Bytes& bytes, std::string_view s, size_t size) {
    for (size_t i = 0; i < size; ++i)
        bytes.push_back(i < s.size() ? static_cast<uint8_t>(s[i]) : uint8_t{' '});
}
/// All bytes of a structure sum to zero (4.1, 4.2).
void set_checksum(Bytes& bytes, size_t at) {
    bytes[at] = static_cast<uint8_t>(0 - std::accumulate(bytes.begin(), bytes.end(), 0u));
}
void place(bus::AddressSpace& memory, uint64_t address, const Bytes& bytes) {
    if (uint8_t* to = writable(memory, address, bytes.size()))
        std::memcpy(to, bytes.data(), bytes.size());
}

// Entry types and interrupt types (tables 4-3 and 4-10).
enum : uint8_t { entry_processor, entry_bus, entry_io_apic, entry_io_interrupt, entry_local };
enum : uint8_t { type_int, type_nmi, type_smi, type_ext_int };

// Bus ids (4.3.2, D.2). A PCI bus has its own number; ISA comes after it.
enum : uint8_t { pci_bus, isa_bus };

/// Interrupt entries (4.3.4, 4.3.5): polarity and trigger conform to the source bus.
void interrupt(Bytes& bytes, uint8_t entry, uint8_t type, uint8_t irq, uint8_t apic,
               uint8_t input, uint8_t bus = isa_bus) {
    number(bytes, entry, 1);
    number(bytes, type, 1);
    number(bytes, 0, 2);
    number(bytes, bus, 1);
    number(bytes, irq, 1);
    number(bytes, apic, 1);
    number(bytes, input, 1);
}

struct Table {
    Bytes entries;
    unsigned count = 0;
};

Table table_of(const ProcessorIdentity& processor, const std::vector<PciInterrupt>& pci) {
    // Ids on the APIC bus are unique (3.6.6): the processor has 0. Software writes the I/O APIC's.
    constexpr uint8_t io_apic_id = 1, all_local_apics = 0xff, apic_version = 0x11;
    constexpr uint32_t io_apic_address = 0xfec00000;
    Table t;
    number(t.entries, entry_processor, 1);
    number(t.entries, 0, 1);             // its local APIC's id
    number(t.entries, apic_version, 1);  // of an integrated one
    number(t.entries, 3, 1);             // enabled, the boot processor
    number(t.entries, processor.signature, 4);
    number(t.entries, processor.features, 4);
    number(t.entries, 0, 8);
    number(t.entries, entry_bus, 1);
    number(t.entries, pci_bus, 1);
    text(t.entries, "PCI", 6);
    number(t.entries, entry_bus, 1);
    number(t.entries, isa_bus, 1);
    text(t.entries, "ISA", 6);
    number(t.entries, entry_io_apic, 1);
    number(t.entries, io_apic_id, 1);
    number(t.entries, apic_version, 1);
    number(t.entries, 1, 1);  // usable
    number(t.entries, io_apic_address, 4);
    t.count = 4;
    interrupt(t.entries, entry_io_interrupt, type_ext_int, 0, io_apic_id, 0);
    ++t.count;
    for (uint8_t irq = 0; irq < 16; ++irq) {
        if (irq == 2) continue;  // the cascade
        interrupt(t.entries, entry_io_interrupt, type_int, irq, io_apic_id, irq == 0 ? 2 : irq);
        ++t.count;
    }
    // The source of a PCI interrupt is the device's number and pin (appendix D.3).
    for (const PciInterrupt& from : pci) {
        interrupt(t.entries, entry_io_interrupt, type_int,
                  static_cast<uint8_t>(from.device << 2 | from.pin), io_apic_id,
                  static_cast<uint8_t>(from.input), pci_bus);
        ++t.count;
    }
    interrupt(t.entries, entry_local, type_ext_int, 0, all_local_apics, 0);
    interrupt(t.entries, entry_local, type_nmi, 0, all_local_apics, 1);
    t.count += 2;
    return t;
}

}  // namespace

void place_bios_data(bus::AddressSpace& memory) {
    auto word = [&](uint32_t address, uint16_t value) {
        if (uint8_t* to = writable(memory, address, 2)) std::memcpy(to, &value, 2);
    };
    constexpr uint32_t area = 0x400;
    word(area + 0x00, 0x3f8);
    word(area + 0x0e, static_cast<uint16_t>(low_memory_bytes >> 4));
    word(area + 0x13, low_memory_bytes / 1024);
    word(area + 0x49, 3);       // video mode
    word(area + 0x4a, 80);      // columns
    word(area + 0x63, 0x3d4);   // CRT controller
    word(low_memory_bytes, 1);  // the EBDA's size in KiB
}

void place_mp_tables(bus::AddressSpace& memory, const ProcessorIdentity& processor,
                     const std::vector<PciInterrupt>& pci) {
    const Table table = table_of(processor, pci);
    constexpr uint32_t local_apic = 0xfee00000;
    constexpr size_t header_bytes = 44;
    Bytes header;
    text(header, "PCMP", 4);
    number(header, header_bytes + table.entries.size(), 2);
    number(header, 4, 1);  // revision 1.4
    number(header, 0, 1);
    text(header, "SB", 8);
    text(header, "SOUTHBRIDGE", 12);
    number(header, 0, 4 + 2);  // no OEM table
    number(header, table.count, 2);
    number(header, local_apic, 4);
    number(header, 0, 4);  // no extended entries
    header.insert(header.end(), table.entries.begin(), table.entries.end());
    set_checksum(header, 7);
    place(memory, configuration, header);

    Bytes pointer;
    text(pointer, "_MP_", 4);
    number(pointer, configuration, 4);
    number(pointer, 1, 1);  // in units of 16 bytes
    number(pointer, 4, 1);
    number(pointer, 0, 1);
    number(pointer, 0, 5);  // a configuration table is there; virtual wire mode, no IMCR
    set_checksum(pointer, 10);
    place(memory, floating_pointer, pointer);
}

}  // namespace sb::machine
