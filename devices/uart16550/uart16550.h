// SPDX-License-Identifier: Apache-2.0
//
// A 16550A serial port. Source: National Semiconductor PC16550D datasheet (June 1995), section 8.
//
// Units: the baud rate generator's input is 1.8432 MHz; a bit lasts 16 * divisor of its ticks; a
// frame is a start bit, 5 to 8 data bits, parity if enabled, and 1, 1.5 or 2 stop bits. All frames
// begin and end on ticks of that clock, so back-to-back frames do not drift. A character reaches
// the output, or the receiver, at the end of its frame. The interrupt goes to line "irqN" through
// OUT2, as on a PC's board: with OUT2 off, or in loopback (which disconnects it), there is none.
//
// Input comes by receive(), a character at a time; each takes a frame's time on the wire. The
// device offers its input as "<name>.input" (bus::CharacterInput) and its output as "<name>.output".
//
// Left out: line errors (parity, framing, break) never arise; the break bit of LCR is stored, and
// what is sent under it is not put out; the DMA mode bit is stored; LSR and MSR can not be written.
// The transmitter takes a byte up without the datasheet's delay of up to 16 baud clocks. Findings:
// a divisor of 0 (taken as 65536), and bytes written to a full transmitter.
#pragma once

#include <deque>
#include <vector>

#include "bus/character_input.h"
#include "bus/device.h"
#include "sim/kernel/tick_clock.h"
#include "sim/observe/text_output.h"

namespace sb::devices {

class Uart16550 final : public bus::Device, public bus::CharacterInput {
  public:
    explicit Uart16550(const bus::DeviceContext& context);
    void reset() override;
    void finish() override { output_.flush(); }

    /// A character begins to arrive on the serial input, after those that are still arriving.
    void receive(uint8_t c) override;
    size_t pending() const override { return arriving_.size(); }
    observe::TextOutput& output() { return output_; }
    /// How long a frame takes with the present settings, in ticks of the generator's clock.
    uint64_t frame_ticks();

  private:
    static constexpr size_t fifo_depth = 16;
    static constexpr size_t arriving_limit = 65536;

    bool latch_access() const { return latch_bit_ != 0; }
    size_t depth() const { return fifo_ ? fifo_depth : 1; }
    size_t trigger() const;
    uint64_t divisor();

    void write_transmit();
    uint64_t read_receive();
    uint64_t read_identification();
    uint64_t read_line_status();
    uint64_t read_modem_status();
    void write_fifo_control(uint64_t written);
    void start_frame(uint64_t tick);
    void frame_sent();
    void start_arrival(uint64_t tick);
    void arrived();
    void into_receiver(uint8_t c);
    void restart_timeout();
    void modem_inputs();
    void update();
    uint64_t cause() const;

    TickClock clock_;
    observe::TextOutput output_;
    bool connected_;

    bus::RegisterBank bank_;
    bus::Register receive_buffer_;
    bus::Register transmit_holding_;
    bus::Register latch_low_;
    bus::Register interrupt_enable_;
    bus::Field enable_received_{interrupt_enable_, "ERBFI", 0, "received data and time-out"};
    bus::Field enable_transmit_{interrupt_enable_, "ETBEI", 1,
                                "transmitter holding register empty"};
    bus::Field enable_line_{interrupt_enable_, "ELSI", 2, "receiver line status"};
    bus::Field enable_modem_{interrupt_enable_, "EDSSI", 3, "modem status"};
    bus::Register latch_high_;
    bus::Register identification_;
    bus::Field id_{identification_, "ID", 3, 0, "1 none; else the most urgent cause"};
    bus::Field id_fifo_{identification_, "FIFO", 7, 6, "3: FIFOs are enabled"};
    bus::Register fifo_control_;
    bus::Field fifo_{fifo_control_, "ENABLE", 0, "both FIFOs"};
    bus::Field clear_receive_{fifo_control_, "RX_RESET", 1, "empties the receiver's"};
    bus::Field clear_transmit_{fifo_control_, "TX_RESET", 2, "empties the transmitter's"};
    bus::Field dma_mode_{fifo_control_, "DMA_MODE", 3, "stored"};
    bus::Field trigger_{fifo_control_, "TRIGGER", 7, 6, "received data level: 1, 4, 8, 14"};
    bus::Register line_control_;
    bus::Field word_length_{line_control_, "WLS", 1, 0, "5 to 8 data bits"};
    bus::Field two_stops_{line_control_, "STB", 2, "2 stop bits (1.5 with 5 data bits)"};
    bus::Field parity_{line_control_, "PEN", 3, "a parity bit"};
    bus::Field even_{line_control_, "EPS", 4, "even parity"};
    bus::Field stick_{line_control_, "STICK", 5, "parity bit is constant"};
    bus::Field break_{line_control_, "BREAK", 6, "holds the output low"};
    bus::Field latch_bit_{line_control_, "DLAB", 7, "offsets 0 and 1 are the divisor latch"};
    bus::Register modem_control_;
    bus::Field dtr_{modem_control_, "DTR", 0, "data terminal ready"};
    bus::Field rts_{modem_control_, "RTS", 1, "request to send"};
    bus::Field out1_{modem_control_, "OUT1", 2, "not used on a PC"};
    bus::Field out2_{modem_control_, "OUT2", 3, "lets interrupts out"};
    bus::Field loop_{modem_control_, "LOOP", 4, "transmitter to receiver, inside"};
    bus::Register line_status_;
    bus::Field data_ready_{line_status_, "DR", 0, "a character was received"};
    bus::Field overrun_{line_status_, "OE", 1, "a character was lost"};
    bus::Field parity_error_{line_status_, "PE", 2, "never"};
    bus::Field framing_error_{line_status_, "FE", 3, "never"};
    bus::Field break_seen_{line_status_, "BI", 4, "never"};
    bus::Field holding_empty_{line_status_, "THRE", 5, "a byte may be written"};
    bus::Field transmitter_empty_{line_status_, "TEMT", 6, "nothing is being sent"};
    bus::Field fifo_error_{line_status_, "ERFIFO", 7, "never"};
    bus::Register modem_status_;
    bus::Field cts_changed_{modem_status_, "DCTS", 0, "CTS changed"};
    bus::Field dsr_changed_{modem_status_, "DDSR", 1, "DSR changed"};
    bus::Field ring_ended_{modem_status_, "TERI", 2, "RI went off"};
    bus::Field dcd_changed_{modem_status_, "DDCD", 3, "DCD changed"};
    bus::Field cts_{modem_status_, "CTS", 4, "clear to send"};
    bus::Field dsr_{modem_status_, "DSR", 5, "data set ready"};
    bus::Field ri_{modem_status_, "RI", 6, "ring indicator"};
    bus::Field dcd_{modem_status_, "DCD", 7, "data carrier detect"};
    bus::Register scratch_;

    std::vector<uint8_t> received_;  // FIFO or buffer, oldest first
    std::vector<uint8_t> to_send_;   // FIFO or holding register, oldest first
    std::deque<uint8_t> arriving_;   // on the wire; the first is under way
    State<uint8_t> sending_{*this, "sending", 0};
    State<bool> transmit_pending_{*this, "transmit_pending", false};
    State<bool> timed_out_{*this, "timed_out", false};
    bus::Pin irq_{*this, "irq"};
    Timer sent_{*this, "frame_end", [this] { frame_sent(); }};
    Timer arrival_{*this, "arrival_end", [this] { arrived(); }};
    Timer timeout_{*this, "timeout", [this] {
                       timed_out_ = true;
                       update();
                   }};
    Counter sent_count_{*this, "sent", "characters", "characters whose frame has ended"};
    Counter received_count_{*this, "received", "characters", "characters received"};
    Counter lost_count_{*this, "lost", "characters", "received characters lost by overrun"};
};

}  // namespace sb::devices
