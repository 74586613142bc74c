// SPDX-License-Identifier: Apache-2.0
//
// The receiver: from the wire into the packet buffer, and from there into the buffers of the
// receive ring. Sources: the manual, 3.2, 13.4.22 (RCTL), 13.4.35 (RXCSUM).
//
// A frame comes with its last bit (store and forward: the part begins to write after 16 bytes or
// so). Whether it is wanted is decided then, in this order, and each refusal is a place where the
// packet ends:
//   "nic receive off"   RCTL.EN is 0, or the link is down
//   "nic length error"  shorter than 64 bytes, or longer than 1522 (16384 with LPE), FCS included;
//   SBP keeps it "nic fcs error"     the FCS is wrong; SBP keeps it "nic filter" receive_filter.h
//   "nic buffer full"   no room in the packet buffer: MPC, and RXO
// and later
//   "nic bus error"     its data or descriptor could not be written
//   "nic reset"         CTRL.RST, or its descriptor was forgotten, before it was in memory
// What is in the packet buffer goes to memory even after EN was cleared.
//
// A frame fills descriptor after descriptor, each up to RCTL's buffer size. A descriptor whose
// address is null takes no data: it is written back with DD alone (3.2.5.2). Of a frame's
// descriptors only the last has EOP, checksum, errors and tag. A data burst that fails leaves its
// descriptor with RXE set, and the rest of the frame is given up.
//
// RXDMT0 comes when, by the use of a descriptor, those that are free become RDMTS's share of the
// ring (3.2.7.3). RNBC counts frames that enter the packet buffer while no descriptor is free.
#pragma once

#include "bus/ethernet.h"
#include "bus/packets.h"
#include "devices/e1000/descriptor_ring.h"
#include "devices/e1000/moderation.h"
#include "devices/e1000/packet_fifo.h"
#include "devices/e1000/receive_filter.h"
#include "devices/e1000/statistics.h"

namespace sb::devices::e1000 {

class ReceiveEngine {
  public:
    struct Settings {
        uint32_t buffer = 0;  // bytes of the packet buffer, both sides together
        uint32_t cached = 0;  // descriptors on the chip
    };
    ReceiveEngine(const Chip& chip, Dma& dma, Interrupts& interrupts, Statistics& statistics,
                  bus::PacketPlaces& places, const Settings& settings);

    /// `link`: it is up. `strip_tags`: CTRL.VME.
    void arrived(const bus::Frame& frame, bool link, bool strip_tags);
    /// The packet buffer's share; what is in it is lost.
    void set_buffer(uint32_t bytes);
    void reset();
    ReceiveFilter& filter() { return filter_; }
    /// RCTL.LBM: the MAC's loopback.
    bool loopback() const { return loopback_mode_ == 1; }

  private:
    void drop(uint32_t packet, uint64_t bytes, observe::Name place);
    bool good_length(const bus::Frame& frame) const;
    bool length_acceptable(const bus::Frame& frame);
    void accept(const bus::Frame& frame, bool exact, bool strip_tags);
    FilterMode filter_mode() const;
    void count_good(const bus::Frame& frame);

    uint32_t buffer_size() const;
    bool wants_data() const { return !fifo_.empty() && ring_.fresh() > 0; }
    bool begin_data();
    void data_ended(Result result);
    void use_descriptor(uint32_t bytes, bool last, Result result);
    void check_minimum();
    void written(const DescriptorRing::Slot& slot, Result result);

    Chip chip_;
    Dma& dma_;
    Interrupts& interrupts_;
    Statistics& statistics_;
    bus::PacketPlaces& places_;

    bus::Register rctl_;
    bus::Field enable_{rctl_, "EN", 1, "receive"};
    bus::Field store_bad_{rctl_, "SBP", 2, "store bad packets"};
    bus::Field unicast_all_{rctl_, "UPE", 3, "unicast promiscuous"};
    bus::Field multicast_all_{rctl_, "MPE", 4, "multicast promiscuous"};
    bus::Field long_packets_{rctl_, "LPE", 5, "frames up to 16384 bytes"};
    bus::Field loopback_mode_{rctl_, "LBM", 7, 6, "loopback: 1 of the MAC"};
    bus::Field minimum_{rctl_, "RDMTS", 9, 8, "RXDMT0 at 1/2, 1/4, 1/8 of the ring"};
    bus::Field multicast_offset_{rctl_, "MO", 13, 12, "which address bits are the hash"};
    bus::Field broadcast_{rctl_, "BAM", 15, "accept broadcast"};
    bus::Field size_{rctl_, "BSIZE", 17, 16, "buffers of 2048, 1024, 512, 256 bytes"};
    bus::Field vlan_filter_{rctl_, "VFE", 18, "VLAN filter"};
    bus::Field cfi_enable_{rctl_, "CFIEN", 19, "compare CFI"};
    bus::Field cfi_{rctl_, "CFI", 20, "CFI that is accepted"};
    bus::Field discard_pause_{rctl_, "DPF", 22, "discard pause frames"};
    bus::Field pass_control_{rctl_, "PMCF", 23, "pass MAC control frames"};
    bus::Field size_extension_{rctl_, "BSEX", 25, "buffers 16 times as large"};
    bus::Field strip_fcs_{rctl_, "SECRC", 26, "do not store the FCS"};
    bus::Register rxcsum_;
    bus::Field checksum_start_{rxcsum_, "PCSS", 7, 0, "packet checksum from here on"};
    bus::Field ip_checksum_{rxcsum_, "IPOFL", 8, "check IP's checksum"};
    bus::Field transport_checksum_{rxcsum_, "TUOFL", 9, "check TCP's and UDP's"};

    PacketFifo fifo_;
    ReceiveFilter filter_;
    ReceiveModeration moderation_;
    DescriptorRing ring_;
    State<uint32_t> offset_;     // of the frame that is written to memory
    State<uint32_t> moving_;     // bytes of the burst under way
    State<uint64_t> place_;      // where its first byte went
    std::vector<uint8_t> work_;  // a frame as it is stored

    observe::Name off_, length_, fcs_, filtered_, full_, bus_error_, reset_;
    Counter stored_{chip_.device, "received", "packets", "stored in memory"};
    Counter stored_bytes_{chip_.device, "received_bytes", "bytes", "of packets stored in memory"};
    Counter dropped_off_{chip_.device, "dropped_off", "packets", "came while receiving was off"};
    Counter dropped_length_{chip_.device, "dropped_length", "packets", "too short or too long"};
    Counter dropped_fcs_{chip_.device, "dropped_fcs", "packets", "damaged"};
    Counter dropped_filter_{chip_.device, "dropped_filter", "packets", "not wanted"};
    Counter dropped_full_{chip_.device, "dropped_full", "packets", "found the packet buffer full"};
    Counter dropped_bus_{chip_.device, "dropped_bus", "packets", "could not be written to memory"};
    Counter dropped_reset_{chip_.device, "dropped_reset", "packets", "lost by a reset"};
};

}  // namespace sb::devices::e1000
