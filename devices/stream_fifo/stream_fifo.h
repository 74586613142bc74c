// SPDX-License-Identifier: Apache-2.0
//
// AXI4-Stream FIFO: packets written through one register leave on a stream, and packets from the
// stream are read through another. A real device with data registers at fixed addresses: what a DMA
// engine's key-hole transfers are for. Source: Xilinx PG080 v4.3 (store-and-forward mode, 32-bit
// data); bit positions of ISR as in Xilinx's embeddedsw (llfifo). The transmit stream is connected
// to the receive stream, and the core sits behind a PCI function with its registers in base address
// 0: that, and the identity (10EE:7080), are ours.
//
// Sending: the words of one packet to TDFD, then its size in bytes to TLR. The packet crosses the
// stream at a word a clock, once the receive FIFO has room for all of it. Receiving: RLR gives the
// next packet's size, then its words are read from RDFD. Each FIFO holds `depth` - 4 words (PG080:
// TDFV after reset).
//
// Errors, each a bit of ISR and a finding: a write to a full FIFO (TPOE) and a size that is not
// that of the words written (TSE) stop the transmit side until it is reset; reading RLR without a
// packet (RPURE), RDFD without data (RPUE) or beyond the packet whose size was read (RPORE).
//
// Approximations: a packet changes sides when its last word has crossed, not word by word; resets
// take no time; thresholds, TDR, RDR, ECC and cut-through mode are not there. What a stopped
// transmit side does with further words is not published: they are lost.
#pragma once

#include <vector>

#include "bus/pci.h"

namespace sb::devices {

class StreamFifo final : public bus::Device {
  public:
    explicit StreamFifo(const bus::DeviceContext& context);
    void reset() override;

  private:
    /// Words, oldest first. Its capacity is a setting.
    struct Ring {
        std::vector<uint32_t> words;
        uint32_t head = 0;
        uint32_t count = 0;
        uint32_t room() const { return static_cast<uint32_t>(words.size()) - count; }
        void push(uint32_t word) { words[(head + count++) % words.size()] = word; }
        uint32_t pop();
        void clear() { head = count = 0; }
    };

    void declare(const char* name, Ring& ring);
    void data_written(uint64_t word);
    void length_written(uint64_t bytes);
    uint64_t read_data();
    uint64_t read_length();
    uint64_t occupancy() const;
    void reset_transmitter();
    void reset_receiver();
    void stream();
    void crossed();
    void raise(bus::Field& bit);
    void update_interrupt();

    const Clock clock_;
    pci::Function function_;
    bus::RegisterBank bank_;
    bus::Register status_;
    bus::Field receive_size_{status_, "RPURE", 31, "RLR was read without a packet", bus::w1c};
    bus::Field receive_over_{status_, "RPORE", 30, "RDFD was read beyond the packet", bus::w1c};
    bus::Field receive_empty_{status_, "RPUE", 29, "RDFD was read without data", bus::w1c};
    bus::Field transmit_full_{status_, "TPOE", 28, "TDFD was written while full", bus::w1c};
    bus::Field sent_{status_, "TC", 27, "a packet was sent", bus::w1c};
    bus::Field received_{status_, "RC", 26, "a packet was received", bus::w1c};
    bus::Field transmit_size_{status_, "TSE", 25, "TLR differs from what was written", bus::w1c};
    bus::Field transmit_ready_{status_, "TRC", 24, "transmit reset complete", bus::w1c};
    bus::Field receive_ready_{status_, "RRC", 23, "receive reset complete", bus::w1c};
    bus::Register enable_;
    bus::Field enables_{enable_, "ENABLE", 31, 23, "interrupts, by their bits of ISR"};
    bus::Register transmit_reset_;
    bus::Register vacancy_;
    bus::Register transmit_data_;
    bus::Register transmit_length_;
    bus::Register receive_reset_;
    bus::Register occupancy_;
    bus::Register receive_data_;
    bus::Register receive_length_;
    bus::Register reset_;

    Ring transmit_, receive_;                    // words
    Ring transmit_sizes_, receive_sizes_;        // packets, in bytes
    State<uint32_t> written_{*this, "written"};  // words behind the last whole packet
    State<uint32_t> left_{*this, "left"};        // words of the packet whose size was read
    State<uint32_t> latest_{*this, "latest"};    // words of the packet received last
    State<bool> stopped_{*this, "stopped"};      // the transmit side needs a reset
    State<bool> across_{*this, "across"};        // the packet has crossed, and waits for room
    Timer stream_{*this, "stream", [this] { crossed(); }};
    const observe::Name sent_name_;

    Counter packets_{*this, "packets", "packets", "packets that crossed the stream"};
    Counter bytes_{*this, "bytes", "bytes", "bytes of packets that crossed the stream"};
};

}  // namespace sb::devices
