// SPDX-License-Identifier: Apache-2.0
//
// MultiProcessor Specification 1.4, chapter 4. Only the first I/O APIC is used: the ISA interrupts
// are all on it.
#include "kernels/apic/mp_tables.h"

#include <string_view>

#include "kernels/apic/mp_search.h"

namespace guest::mp {
namespace {

constexpr uint8_t kNoBus = 0xff;

uint32_t entry_bytes(EntryType type) {
    return type == EntryType::kProcessor ? sizeof(Processor) : sizeof(Interrupt);
}

// On the ISA bus, what is not said otherwise is active high and edge triggered.
io_apic::Input input(const Interrupt& entry) {
    using namespace interrupt_flag;
    return {.pin = entry.destination_input,
            .polarity = (entry.flags & kPolarityMask) == kActiveLow
                            ? io_apic::Polarity::kActiveLow
                            : io_apic::Polarity::kActiveHigh,
            .trigger = (entry.flags & kTriggerMask) == kLevel ? io_apic::Trigger::kLevel
                                                              : io_apic::Trigger::kEdge};
}

// Goes through the entries, which come ordered by type: a bus before the interrupts on it.
class Reader {
  public:
    explicit Reader(Machine& machine) : machine_(machine) {}

    void read(const TableHeader& table) {
        machine_.local_apic = table.local_apic;
        uint32_t address = reinterpret_cast<uint32_t>(&table + 1);
        const uint32_t end = reinterpret_cast<uint32_t>(&table) + table.bytes;
        for (uint32_t left = table.entries; left != 0 && address < end; --left) {
            const EntryType type = *reinterpret_cast<const EntryType*>(address);
            if (type > EntryType::kLocalInterrupt) return;  // Of unknown length.
            if (entry_bytes(type) > end - address) return;
            read_entry(type, address);
            address += entry_bytes(type);
        }
    }

  private:
    void read_entry(EntryType type, uint32_t address) {
        switch (type) {
            case EntryType::kProcessor:
                return on(*reinterpret_cast<const Processor*>(address));
            case EntryType::kBus:
                return on(*reinterpret_cast<const Bus*>(address));
            case EntryType::kIoApic:
                return on(*reinterpret_cast<const IoApic*>(address));
            case EntryType::kIoInterrupt:
                return on(*reinterpret_cast<const Interrupt*>(address));
            case EntryType::kLocalInterrupt:
                return;  // LINT0 and LINT1: apic.cpp sets them up as every PC wires them.
        }
    }

    void on(const Processor& processor) {
        if (processor.flags & processor_flag::kEnabled) ++machine_.processors;
    }

    void on(const Bus& bus) {
        ++machine_.buses;
        if (std::string_view(bus.name, 3) == "ISA") isa_bus_ = bus.id;
    }

    void on(const IoApic& io_apic) {
        if (!(io_apic.flags & io_apic_flag::kEnabled)) return;
        if (++machine_.io_apics > 1) return;
        machine_.io_apic_id = io_apic.id;
        machine_.io_apic = io_apic.address;
    }

    void on(const Interrupt& interrupt) {
        ++machine_.interrupts;
        if (interrupt.source_bus != isa_bus_ || interrupt.source_irq >= kIrqs) return;
        if (interrupt.interrupt_type != interrupt_type::kVectored) return;
        if (interrupt.destination_apic != machine_.io_apic_id) return;
        machine_.isa_inputs[interrupt.source_irq] = input(interrupt);
    }

    Machine& machine_;
    uint8_t isa_bus_ = kNoBus;
};

}  // namespace

Machine read_tables() {
    Machine machine;
    for (uint8_t irq = 0; irq < kIrqs; ++irq) machine.isa_inputs[irq] = io_apic_input(irq);

    const FloatingPointer* pointer = find_floating_pointer();
    if (pointer == nullptr) return machine;
    machine.has_imcr = pointer->features & feature::kImcrPresent;
    if (pointer->default_configuration != 0 || pointer->table == 0) {
        machine.source = Source::kDefault;
        return machine;
    }
    const auto& table = *reinterpret_cast<const TableHeader*>(pointer->table);
    if (std::string_view(table.signature, sizeof(table.signature)) != "PCMP" ||
        !adds_up(&table, table.bytes)) {
        machine.source = Source::kBroken;
        return machine;
    }
    machine.source = Source::kTable;
    Reader(machine).read(table);
    return machine;
}

}  // namespace guest::mp
