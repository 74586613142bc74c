// SPDX-License-Identifier: Apache-2.0
#include "devices/ide/piix_ide.h"

#include <fmt/format.h>

namespace sb::devices {
namespace {

const std::vector<Key> keys{
    {"slot", ValueType::integer, "1", "PCI device number", {}, 0, 31},
    {"function", ValueType::integer, "1", "PCI function number", {}, 0, 7},
    {"identity", ValueType::integer, "0x244b", "PCI device id (Intel's)", {}, 0, 0xffff}};

pci::Slot slot_of(const Config& config) {
    return {static_cast<unsigned>(config.integer("slot")),
            static_cast<unsigned>(config.integer("function"))};
}

}  // namespace

const bus::DeviceModel piix_ide{
    "piix-ide", "PIIX bus-master IDE controller",
    "Intel 82371AB (PIIX4) and 82801BA (ICH2) datasheets", keys,
    [](const bus::DeviceContext& c) { return std::make_unique<PiixIde>(c); }};
SOUTHBRIDGE_DEVICE(piix_ide)

PiixIde::PiixIde(const bus::DeviceContext& context)
    : Device{context},
      function_{*this,
                pci::bus_of(context),
                slot_of(context.config),
                {.vendor = 0x8086,
                 .device = static_cast<uint16_t>(context.config.integer("identity")),
                 .class_code = 0x010180}},
      timing_{function_.bank,
              {.name = "IDETIM",
               .offset = 0x40,
               .bits = 16,
               .reset = 0x8000,
               .doc = "channel timing; bit 15: decode enabled (stored)"},
              2,
              2},
      slave_timing_{
          function_.bank,
          {.name = "SIDETIM", .offset = 0x44, .bits = 8, .doc = "timing of devices 1 (stored)"}},
      sync_dma_control_{
          function_.bank,
          {.name = "SDMA_CNT", .offset = 0x48, .bits = 8, .doc = "Ultra DMA enables (stored)"}},
      sync_dma_timing_{function_.bank,
                       {.name = "SDMA_TIM",
                        .offset = 0x4a,
                        .bits = 16,
                        .doc = "Ultra DMA cycle times (stored)"}},
      io_config_{function_.bank,
                 {.name = "IDE_CONFIG",
                  .offset = 0x54,
                  .bits = 16,
                  .reset = 0x00f0,
                  .doc = "cable reporting (80 conductors) and Ultra DMA base clocks (stored)"}},
      bank_{*this, {.name = "bus-master", .size = 16, .quiet_holes = true}},
      primary_{*this, context.board, 0, {.command = 0x1f0, .control = 0x3f6}, "irq14"},
      secondary_{*this, context.board, 1, {.command = 0x170, .control = 0x376}, "irq15"},
      primary_master_{*this, function_, primary_, bank_, 0},
      secondary_master_{*this, function_, secondary_, bank_, 8} {
    function_.add_base(4, pci::Function::Space::ports, 16, bank_.socket(), context.name);
    context.board.offer<ata::Cable>("ata.primary", primary_);
    context.board.offer<ata::Cable>("ata.secondary", secondary_);
}

void PiixIde::reset() {
    primary_master_.reset();
    secondary_master_.reset();
    Device::reset();
}

}  // namespace sb::devices
