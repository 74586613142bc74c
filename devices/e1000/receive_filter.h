// SPDX-License-Identifier: Apache-2.0
//
// Which frames are wanted: the manual, 3.2.1 (packet address filtering), 10.2 (VLAN), 13.5.
//
// In this order: exact addresses (16 of RAL and RAH, destinations or, with AS 1, sources),
// promiscuous modes, broadcast (BAM), the table of 4096 multicast hashes (MTA). A frame that is let
// in by the table or promiscuous mode alone "passed an inexact filter" (PIF). What passes and is
// tagged has to pass the VLAN filter too: 4096 identifiers (VFTA), and the CFI bit.
#pragma once

#include "devices/e1000/chip.h"

namespace sb::devices::e1000 {

/// What RCTL says of the filter.
struct FilterMode {
    bool unicast_all = false;
    bool multicast_all = false;
    bool broadcast = false;
    unsigned multicast_offset = 0;  // MO
    bool vlan = false;              // VFE
    bool cfi_enable = false;
    bool cfi = false;
};

class ReceiveFilter {
  public:
    enum class Verdict : uint8_t { refused, exact, inexact };

    explicit ReceiveFilter(const Chip& chip);

    /// `frame` has at least an Ethernet header.
    Verdict judge(const std::vector<uint8_t>& frame, const FilterMode& mode) const;
    bool vlan_passes(uint16_t tag, const FilterMode& mode) const;
    /// Is this frame tagged as VET has it?
    bool tagged(const std::vector<uint8_t>& frame) const;
    uint16_t ether_type() const { return static_cast<uint16_t>(type_); }
    /// The address that the EEPROM has, into the first of the 16.
    void set_own(uint64_t mac);

  private:
    bool exact(uint64_t destination, uint64_t source) const;

    bus::Register vet_;
    bus::Field type_{vet_, "VET", 15, 0, "type of tagged frames"};
    bus::RegisterArray multicast_;
    bus::RegisterArray low_;
    bus::RegisterArray high_;
    bus::RegisterArray vlan_;
};

}  // namespace sb::devices::e1000
