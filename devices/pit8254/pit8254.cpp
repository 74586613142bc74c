// SPDX-License-Identifier: Apache-2.0
#include "devices/pit8254/pit8254.h"

#include "bus/isa.h"

namespace sb::devices {
namespace {

constexpr uint64_t input_hz = 1'193'182;
constexpr uint64_t refresh_ticks = 18;

// Values of the control word's fields ("Control Word Format").
constexpr uint64_t select_read_back = 3, rw_latch = 0, rw_low = 1, rw_high = 2, rw_both = 3;

bus::Register::Spec spec(const char* name, uint32_t offset, bus::Access access, const char* doc,
                         const char* effect = "") {
    return {
        .name = name, .offset = offset, .bits = 8, .access = access, .doc = doc, .effect = effect};
}

}  // namespace

const bus::DeviceModel pit8254{
    "pit8254",
    "8254 interval timer and port 61h",
    "Intel 82C54 datasheet (231244-006)",
    {bus::port_key("port", "0x40", "first port"),
     bus::port_key("port_b", "0x61", "the port of channel 2's gate and output"),
     bus::isa_access_time()},
    [](const bus::DeviceContext& c) { return std::make_unique<Pit8254>(c); }};
SOUTHBRIDGE_DEVICE(pit8254)

Pit8254::Port::Port(Pit8254& owner, const std::string& name)
    : channel{owner, name},
      access{owner, name + ".access", static_cast<uint8_t>(rw_both)},
      second_write{owner, name + ".second_write", false},
      second_read{owner, name + ".second_read", false},
      low_written{owner, name + ".low_written", 0},
      count_latched{owner, name + ".count_latched", false},
      latched_count{owner, name + ".latched_count", 0},
      status_latched{owner, name + ".status_latched", false},
      latched_status{owner, name + ".latched_status", 0} {}

Pit8254::Pit8254(const bus::DeviceContext& context)
    : Device{context},
      clock_{input_hz},
      bank_{*this,
            {.name = "timer",
             .size = 4,
             .access_time = context.config.duration("access_time"),
             .hole = ~uint64_t{0}}},
      counters_{
          bank_,
          spec("COUNTER", 0, bus::rw, "count of a channel", "next byte of it"),
          3,
          1,
          {.read = [this](unsigned i) { return read_count(i); },
           .write = [this](unsigned i, uint64_t v) { write_count(i, static_cast<uint8_t>(v)); }}},
      latch_{bank_,
             spec("LATCH", 3, bus::wo, "counter latch command", "latches a count"),
             {.write = [this](uint64_t v) { latch_count(latch_select_.of(v)); },
              .takes =
                  [this](uint64_t v) {
                      return latch_select_.of(v) != select_read_back && latch_rw_.of(v) == rw_latch;
                  }}},
      read_back_{bank_,
                 spec("READ_BACK", 3, bus::wo, "read-back command", "latches what it names"),
                 {.write = [this](uint64_t) { read_back(); },
                  .takes = [this](uint64_t v) { return back_select_.of(v) == select_read_back; }}},
      control_{bank_,
               spec("CONTROL", 3, bus::wo, "control word", "resets the counter's logic"),
               {.write = [this](uint64_t v) { write_control(v); }}},
      layouts_{*this, {.name = "layouts", .size = 1}},
      status_{layouts_, spec("STATUS", 0, bus::ro, "status byte as latched by read-back")},
      system_bank_{
          *this,
          {.name = "system", .size = 1, .access_time = context.config.duration("access_time")}},
      port_b_{system_bank_,
              spec("PORT_B", 0, bus::rw, "system control port B"),
              {.read = [this] { return read_port_b(); },
               .write =
                   [this](uint64_t) {
                       advance();
                       ports_[2]->channel.set_gate(gate2_);
                   }}},
      irq_{*this, "irq"},
      edge_{*this, "edge", [this] { rearm(); }} {
    for (unsigned i = 0; i < ports_.size(); ++i)
        ports_[i] = std::make_unique<Port>(*this, fmt::format("channel{}", i));
    irq_.connect(context.board.line("irq0"));
    bus::claim_ports(context, bank_, context.config.integer("port"));
    bus::claim_ports(context, system_bank_, context.config.integer("port_b"));
}

void Pit8254::reset() {
    advance();
    Device::reset();
    for (auto& port : ports_) {
        port->channel.reset();
        port->access = static_cast<uint8_t>(rw_both);
        port->second_write = port->second_read = false;
        port->count_latched = port->status_latched = false;
    }
    ports_[2]->channel.set_gate(false);
    rearm();
}

const PitChannel& Pit8254::channel(unsigned i) {
    advance();
    return ports_.at(i)->channel;
}

void Pit8254::advance() {
    const uint64_t tick = clock_.last(now());
    for (auto& port : ports_) port->channel.advance(tick);
}

/// Brings the output line up to date, and waits for its next change.
void Pit8254::rearm() {
    PitChannel& channel = ports_[0]->channel;
    channel.advance(clock_.last(now()));
    irq_.set(channel.out());
    const uint64_t next = channel.next_change();
    next == PitChannel::never ? edge_.cancel() : edge_.arm_at(clock_.at(next));
}

void Pit8254::write_control(uint64_t written) {
    advance();
    Port& port = *ports_[select_.of(written)];
    const uint64_t mode = mode_.of(written);
    // The mode's top bit is "don't care" for modes 2 and 3.
    port.channel.set_mode(static_cast<PitChannel::Mode>(mode > 5 ? mode - 4 : mode),
                          bcd_.of(written) != 0);
    port.access = static_cast<uint8_t>(rw_.of(written));
    port.second_write = port.second_read = false;
    port.count_latched = port.status_latched = false;
    rearm();
}

/// A second latch before the first was read is ignored ("Counter Latch Command").
void Pit8254::latch_count(unsigned i) {
    advance();
    Port& port = *ports_[i];
    if (port.count_latched) return;
    port.latched_count = port.channel.count();
    port.count_latched = true;
}

void Pit8254::latch_status(unsigned i) {
    Port& port = *ports_[i];
    if (port.status_latched) return;
    status_out_ = port.channel.out();
    status_null_ = port.channel.null_count();
    status_rw_ = port.access;
    status_mode_ = static_cast<uint64_t>(port.channel.mode());
    status_bcd_ = port.channel.bcd();
    port.latched_status = static_cast<uint8_t>(status_);
    port.status_latched = true;
}

void Pit8254::read_back() {
    advance();
    const std::array<bool, 3> chosen{back_counter0_ != 0, back_counter1_ != 0, back_counter2_ != 0};
    for (unsigned i = 0; i < chosen.size(); ++i) {
        if (!chosen[i]) continue;
        if (!back_no_count_) latch_count(i);
        if (!back_no_status_) latch_status(i);
    }
}

void Pit8254::write_count(unsigned i, uint8_t byte) {
    advance();
    Port& port = *ports_[i];
    if (port.access == rw_both && !port.second_write) {
        port.low_written = byte;
        port.second_write = true;
        port.channel.first_byte_written();
        rearm();
        return;
    }
    port.second_write = false;
    const unsigned high = port.access == rw_low ? 0u : byte;
    const unsigned low = port.access == rw_both  ? port.low_written.get()
                         : port.access == rw_low ? byte
                                                 : 0u;
    if (!port.channel.set_count(static_cast<uint16_t>(high * 256 + low)))
        finding("a timer count of 1, which modes 2 and 3 do not allow, was written (taken as 2)");
    rearm();
}

uint8_t Pit8254::read_count(unsigned i) {
    advance();
    Port& port = *ports_[i];
    if (port.status_latched) {
        port.status_latched = false;
        return port.latched_status;
    }
    const uint16_t count = port.count_latched ? port.latched_count.get() : port.channel.count();
    bool high = port.access == rw_high;
    if (port.access == rw_both) {
        high = port.second_read;
        port.second_read = !high;
    }
    if (high || port.access != rw_both) port.count_latched = false;
    return static_cast<uint8_t>(high ? count / 256 : count % 256);
}

uint64_t Pit8254::read_port_b() {
    advance();
    refresh_ = clock_.last(now()) / refresh_ticks % 2;
    out2_ = ports_[2]->channel.out();
    return port_b_;
}

}  // namespace sb::devices
