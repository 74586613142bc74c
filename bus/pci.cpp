// SPDX-License-Identifier: Apache-2.0
#include "bus/pci.h"

#include <fmt/format.h>

#include <algorithm>

#include "bus/pci_bus.h"

namespace sb::pci {
namespace {

Register::Spec spec(const char* name, uint32_t offset, unsigned bits, Access access, uint64_t reset,
                    const char* doc) {
    return {
        .name = name, .offset = offset, .bits = bits, .access = access, .reset = reset, .doc = doc};
}

}  // namespace

// Offsets and meanings: PCI 2.2, figure 6-1 and 6.2.
Function::Function(Device& owner, Bus& bus, Slot slot, Identity id)
    : owner{owner},
      bank{owner, {.name = "config", .size = 256, .quiet_holes = true}},
      vendor_id{bank, spec("VENDOR_ID", 0x00, 16, ro, id.vendor, "who made the function")},
      device_id{bank, spec("DEVICE_ID", 0x02, 16, ro, id.device, "which function it is")},
      command{bank,
              spec("COMMAND", 0x04, 16, rw, 0, "what the function may do"),
              {.write =
                   [this](uint64_t) {
                       remap();
                       if (on_command_) on_command_();
                   }}},
      status{bank, spec("STATUS", 0x06, 16, rw, 0x0280, "what happened on the bus")},
      revision_id{bank, spec("REVISION_ID", 0x08, 8, ro, id.revision, "revision")},
      class_interface{bank, spec("CLASS_INTERFACE", 0x09, 8, ro, id.class_code & 0xff,
                                 "programming interface")},
      class_sub{bank, spec("CLASS_SUB", 0x0a, 8, ro, (id.class_code >> 8) & 0xff, "subclass")},
      class_base{bank, spec("CLASS_BASE", 0x0b, 8, ro, (id.class_code >> 16) & 0xff, "base class")},
      cache_line_size{bank, spec("CACHE_LINE_SIZE", 0x0c, 8, rw, 0, "in units of 4 bytes")},
      latency_timer{bank, spec("LATENCY_TIMER", 0x0d, 8, rw, 0, "in PCI clocks")},
      header_type{bank, spec("HEADER_TYPE", 0x0e, 8, ro, id.multifunction ? 0x80u : 0,
                             "bit 7: more functions in this device")},
      bist{bank, spec("BIST", 0x0f, 8, ro, 0, "no self test")},
      base{bank,
           spec("BAR", 0x10, 32, rw, 0, "base address"),
           6,
           4,
           {.write = [this](unsigned i, uint64_t v) { write_base(i, v); }}},
      subsystem_vendor_id{bank, spec("SUBSYSTEM_VENDOR_ID", 0x2c, 16, ro, id.subsystem_vendor,
                                     "who made the board it is on")},
      subsystem_id{bank, spec("SUBSYSTEM_ID", 0x2e, 16, ro, id.subsystem, "which board it is on")},
      expansion_rom{bank,
                    spec("EXPANSION_ROM", 0x30, 32, rw, 0, "expansion ROM; 0 where there is none"),
                    {.write = [this](uint64_t v) { write_rom(v); }}},
      interrupt_line{bank, spec("INTERRUPT_LINE", 0x3c, 8, rw, 0, "scratch: the routed line")},
      interrupt_pin{bank, spec("INTERRUPT_PIN", 0x3d, 8, ro, id.interrupt_pin, "1 = INTA#")},
      bus_{bus},
      slot_{slot} {
    bus.add(*this);
    bank.on_reset([this] {
        for (unsigned i = 0; i < rom_index; ++i) write_base(i, 0);
        write_rom(0);
        if (msi_) capabilities = 1;
        interrupt(false);
    });
    if (id.interrupt_pin >= 1 && id.interrupt_pin <= 4) {
        const unsigned line = (id.interrupt_pin - 1 + slot.device + 3) % 4;
        pin_.connect(bus.board().line(std::string{"pirq"} + "abcd"[line]));
    }
    // Restoring the registers does not map anything: the ranges follow from them here.
    owner.declare_state("bases", [this](Archive& archive) {
        if (archive.loading()) remap();
    });
}

void Function::add_base(unsigned index, Space space, uint32_t size, TargetSocket& socket,
                        const std::string& name) {
    Board& board = bus_.board();
    AddressSpace& into = space == Space::ports ? board.ports : board.memory;
    bases_.at(index) = {space, size, into.attach(socket), name, false, 0, 0};
    base[index].set(space == Space::ports ? 1 : 0);
}

/// Address bits below the size read as zero, which is how software finds the size
/// (PCI 2.2, 6.2.5.1).
void Function::write_base(unsigned index, uint64_t written) {
    const Base& b = bases_[index];
    if (b.size == 0) {
        base[index].set(0);
        return;
    }
    const uint64_t kind = b.space == Space::ports ? 1 : 0;
    base[index].set((written & ~uint64_t{b.size - 1}) | kind);
    remap();
}

bool Function::enabled(unsigned index) const {
    if (index == rom_index) return memory_enable && rom_enable;
    return bases_[index].space == Space::ports ? port_enable : memory_enable;
}

void Function::remap() {
    for (unsigned i = 0; i < bases_.size(); ++i) {
        Base& b = bases_[i];
        if (b.size == 0) continue;
        Board& board = bus_.board();
        AddressSpace& into = b.space == Space::ports ? board.ports : board.memory;
        const Register& reg = i == rom_index ? expansion_rom : base[i];
        const uint64_t at = reg.value() & ~uint64_t{b.size - 1};
        // A base of zero is "not set", and one that holds the sizing pattern must not be mapped.
        const bool wanted = enabled(i) && at != 0 && at + b.size <= into.size();
        if (b.mapped && (!wanted || b.at != at)) {
            into.unmap(b.range);
            b.mapped = false;
        }
        if (wanted && !b.mapped) {
            b.range = into.map(at, b.size, b.outlet, b.name, false, nullptr,
                               static_cast<Behind>(2 + static_cast<unsigned>(devsel)));
            b.at = at;
            b.mapped = true;
        }
    }
}

void Function::assign_bases(uint32_t& next_port, uint32_t& next_memory) {
    for (unsigned i = 0; i < rom_index; ++i) {
        const Base& b = bases_[i];
        if (b.size == 0) continue;
        uint32_t& next = b.space == Space::ports ? next_port : next_memory;
        next = (next + b.size - 1) & ~(b.size - 1);
        write_base(i, next);
        (b.space == Space::ports ? port_enable : memory_enable) = 1;
        next += b.size;
    }
    remap();
}

bool Function::claims(uint64_t address) const {
    return std::any_of(bases_.begin(), bases_.end(), [&](const Base& b) {
        return b.space == Space::memory && b.mapped && address - b.at < b.size;
    });
}

Bus::Bus(Board& board) : board_{board} {}
Bus::~Bus() = default;

void Bus::time(const LocalBusTiming& timing) {
    local_ = std::make_unique<LocalBus>(board_, *this, timing);
}

void Bus::add(Function& function) {
    const Slot slot = function.slot();
    if (slot.device > 31 || slot.function > 7)
        throw Error(fmt::format("{}: there is no PCI slot {:02x}.{}", function.owner.path(),
                                slot.device, slot.function));
    if (Function* other = find(slot.device, slot.function))
        throw Error(fmt::format("{}: PCI slot {:02x}.{} is taken by {}; give it another",
                                function.owner.path(), slot.device, slot.function,
                                other->owner.path()));
    functions_.push_back(&function);
}

Function* Bus::find(unsigned device, unsigned function) const {
    for (Function* f : functions_)
        if (f->slot().device == device && f->slot().function == function) return f;
    return nullptr;
}

Function* Bus::claimant(uint64_t address) const {
    for (Function* f : functions_)
        if (f->claims(address)) return f;
    return nullptr;
}

Bus& bus_of(const DeviceContext& context) {
    if (context.board.pci) return *context.board.pci;
    throw Error(fmt::format("{}: this board has no PCI bus", context.name));
}

}  // namespace sb::pci
