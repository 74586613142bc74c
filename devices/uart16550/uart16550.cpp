// SPDX-License-Identifier: Apache-2.0
#include "devices/uart16550/uart16550.h"

#include <array>

#include "bus/isa.h"

namespace sb::devices {
namespace {

constexpr uint64_t generator_hz = 1'843'200;
constexpr uint64_t samples_per_bit = 16;

// 8.6, "Interrupt Control Functions": IIR bits 3 to 0, most urgent first.
constexpr uint64_t id_none = 1, id_line = 6, id_received = 4, id_timeout = 12, id_transmit = 2,
                   id_modem = 0;
constexpr uint64_t id_fifo_on = 3;
constexpr uint64_t timeout_characters = 4;  // 8.11, "FIFO Interrupt Mode Operation"

bus::Register::Spec spec(const char* name, uint32_t offset, bus::Access access, uint64_t reset,
                         const char* doc, const char* effect = "") {
    return {.name = name,
            .offset = offset,
            .bits = 8,
            .access = access,
            .reset = reset,
            .doc = doc,
            .effect = effect};
}

}  // namespace

const bus::DeviceModel uart16550{
    "uart16550",
    "16550A serial port",
    "National Semiconductor PC16550D datasheet, June 1995",
    {bus::port_key("port", "0x3f8", "first port"),
     {"irq", ValueType::integer, "4", "interrupt line", {}, 0, 15},
     {"output", ValueType::text, "terminal", "where characters go: terminal, listener, none (not connected), or file:PATH (from the working directory)"},
     bus::isa_access_time()},
    [](const bus::DeviceContext& c) { return std::make_unique<Uart16550>(c); }};
SOUTHBRIDGE_DEVICE(uart16550)

// Offsets, access and reset values: datasheet, section 8, reset configuration and register summary.
Uart16550::Uart16550(const bus::DeviceContext& context)
    : Device{context},
      clock_{generator_hz},
      output_{context.name, context.config.text("output")},
      connected_{context.config.text("output") != "none"},
      bank_{
          *this,
          {.name = "registers", .size = 8, .access_time = context.config.duration("access_time")}},
      receive_buffer_{
          bank_,
          spec("RBR", 0, bus::ro, 0, "received character", "takes it out"),
          {.read = [this] { return read_receive(); }, .when = [this] { return !latch_access(); }}},
      transmit_holding_{bank_,
                        spec("THR", 0, bus::wo, 0, "character to send", "queues it"),
                        {.write = [this](uint64_t) { write_transmit(); },
                         .when = [this] { return !latch_access(); }}},
      latch_low_{bank_,
                 spec("DLL", 0, bus::rw, 0, "divisor, low byte"),
                 {.when = [this] { return latch_access(); }}},
      interrupt_enable_{bank_,
                        spec("IER", 1, bus::rw, 0, "interrupt enables"),
                        {.write =
                             [this](uint64_t) {
                                 // Enabling it while the register is empty raises it at once.
                                 transmit_pending_ = enable_transmit_ && holding_empty_;
                                 update();
                             },
                         .when = [this] { return !latch_access(); }}},
      latch_high_{bank_,
                  spec("DLM", 1, bus::rw, 0, "divisor, high byte"),
                  {.when = [this] { return latch_access(); }}},
      identification_{bank_,
                      spec("IIR", 2, bus::ro, 1, "most urgent interrupt",
                           "ends a transmitter interrupt that it reports"),
                      {.read = [this] { return read_identification(); }}},
      fifo_control_{bank_,
                    spec("FCR", 2, bus::wo, 0, "FIFO control", "may empty the FIFOs"),
                    {.write = [this](uint64_t v) { write_fifo_control(v); }}},
      line_control_{bank_, spec("LCR", 3, bus::rw, 0, "format of a frame")},
      modem_control_{bank_,
                     spec("MCR", 4, bus::rw, 0, "modem outputs"),
                     {.write = [this](uint64_t) { modem_inputs(); }}},
      line_status_{bank_,
                   spec("LSR", 5, bus::ro, 0x60, "line status", "clears the errors"),
                   {.read = [this] { return read_line_status(); }}},
      modem_status_{bank_,
                    spec("MSR", 6, bus::ro, 0, "modem inputs", "clears the changes"),
                    {.read = [this] { return read_modem_status(); }}},
      scratch_{bank_, spec("SCR", 7, bus::rw, 0, "scratch")} {
    declare_state("receive_fifo",
                  [this](Archive& a) { a.blob("receive_fifo", received_, fifo_depth); });
    declare_state("transmit_fifo",
                  [this](Archive& a) { a.blob("transmit_fifo", to_send_, fifo_depth); });
    declare_state("arriving", [this](Archive& a) {
        std::vector<uint8_t> bytes(arriving_.begin(), arriving_.end());
        a.blob("arriving", bytes, arriving_limit);
        arriving_.assign(bytes.begin(), bytes.end());
    });
    irq_.connect(context.board.line(fmt::format("irq{}", context.config.integer("irq"))));
    context.board.offer(context.name, *this);
    context.board.offer<bus::CharacterInput>(context.name + ".input", *this);
    context.board.offer(context.name + ".output", output_);
    bus::claim_ports(context, bank_, context.config.integer("port"));
}

void Uart16550::reset() {
    Device::reset();
    received_.clear();
    to_send_.clear();
    transmit_pending_ = timed_out_ = false;
    sent_.cancel();
    timeout_.cancel();
    // A terminal that is connected shows that it is there.
    cts_ = dsr_ = dcd_ = connected_;
    update();
}

// ---- Time

uint64_t Uart16550::divisor() {
    const uint64_t value = latch_high_ * 256 + latch_low_;
    if (value > 0) return value;
    finding("a character was sent or received with a baud rate divisor of 0 (taken as 65536)");
    return 65536;
}

uint64_t Uart16550::frame_ticks() {
    const uint64_t data = 5 + word_length_;
    const uint64_t stop_halves = !two_stops_ ? 2 : data == 5 ? 3 : 4;
    const uint64_t halves = 2 * (1 + data + parity_) + stop_halves;
    return halves * samples_per_bit / 2 * divisor();
}

// ---- Transmitter

void Uart16550::write_transmit() {
    transmit_pending_ = false;
    if (to_send_.size() >= depth()) {
        finding("a byte was written to a full transmitter");
        // 8.4 (THRE): the holding register is written over; a full FIFO takes no more.
        if (!fifo_) to_send_.back() = static_cast<uint8_t>(transmit_holding_);
    } else {
        to_send_.push_back(static_cast<uint8_t>(transmit_holding_));
    }
    holding_empty_ = transmitter_empty_ = 0;
    if (!sent_.armed()) start_frame(clock_.next(now()));
    update();
}

/// Moves the next byte to the shift register; its frame begins at `tick`.
void Uart16550::start_frame(uint64_t tick) {
    sending_ = to_send_.front();
    to_send_.erase(to_send_.begin());
    if (to_send_.empty()) {
        holding_empty_ = 1;
        transmit_pending_ = true;
    }
    sent_.arm_at(clock_.at(tick + frame_ticks()));
}

void Uart16550::frame_sent() {
    ++sent_count_;
    if (loop_)
        into_receiver(sending_);
    else if (!break_)
        output_.put(sending_);
    if (to_send_.empty())
        transmitter_empty_ = 1;
    else
        start_frame(clock_.last(now()));
    update();
}

// ---- Receiver

void Uart16550::receive(uint8_t c) {
    if (arriving_.size() >= arriving_limit) {
        ++lost_count_;
        return;
    }
    arriving_.push_back(c);
    if (!arrival_.armed()) start_arrival(clock_.next(now()));
}

void Uart16550::start_arrival(uint64_t tick) { arrival_.arm_at(clock_.at(tick + frame_ticks())); }

void Uart16550::arrived() {
    const uint8_t c = arriving_.front();
    arriving_.pop_front();
    // In loopback the serial input is disconnected.
    if (!loop_) into_receiver(c);
    if (!arriving_.empty()) start_arrival(clock_.last(now()));
}

void Uart16550::into_receiver(uint8_t c) {
    ++received_count_;
    if (received_.size() >= depth()) {
        // LSR bit 1: without FIFO the old character is lost, with it the new one.
        overrun_ = 1;
        ++lost_count_;
        if (!fifo_) received_.back() = c;
    } else {
        received_.push_back(c);
    }
    data_ready_ = 1;
    restart_timeout();
    update();
}

uint64_t Uart16550::read_receive() {
    if (!received_.empty()) {
        receive_buffer_ = received_.front();
        received_.erase(received_.begin());
    }
    data_ready_ = !received_.empty();
    restart_timeout();
    update();
    return receive_buffer_;
}

/// Four character times without a character or a read, while something is in the FIFO.
void Uart16550::restart_timeout() {
    timed_out_ = false;
    if (fifo_ && !received_.empty())
        timeout_.arm_at(clock_.at(clock_.next(now()) + timeout_characters * frame_ticks()));
    else
        timeout_.cancel();
}

size_t Uart16550::trigger() const {
    static constexpr std::array<size_t, 4> levels{1, 4, 8, 14};
    return fifo_ ? levels[trigger_] : 1;
}

void Uart16550::write_fifo_control(uint64_t written) {
    // Bit 0 must be set for the others to be programmed; a change of it empties both FIFOs.
    const bool changed = (id_fifo_ != 0) != (fifo_ != 0);
    if (!fifo_) fifo_control_ = 0;
    id_fifo_ = fifo_ ? id_fifo_on : 0;
    if (changed || (fifo_ && clear_receive_.of(written))) {
        received_.clear();
        data_ready_ = 0;
        restart_timeout();
    }
    if (changed || (fifo_ && clear_transmit_.of(written))) {
        to_send_.clear();
        if (!holding_empty_) transmit_pending_ = true;
        holding_empty_ = 1;
        transmitter_empty_ = !sent_.armed();
    }
    update();
}

// ---- Status and interrupts

/// The most urgent enabled cause, as IIR gives it (8.6).
uint64_t Uart16550::cause() const {
    const bool error = overrun_ || parity_error_ || framing_error_ || break_seen_;
    if (enable_line_ && error) return id_line;
    if (enable_received_ && received_.size() >= trigger()) return id_received;
    if (enable_received_ && timed_out_) return id_timeout;
    if (enable_transmit_ && transmit_pending_) return id_transmit;
    if (enable_modem_ && (cts_changed_ || dsr_changed_ || ring_ended_ || dcd_changed_))
        return id_modem;
    return id_none;
}

void Uart16550::update() { irq_.set(cause() != id_none && out2_ && !loop_); }

uint64_t Uart16550::read_identification() {
    id_ = cause();
    if (id_ == id_transmit) {
        transmit_pending_ = false;
        update();
    }
    return identification_;
}

uint64_t Uart16550::read_line_status() {
    const uint64_t value = line_status_;
    if (!(overrun_ || parity_error_ || framing_error_ || break_seen_)) return value;
    overrun_ = parity_error_ = framing_error_ = break_seen_ = 0;
    update();
    return value;
}

uint64_t Uart16550::read_modem_status() {
    const uint64_t value = modem_status_;
    cts_changed_ = dsr_changed_ = ring_ended_ = dcd_changed_ = 0;
    update();
    return value;
}

/// In loopback the modem outputs are the inputs (MCR bit 4); else the terminal's are.
void Uart16550::modem_inputs() {
    auto input = [](bus::Field& field, bus::Field& change, bool level) {
        if ((field != 0) != level) change = 1;
        field = level;
    };
    const bool rang = ri_ != 0;
    input(cts_, cts_changed_, loop_ ? rts_ != 0 : connected_);
    input(dsr_, dsr_changed_, loop_ ? dtr_ != 0 : connected_);
    input(dcd_, dcd_changed_, loop_ ? out2_ != 0 : connected_);
    ri_ = loop_ && out1_;
    if (rang && !ri_) ring_ended_ = 1;
    update();
}

}  // namespace sb::devices
