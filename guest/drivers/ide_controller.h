// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_IDE_CONTROLLER_H
#define GUEST_DRIVERS_IDE_CONTROLLER_H

// The PCI function behind the ATA channels: finds it by its class, switches it on, and sets how
// fast it drives the cable. Timing registers are those of the 82371AB (PIIX4) and its successors;
// on a controller of another make they are left alone.

#include <cstdint>
#include <optional>

#include "drivers/ata_channel.h"
#include "drivers/transfer_mode.h"
#include "runtime/pci.h"

namespace guest {

class IdeController {
  public:
    // The first one on the PCI bus, with I/O decoding and bus mastering enabled.
    static std::optional<IdeController> find();

    // Where the channel's bus master registers are; 0 if the function has none.
    uint16_t bus_master_port(AtaChannel::Number channel) const;

    // Drives the cable as `mode` demands when this device is transferring.
    void set_timing(AtaChannel::Number channel, uint8_t device, TransferMode mode) const;

  private:
    explicit IdeController(const pci::Function& function) : function_(function) {}

    void set_strobe_timing(AtaChannel::Number channel, uint8_t device, TransferMode mode) const;
    void set_ultra_timing(AtaChannel::Number channel, uint8_t device, TransferMode mode) const;

    pci::Function function_;
};

}  // namespace guest

#endif
