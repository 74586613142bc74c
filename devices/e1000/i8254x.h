// SPDX-License-Identifier: Apache-2.0
//
// Intel 82540EM (8254x family) Gigabit Ethernet controller: the whole, and what belongs to no part:
// device control and status, the I/O-mapped way to the registers, reset. Source: chip.h. The parts,
// each with its own registers:
//   interrupts.h       causes, mask, throttle        moderation.h       RDTR, RADV, RSRPD, TIDV,
//   TADV receive_engine.h   wire to memory                receive_filter.h   which frames are
//   wanted transmit_engine.h  memory to packet buffer       transmitter.h      packet buffer to
//   wire, loopback descriptor_ring.h  fetch and write-back          packet_fifo.h      the packet
//   buffer offload.h          checksums, segmentation       statistics.h       the MAC's counters
//   eeprom.h  phy.h    as they say                   dma.h              the one way onto PCI
//
// PCI: 8086:100E. Base address 0: 128 KiB of memory, the registers; 2 (of 64 bytes, of which 8 are
// used): IOADDR and IODATA (13.2.2). MSI at F0h. INTA#.
//
// Reset. CTRL.RST resets all but PCI configuration, EEPROM contents, PHY and PBA, at once, and
// reads 1 for `reset_time`; the station address is loaded from the EEPROM again. What is in the
// packet buffer is lost. PBA takes effect with it: as Linux's e1000 does it, software writes PBA,
// then resets.
//
// Link. STATUS.LU: the PHY's link, and CTRL.SLU. Its rate is the wire's; CTRL.SPEED and FRCSPD are
// stored only. A change of it is LSC.
//
// Frames are stored and forwarded both ways; flow control is not done: pause frames are frames like
// others.
#pragma once

#include "devices/e1000/eeprom.h"
#include "devices/e1000/phy.h"
#include "devices/e1000/receive_engine.h"
#include "devices/e1000/transmit_engine.h"

namespace sb::devices::e1000 {

class I8254x final : public bus::Device, private bus::Station {
  public:
    explicit I8254x(const bus::DeviceContext& context);
    void reset() override;

  private:
    void frame_arrived(const bus::Frame& frame) override;
    void link_changed() override { phy_.wire_changed(); }

    void control_written(uint64_t written);
    uint64_t read_status();
    void software_reset();
    void reset_parts();
    void link_settled();
    bool link() const { return link_up_; }
    bool loopback() const { return phy_.loopback() || receive_.loopback(); }
    void share_buffer();
    uint64_t read_io();
    void write_io(uint64_t value);

    const Time reset_time_;
    const uint32_t buffer_;  // bytes of the packet buffer
    const uint64_t mac_;

    pci::Function function_;
    bus::RegisterBank bank_;
    Chip chip_;
    bus::EthernetPlug plug_;

    bus::Register ctrl_;
    bus::Field full_duplex_{ctrl_, "FD", 0, "full duplex"};
    bus::Field link_reset_{ctrl_, "LRST", 3, "link reset: stored only"};
    bus::Field auto_speed_{ctrl_, "ASDE", 5, "detect the speed"};
    bus::Field set_link_up_{ctrl_, "SLU", 6, "the MAC heeds the PHY's link"};
    bus::Field invert_loss_{ctrl_, "ILOS", 7, "stored only"};
    bus::Field speed_{ctrl_, "SPEED", 9, 8, "stored only"};
    bus::Field force_speed_{ctrl_, "FRCSPD", 11, "stored only"};
    bus::Field force_duplex_{ctrl_, "FRCDPLX", 12, "stored only"};
    bus::Field pins_{ctrl_, "SDP", 25, 18, "software-definable pins: stored only"};
    bus::Field reset_{ctrl_, "RST", 26, "reset; reads 1 until it is over"};
    bus::Field receive_flow_{ctrl_, "RFCE", 27, "stored only"};
    bus::Field transmit_flow_{ctrl_, "TFCE", 28, "stored only"};
    bus::Field vlan_mode_{ctrl_, "VME", 30, "strip and insert VLAN tags"};
    bus::Field phy_reset_{ctrl_, "PHY_RST", 31, "resets the PHY while it is 1"};
    bus::Register status_;
    bus::Field status_duplex_{status_, "FD", 0, "full duplex", ro};
    bus::Field status_link_{status_, "LU", 1, "link up", ro};
    bus::Field status_off_{status_, "TXOFF", 4, "transmission paused", ro};
    bus::Field status_speed_{status_, "SPEED", 7, 6, "10, 100, 1000 Mb/s", ro};
    bus::Field status_detected_{status_, "ASDV", 9, 8, "speed detected", ro};
    bus::Register ctrl_ext_;
    bus::Register fcal_, fcah_, fct_, fcttv_, fcrtl_, fcrth_;
    bus::Register txcw_, rxcw_, ledctl_;
    bus::Register pba_;
    bus::Field receive_share_{pba_, "RXA", 6, 0, "KiB of the packet buffer that receive, by 8"};
    bus::Field transmit_share_{pba_, "TXA", 31, 16, "the other KiB", ro};
    bus::Register wuc_, wufc_, wus_, manc_, ipav_, wupl_;

    bus::RegisterBank io_;
    bus::Register ioaddr_;
    bus::Register iodata_;

    Interrupts interrupts_;
    Statistics statistics_;
    Dma dma_;
    Eeprom eeprom_;
    Phy phy_;
    ReceiveEngine receive_;
    Transmitter transmitter_;
    TransmitEngine transmit_;

    State<bool> link_up_{*this, "link_up"};
    State<bool> phy_held_{*this, "phy_held"};
    Timer reset_timer_{*this, "reset", [this] { reset_ = 0; }};
    Counter resets_{*this, "resets", "resets", "by CTRL.RST"};
};

}  // namespace sb::devices::e1000
