// SPDX-License-Identifier: Apache-2.0
#include "devices/pic8259/pic8259.h"

#include "bus/isa.h"

namespace sb::devices {
namespace {

constexpr unsigned cascade = 2;  // the master's input that the slave is on
constexpr unsigned lines_per_chip = 8;
constexpr unsigned spurious_line = 7;
constexpr uint8_t floating_bus = 0xff;

}  // namespace

const bus::DeviceModel pic8259{
    "pic8259",
    "pair of 8259A interrupt controllers",
    "Intel 8259A datasheet (231468-003)",
    {bus::port_key("master", "0x20", "first port of the master"),
     bus::port_key("slave", "0xa0", "first port of the slave"),
     bus::port_key("triggers", "0x4d0", "first port of the edge/level registers"),
     {"acknowledge_clocks",
      ValueType::integer,
      "8",
      "bus clocks of an interrupt acknowledge: two cycles of 2, 4 idle between",
      {},
      0,
      1000},
     bus::isa_access_time()},
    [](const bus::DeviceContext& c) { return std::make_unique<Pic8259>(c); }};
SOUTHBRIDGE_DEVICE(pic8259)

Pic8259::Pic8259(const bus::DeviceContext& context)
    : Device{context},
      acknowledge_time_{
          context.board.bus.timing().clock.cycles(context.config.integer("acknowledge_clocks"))},
      intr_{*this, "intr"},
      master_{*this, "master", true, context.config.duration("access_time"),
              [this](bool level) { intr_.set(level); }},
      slave_{*this, "slave", false, context.config.duration("access_time"),
             [this](bool level) { master_.set_input(cascade, level); }},
      triggers_{
          *this,
          {.name = "triggers", .size = 2, .access_time = context.config.duration("access_time")}},
      elcr1_{
          triggers_,
          {.name = "ELCR1", .offset = 0, .bits = 8, .doc = "triggers of irq0 to irq7"},
          {.write = [this](uint64_t) { master_.set_level_inputs(static_cast<uint8_t>(elcr1_)); }}},
      elcr2_{
          triggers_,
          {.name = "ELCR2", .offset = 1, .bits = 8, .doc = "triggers of irq8 to irq15"},
          {.write = [this](uint64_t) { slave_.set_level_inputs(static_cast<uint8_t>(elcr2_)); }}} {
    intr_.connect(context.board.line("pic.intr"));
    for (unsigned irq = 0; irq < 2 * lines_per_chip; ++irq)
        if (irq != cascade) context.board.line(fmt::format("irq{}", irq)).connect(*this, irq);
    context.board.offer<bus::InterruptAcknowledge>("pic.acknowledge", *this);
    bus::claim_ports(context, master_.bank, context.config.integer("master"));
    bus::claim_ports(context, slave_.bank, context.config.integer("slave"));
    bus::claim_ports(context, triggers_, context.config.integer("triggers"));
}

void Pic8259::reset() {
    Device::reset();
    slave_.set_level_inputs(0);
    master_.set_level_inputs(0);
    slave_.reset();
    master_.reset();
}

void Pic8259::line_changed(unsigned irq, bool asserted) {
    PicChip& chip = irq < lines_per_chip ? master_ : slave_;
    chip.set_input(irq % lines_per_chip, asserted);
}

uint8_t Pic8259::acknowledge(sc_core::sc_time& delay) {
    delay += acknowledge_time_.sc();
    ++acknowledged_;
    const auto [vector, irq] = serve();
    // The vector goes to the processor in the acknowledge itself.
    probe().emit(now(), observe::Kind::interrupt_message, vector,
                 irq.value_or(observe::no_input));
    probe().emit(now(), observe::Kind::acknowledge, vector, acknowledge_time_.ps());
    return vector;
}

/// What the two chips answer to an acknowledge, and the line that it is for.
Pic8259::Served Pic8259::serve() {
    const auto line = master_.acknowledge();
    if (!line) {
        ++spurious_;
        return {master_.vector(spurious_line), std::nullopt};
    }
    if (*line != cascade || !master_.has_slave(cascade)) {
        // An input that ICW3 says has a slave, but has none: nobody drives the bus.
        if (!master_.has_slave(*line)) return {master_.vector(*line), *line};
        finding("ICW3 of the 8259A names a slave where there is none");
        return {floating_bus, std::nullopt};
    }
    if (slave_.identity() != cascade) {
        finding("ICW3 of the slave 8259A does not give the input that it is on");
        return {floating_bus, std::nullopt};
    }
    const auto slave_line = slave_.acknowledge();
    if (slave_line) return {slave_.vector(*slave_line), lines_per_chip + *slave_line};
    ++spurious_;
    return {slave_.vector(spurious_line), std::nullopt};
}

}  // namespace sb::devices
