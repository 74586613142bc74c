// SPDX-License-Identifier: Apache-2.0
//
// One IDE channel of the host adapter: the cable with its drives, the ports of the Command Block
// (8) and of the Control Block (1), and the interrupt line. The registers themselves are the
// drives'.
//
// Time: an access takes one cycle of the answering drive's current PIO mode for each register or
// data word that it covers (a 32-bit access to the data port is two words), and holds the bus that
// long; it is not rounded to a clock of the adapter. The PCI transaction that carries it (5 clocks, 150 ns)
// is counted as part of the cycle, as if it lay in the cycle's recovery time. Where nobody answers, it takes a mode 0 cycle.
//
// Nobody: with no device 0, what is read is a pulled-up cable with DD7 pulled down, so that BSY
// reads as 0: 7Fh (ATA/ATAPI-6, clause 4, pull-up and pull-down resistors: a host has a 10 kilo-ohm
// pull-down on DD7).
//
// Interrupts: the line follows the selected drive's INTRQ, but rises only once all data that the
// drive sent by DMA is in memory: 82801BA datasheet, "Line Buffer", and BMISx bit 2.
#pragma once

#include <array>
#include <functional>

#include "bus/ata.h"
#include "bus/device.h"

namespace sb::devices {

class BusMaster;

class IdeChannel final : public ata::Cable {
  public:
    struct Ports {
        uint16_t command;
        uint16_t control;
    };
    IdeChannel(bus::Device& owner, bus::Board& board, unsigned number, Ports ports,
               const std::string& line);

    /// The channel's bus master: it is told what happens on the cable.
    void connect(BusMaster& master) { master_ = &master; }

    void plug(ata::Drive& drive, unsigned unit) override;
    ata::Drive* drive(unsigned unit) const override { return drives_[unit]; }
    unsigned number() const override { return number_; }
    void intrq_changed() override;
    void dma_request_changed() override;

    /// The drive that requests DMA, or null.
    ata::Drive* requesting() const;

  private:
    struct Block final : bus::Target {
        Block(IdeChannel& channel, bus::Device& owner, const std::string& name, bool control)
            : channel{channel}, control{control}, socket{owner, name, *this} {}
        void transport(bus::Payload& payload, sc_core::sc_time& delay) override;
        bus::RegisterBank* register_bank(bool write, uint64_t offset, unsigned bytes) override;
        static void tell(bus::RegisterBank& bank, const bus::Payload& payload);
        IdeChannel& channel;
        bool control;
        bus::TargetSocket socket;
    };
    ata::Drive* answering() const;
    static bus::RegisterBank& bank_of(ata::Drive& drive, bool control, uint64_t offset);
    void nobody(bus::Payload& payload, sc_core::sc_time& delay) const;

    bus::Device& owner_;
    const unsigned number_;
    Block command_block_;
    Block control_block_;
    bus::Pin pin_;
    BusMaster* master_ = nullptr;
    std::array<ata::Drive*, 2> drives_{};
};

}  // namespace sb::devices
