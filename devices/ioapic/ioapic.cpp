// SPDX-License-Identifier: Apache-2.0
#include "devices/ioapic/ioapic.h"

#include <algorithm>
#include <optional>

#include "bus/isa.h"

namespace sb::devices {
namespace {

constexpr uint64_t version_82093aa = 0x00170011;  // 3.2.2: 24 entries, version 11h
constexpr uint32_t first_entry = 0x10;            // 3.2.4: two registers an entry
constexpr uint32_t bytes_per_register = 4;
constexpr uint32_t window_bytes = 0x20, registers = 0x100;

bus::Register::Spec spec(std::string name, uint32_t index, bus::Access access, uint64_t reset,
                         const char* doc) {
    return {.name = std::move(name),
            .offset = index * bytes_per_register,
            .bits = 32,
            .access = access,
            .reset = reset,
            .doc = doc};
}

constexpr unsigned timer_pin = 2, timer_irq = 0;

/// The number of the line "irqN" at a pin.
std::optional<unsigned> irq_of(unsigned pin) {
    if (pin == 0) return std::nullopt;  // the 8259A's output
    return pin == timer_pin ? timer_irq : pin;
}

std::string line_of(unsigned pin) {
    const auto irq = irq_of(pin);
    return irq ? fmt::format("irq{}", *irq) : "pic.intr";
}

}  // namespace

const bus::DeviceModel ioapic{
    "ioapic",
    "I/O APIC with 24 inputs",
    "Intel 82093AA datasheet (290566-001)",
    {{"address", ValueType::integer, "0xfec00000", "first physical address"},
     {"id",
      ValueType::integer,
      "1",
      "identity at reset, for convenience: the part's is 0",
      {},
      0,
      15},
     {"message_time",
      ValueType::duration,
      "1260ns",
      "of an interrupt message: 21 cycles of the 16.67 MHz APIC bus",
      {},
      0,
      1'000'000'000},
     {"eoi_time",
      ValueType::duration,
      "840ns",
      "of an end-of-interrupt message: 14 cycles of the APIC bus",
      {},
      0,
      1'000'000'000}},
    [](const bus::DeviceContext& c) { return std::make_unique<IoApic>(c); }};
SOUTHBRIDGE_DEVICE(ioapic)

IoApic::Entry::Entry(IoApic& owner, unsigned pin)
    : low{owner.registers_,
          spec(fmt::format("IOREDTBL{}_LOW", pin), first_entry + 2 * pin, bus::rw, 0x10000,
               "how an input is delivered"),
          {.write = [&owner, pin](uint64_t) { owner.entry_written(pin); }}},
      high{owner.registers_, spec(fmt::format("IOREDTBL{}_HIGH", pin), first_entry + 2 * pin + 1,
                                  bus::rw, 0, "to whom an input is delivered")},
      asserted{owner, fmt::format("asserted{}", pin), false},
      latched{owner, fmt::format("latched{}", pin), false},
      refused{owner, fmt::format("refused{}", pin), false} {}

bool IoApic::Entry::by_level() const {
    const auto how = static_cast<bus::DeliveryMode>(mode.get());
    return level && (how == bus::DeliveryMode::fixed || how == bus::DeliveryMode::lowest_priority);
}

IoApic::IoApic(const bus::DeviceContext& context)
    : Device{context},
      apic_bus_{context.board.shared<bus::ApicBus>("apic.bus")},
      message_time_{context.config.duration("message_time")},
      eoi_time_{context.config.duration("eoi_time")},
      window_{*this, {.name = "window", .size = window_bytes}},
      select_{window_,
              {.name = "IOREGSEL",
               .offset = 0x00,
               .bits = 32,
               .doc = "register select",
               .whole = true}},
      data_{window_,
            {.name = "IOWIN",
             .offset = 0x10,
             .bits = 32,
             .doc = "the register selected",
             .whole = true},
            {.read =
                 [this] {
                     return registers_.read(static_cast<uint32_t>(index_) * bytes_per_register,
                                            bytes_per_register);
                 },
             .write =
                 [this](uint64_t v) {
                     registers_.write(static_cast<uint32_t>(index_) * bytes_per_register,
                                      bytes_per_register, v);
                 }}},
      registers_{*this, {.name = "registers", .size = registers * bytes_per_register}},
      id_{registers_,
          spec("IOAPICID", 0, bus::rw, 0, "identity"),
          // 3.2.3: the arbitration identity is loaded when the identity is written.
          {.write = [this](uint64_t) { arbitration_ = id_.value(); }}},
      version_{registers_, spec("IOAPICVER", 1, bus::ro, version_82093aa, "version")},
      arbitration_{registers_, spec("IOAPICARB", 2, bus::ro, 0, "arbitration identity")} {
    for (unsigned pin = 0; pin < pins; ++pin) {
        entries_[pin] = std::make_unique<Entry>(*this, pin);
        bus::Line& line = context.board.line(line_of(pin));
        line.connect(*this, pin);
        entries_[pin]->asserted = line.asserted();
    }
    apic_bus_.add(*this);
    apic_id_ = context.config.integer("id");
    bus::claim(context, context.board.memory, context.config.integer("address"), window_bytes,
               window_.socket(), "window", false, bus::Behind::board);
}

void IoApic::reset() {
    const uint64_t identity = apic_id_;
    Device::reset();
    apic_id_ = identity;
    arbitration_ = id_.value();
    for (auto& entry : entries_) entry->latched = entry->refused = false;
    under_way_ = pins;
    bus_free_ = now();
    sent_.cancel();
}

void IoApic::line_changed(unsigned pin, bool asserted) {
    Entry& entry = *entries_[pin];
    entry.asserted = asserted;
    // 3.2.4: edges on a masked input are neither delivered nor held.
    if (asserted && !entry.by_level() && !entry.mask) entry.latched = true;
    entry.refused = false;
    schedule();
}

void IoApic::entry_written(unsigned pin) {
    Entry& entry = *entries_[pin];
    if (!entry.by_level()) entry.remote = 0;
    if (entry.by_level() || entry.mask) entry.latched = false;
    entry.refused = false;
    schedule();
}

void IoApic::end_of_interrupt(uint8_t vector) {
    bool mine = false;
    for (auto& entry : entries_) {
        if (!entry->level || !entry->remote || entry->vector != vector) continue;
        entry->remote = 0;
        entry->refused = false;
        mine = true;
    }
    if (!mine) return;
    bus_free_ = std::max(bus_free_.get(), now()) + eoi_time_;
    schedule();
}

/// Starts the message of the first entry that has something to send, where the bus carries none.
void IoApic::schedule() {
    for (auto& entry : entries_) entry->status = entry->deliverable() && !entry->refused;
    if (sent_.armed()) {
        if (entries_[under_way_]->status) return;
        sent_.cancel();  // masked, or deasserted, before it was sent
    }
    const auto next = std::find_if(entries_.begin(), entries_.end(),
                                   [](const auto& entry) { return entry->status != 0; });
    under_way_ = static_cast<uint32_t>(next - entries_.begin());
    if (next == entries_.end()) return;
    sent_.arm_at(std::max(bus_free_.get(), now()) + message_time_);
}

void IoApic::send() {
    Entry& entry = *entries_[under_way_];
    bus_free_ = now();
    const bool level = entry.by_level();
    const bus::ApicMessage message{static_cast<uint8_t>(entry.vector),
                                   static_cast<bus::DeliveryMode>(entry.mode.get()),
                                   level,
                                   true,
                                   entry.logical != 0,
                                   static_cast<uint8_t>(entry.destination)};
    const bool by_vector = message.mode == bus::DeliveryMode::fixed ||
                           message.mode == bus::DeliveryMode::lowest_priority;
    if (by_vector)
        probe().emit(now(), observe::Kind::interrupt_message, message.vector,
                     irq_of(under_way_).value_or(observe::no_input));
    // What the message sets off may come back here: the entry is settled first.
    entry.latched = false;
    if (level) entry.remote = 1;
    if (apic_bus_.send(message)) {
        ++messages_;
    } else {
        if (level) entry.remote = 0;
        entry.refused = level;
        finding("an interrupt message was accepted by no local APIC", [&] {
            return fmt::format("pin {}, vector {:#x}, destination {:#x}", under_way_.get(),
                               message.vector, message.destination);
        });
    }
    schedule();
}

}  // namespace sb::devices
