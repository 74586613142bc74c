// SPDX-License-Identifier: Apache-2.0
//
// The IDE controller of Intel's PIIX line, a PCI function with two channels at the legacy ports and
// bus-master DMA. It identifies itself as the 82801BA's (ICH2, 8086:244B), the first of the line
// whose datasheet covers Ultra DMA modes 0 to 5; the programming model of channels and bus
// master is that of the 82371FB/SB/AB (PIIX, PIIX3, PIIX4).
//
// Ports: 1F0-1F7, 3F6, IRQ 14 and 170-177, 376, IRQ 15, always decoded; base address 4: 16 bytes of
// bus master registers, 8 for each channel (bus_master.h).
//
// Approximation: the timing registers (IDETIM, SIDETIM, SDMA_CNT, SDMA_TIM, IDE_CONFIG) are stored
// and read back, and change nothing: cycles take the time of the mode that the drive was set to, as
// if software had programmed both ends alike. Their reset values are those that firmware leaves,
// with both channels' decoding enabled; clearing that bit, or COMMAND.IO, does not hide the legacy
// ports.
#pragma once

#include "devices/ide/bus_master.h"

namespace sb::devices {

class PiixIde final : public bus::Device {
  public:
    explicit PiixIde(const bus::DeviceContext& context);
    void reset() override;

  private:
    pci::Function function_;
    bus::RegisterArray timing_;
    bus::Register slave_timing_;
    bus::Register sync_dma_control_;
    bus::Register sync_dma_timing_;
    bus::Register io_config_;
    bus::RegisterBank bank_;
    IdeChannel primary_;
    IdeChannel secondary_;
    BusMaster primary_master_;
    BusMaster secondary_master_;
};

}  // namespace sb::devices
