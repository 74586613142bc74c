// SPDX-License-Identifier: Apache-2.0
//
// An NE2000: a DP8390 network interface controller with 16 KB of buffer memory behind a 16-bit I/O
// port. Sources: National DP8390D/NS32490D data sheet (July 1995), sections 7 to 13; National
// AN-874, Writing Drivers for the DP8390 NIC Family (overflow); board: ports, PROM and memory as
// drivers for it find them (Novell's board has no public data sheet).
//
// Ports: the controller's registers at +00h to +0Fh, in pages by CR.PS; the data port of the remote
// DMA at +10h (all even ports to +16h); at +18h to +1Fh a read resets the controller. Remote DMA
// addresses: the address PROM, each byte doubled, at 0000h; the buffer memory at 4000h to 7FFFh;
// nothing else.
//
// Time. Registers are 8-bit ISA cycles (`access_time`), the data port is a 16-bit one (`data_time`:
// 3 clocks of the ISA bus; 16-bit cycle with one wait state, M. Sokos, ISA Bus Technical Summary).
// The local DMA moves a byte, or a word where DCR.WTS is set, in 4 clocks of BSCK (13.0), here 20
// MHz. A transmission's first bit goes out when one transfer has been done (8.0), and not before
// the interframe gap is over. Of a received frame, what has not filled the FIFO's threshold
// (DCR.FT) at its end is still moved, and then the 4 bytes of the header; then CURR, RSR and ISR
// change. A frame's data is in the memory then; the room for it is looked at when its last bit has
// come.
//
// What a stop, a start or a loopback mode means for a frame under way is decided by its first bit:
// one that began while the receiver was on is received whole.
//
// After an overflow no frame is received until the software reset that 7.0 asks for; a driver that
// takes packets out of the ring without it is a finding. A ring is full where reception has brought
// CURR to BNRY; where the driver has set both equal, it is empty (7.0, initialisation of the ring).
//
// Loopback (12.0, and AN-937): modes 1 and 2 stay inside, mode 3 sends too. What was sent is
// received into the FIFO.
//
// Left out: collisions, deferral and heartbeat (the link is full duplex), frame alignment errors,
// FIFO underrun; the data port's waits while local and remote DMA meet; the test registers of page
// 2 and page 3. Not confirmed: `data_time` of any real board; which byte lane a loopback in 16-bit
// mode sends (BOS = 0 is taken as the lower).
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "bus/ethernet.h"
#include "bus/packets.h"

namespace sb::devices {

class Ne2000 final : public bus::Device, private bus::Station {
  public:
    explicit Ne2000(const bus::DeviceContext& context);
    void reset() override;

  private:
    using Drop = unsigned;  // an index of `drops_`

    // The controller and its interface to the processor: ne2000.cpp
    void declare_paged_registers();
    void declare_own_state();
    bool page(unsigned n) const { return page_ == n; }
    void hard_reset();
    void write_command(uint64_t written);
    void stop();
    void start();
    void settle_reset();
    void update_receiver();
    void update_interrupt();
    void raise(bus::Field& cause);
    void count_up(bus::Register& tally);
    uint64_t read_tally(bus::Register& tally);
    uint64_t read_fifo();
    void write_boundary();

    // Buffer memory and remote DMA: remote_dma.cpp
    uint8_t load(uint16_t address);
    void store(uint16_t address, uint8_t byte);
    void remote_command(uint64_t code);
    uint64_t read_data();
    void write_data(uint16_t datum);
    void advance_remote();
    unsigned transfer_bytes() const { return word_transfer_ ? 2 : 1; }

    // Reception: receive.cpp
    void frame_arrived(const bus::Frame& frame) override;
    bool receiver_was_on(size_t bytes) const;
    bool recognise(const std::vector<uint8_t>& bytes);
    void auto_transmit(const std::vector<uint8_t>& bytes);
    void refuse(const bus::Frame& frame, Drop drop);
    void miss(const bus::Frame& frame, Drop drop);
    uint8_t following(uint8_t page) const;
    bool fits(size_t bytes) const;
    void buffer(const bus::Frame& frame);
    void store_frame();
    void drop(uint32_t packet, size_t bytes, Drop drop);

    // Transmission: transmit.cpp
    void transmit();
    void transmitter_on();
    void begin_frame();
    void frame_sent();
    void loop_back(std::vector<uint8_t> sent);
    std::vector<uint8_t> frame_to_send();

    void stage(observe::Stage stage, uint32_t packet, size_t bytes, observe::Name place) const;
    Time local_dma(uint64_t transfers) const;

    struct Place {
        Place(Ne2000& nic, const char* name, const char* counter, const char* doc);
        observe::Name name;
        Counter count;
    };

    uint16_t port_;
    Time slow_port_;  // by which other ports are slower than the data port
    observe::Name own_name_;
    bus::PacketPlaces& places_;
    std::array<uint8_t, 32> prom_{};
    bus::EthernetPlug plug_;

    bus::RegisterBank bank_;
    bus::Register command_;
    bus::Field stop_{command_, "STP", 0,
                     "software reset: off line when what is under way has ended"};
    bus::Field start_{command_, "STA", 1, "on line"};
    bus::Field transmit_{command_, "TXP", 2, "sends; 1 until it has ended", bus::ro};
    bus::Field remote_{command_, "RD", 5, 3,
                       "remote DMA: 1 read, 2 write, 3 send packet, 4 to 7 abort"};
    bus::Field page_{command_, "PS", 7, 6, "register page"};
    // Page 0, read
    bus::Register local_address_low_;
    bus::Register local_address_high_;
    bus::Register boundary_;
    bus::Register transmit_status_;
    bus::Field sent_intact_{transmit_status_, "PTX", 0, "sent without error"};
    bus::Field not_deferred_{transmit_status_, "ND", 1, "sent without deferral"};
    bus::Field collided_{transmit_status_, "COL", 2, "never"};
    bus::Field aborted_{transmit_status_, "ABT", 3, "never"};
    bus::Field carrier_lost_{transmit_status_, "CRS", 4, "no carrier while sending"};
    bus::Field underrun_{transmit_status_, "FU", 5, "there was nothing to send"};
    bus::Field no_heartbeat_{transmit_status_, "CDH", 6, "no heartbeat: in loopback mode 1"};
    bus::Field late_collision_{transmit_status_, "OWC", 7, "never"};
    bus::Register collisions_;
    bus::Register fifo_;
    bus::Register interrupt_status_;
    bus::Field received_{interrupt_status_, "PRX", 0, "a packet was received without error"};
    bus::Field sent_{interrupt_status_, "PTX", 1, "a packet was sent without error"};
    bus::Field receive_error_{interrupt_status_, "RXE", 2,
                              "CRC error, FIFO overrun or missed packet"};
    bus::Field transmit_error_{interrupt_status_, "TXE", 3, "FIFO underrun"};
    bus::Field overwrite_{interrupt_status_, "OVW", 4, "the ring is full"};
    bus::Field counter_{interrupt_status_, "CNT", 5, "a tally counter has reached 80h"};
    bus::Field remote_done_{interrupt_status_, "RDC", 6, "remote DMA has ended"};
    bus::Field reset_{interrupt_status_, "RST", 7, "in the reset state, or overflown", bus::ro};
    bus::Register remote_address_low_;
    bus::Register remote_address_high_;
    bus::Register receive_status_;
    bus::Field intact_{receive_status_, "PRX", 0, "received without error"};
    bus::Field crc_error_{receive_status_, "CRC", 1, "the FCS is wrong"};
    bus::Field alignment_error_{receive_status_, "FAE", 2, "never"};
    bus::Field overrun_{receive_status_, "FO", 3,
                        "it came while the one before was still being stored"};
    bus::Field missed_{receive_status_, "MPA", 4, "no room, or monitor mode"};
    bus::Field group_{receive_status_, "PHY", 5, "multicast or broadcast"};
    bus::Field disabled_{receive_status_, "DIS", 6, "monitor mode"};
    bus::Field deferring_{receive_status_, "DFR", 7, "never"};
    bus::Register alignment_tally_;
    bus::Register crc_tally_;
    bus::Register missed_tally_;
    // Page 0, write
    bus::Register page_start_;
    bus::Register page_stop_;
    bus::Register transmit_page_;
    bus::Register transmit_count_low_;
    bus::Register transmit_count_high_;
    bus::Register remote_start_low_;
    bus::Register remote_start_high_;
    bus::Register remote_count_low_;
    bus::Register remote_count_high_;
    bus::Register receive_configuration_;
    bus::Field save_errors_{receive_configuration_, "SEP", 0, "stores frames with errors too"};
    bus::Field accept_runts_{receive_configuration_, "AR", 1, "frames of 8 to 63 bytes too"};
    bus::Field accept_broadcast_{receive_configuration_, "AB", 2, "broadcast"};
    bus::Field accept_multicast_{receive_configuration_, "AM", 3, "multicast that MAR has"};
    bus::Field promiscuous_{receive_configuration_, "PRO", 4, "all physical addresses"};
    bus::Field monitor_{receive_configuration_, "MON", 5, "checks frames, and stores none"};
    bus::Register transmit_configuration_;
    bus::Field inhibit_crc_{transmit_configuration_, "CRC", 0, "no FCS is appended"};
    bus::Field loopback_{transmit_configuration_, "LB", 2, 1,
                         "loopback: 0 none, 1 inside, 2 coder, 3 live"};
    bus::Field auto_transmit_{transmit_configuration_, "ATD", 3,
                              "hash 62 turns the transmitter off, 63 on"};
    bus::Field collision_offset_{transmit_configuration_, "OFST", 4, "stored"};
    bus::Register data_configuration_;
    bus::Field word_transfer_{data_configuration_, "WTS", 0, "DMA by words"};
    bus::Field byte_order_{data_configuration_, "BOS", 1, "68000 byte order: stored"};
    bus::Field long_address_{data_configuration_, "LAS", 2, "32-bit DMA addresses: stored"};
    bus::Field normal_{data_configuration_, "LS", 3, "0: loopback may be used"};
    bus::Field auto_remote_{data_configuration_, "AR", 4, "auto-initialise remote DMA: stored"};
    bus::Field threshold_{data_configuration_, "FT", 6, 5, "FIFO threshold: 2, 4, 8 or 12 bytes"};
    bus::Register interrupt_mask_;
    bus::Field mask_{interrupt_mask_, "MASK", 6, 0, "of PRX to RDC"};
    // Page 1, and what page 2 shows
    std::deque<bus::Register> address_;
    bus::Register current_page_;
    std::deque<bus::Register> multicast_;
    std::deque<bus::Register> shown_;

    bus::RegisterBank board_;
    bus::RegisterArray data_;
    bus::RegisterArray reset_ports_;

    bus::Pin irq_{*this, "irq"};
    std::vector<uint8_t> memory_;
    State<uint16_t> remote_address_{*this, "remote_address", 0};
    State<uint16_t> remote_left_{*this, "remote_left", 0};
    State<uint16_t> local_address_{*this, "local_address", 0};

    State<bool> running_{*this, "running", false};
    State<Time> receiving_since_{*this, "receiving_since", Time::max()};
    State<Time> receiving_until_{*this, "receiving_until", Time{}};
    State<bool> overflown_{*this, "overflown", false};
    State<bool> ring_full_{*this, "ring_full", false};
    bus::Frame arriving_;  // being stored, while `stored_` is armed
    State<uint8_t> arriving_status_{*this, "arriving_status", 0};
    Timer stored_{*this, "frame_stored", [this] { store_frame(); }};

    State<bool> transmitter_off_{*this, "transmitter_off", false};
    State<bool> no_carrier_{*this, "no_carrier", false};
    State<Time> wire_free_{*this, "wire_free"};
    std::vector<uint8_t> looped_;  // what a loopback sends, while `frame_end_` is armed
    State<uint8_t> loop_mode_{*this, "loop_mode", 0};
    State<std::array<uint8_t, 8>> fifo_bytes_{*this, "fifo_bytes"};
    State<uint8_t> fifo_at_{*this, "fifo_at", 0};
    Timer frame_begin_{*this, "frame_begin", [this] { begin_frame(); }};
    Timer frame_end_{*this, "frame_end", [this] { frame_sent(); }};

    static constexpr Drop drop_off = 0, drop_filter = 1, drop_length = 2, drop_fcs = 3,
                          drop_full = 4, drop_fifo = 5, drop_carrier = 6;
    std::deque<Place> drops_;
    Counter stored_count_{*this, "received", "packets", "packets stored in the ring"};
    Counter sent_count_{*this, "sent", "packets", "packets sent onto the wire"};
    Counter interrupts_{*this, "interrupts", "interrupts", "times that INT was asserted"};
    Counter remote_transfers_{*this, "remote_transfers", "transfers",
                              "transfers through the data port"};
};

}  // namespace sb::devices
