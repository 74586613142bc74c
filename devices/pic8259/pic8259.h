// SPDX-License-Identifier: Apache-2.0
//
// The interrupt controllers of a PC: two 8259As, the slave on the master's input 2, and the
// registers that choose edge or level for each line. Sources: see chip.h.
//
// Lines "irq0" to "irq15" are the inputs, save irq2, which is where the slave is; "pic.intr" is the
// master's INT. It offers bus::InterruptAcknowledge as "pic.acknowledge". An acknowledge takes two
// bus cycles of two clocks with four idle clocks between (Intel386 SX datasheet 240187, 5.4.4 and
// figure 5-13: "four idle bus states ... for compatibility with spec TRHRL of the 8259A"; the
// Intel486 data sheet, "Interrupt Acknowledge", has the same): 8 bus clocks, the key
// `acknowledge_clocks`.
//
// Left out: buffered mode (accepted, without effect) and the 8080's CALL sequence.
#pragma once

#include "devices/pic8259/chip.h"

namespace sb::devices {

class Pic8259 final : public bus::Device, public bus::LineSink, public bus::InterruptAcknowledge {
  public:
    explicit Pic8259(const bus::DeviceContext& context);
    void reset() override;
    void line_changed(unsigned irq, bool asserted) override;
    uint8_t acknowledge(sc_core::sc_time& delay) override;

  private:
    struct Served {
        uint8_t vector;
        std::optional<unsigned> irq;
    };
    Served serve();

    Time acknowledge_time_;
    bus::Pin intr_;
    PicChip master_;
    PicChip slave_;
    bus::RegisterBank triggers_;
    bus::Register elcr1_;
    bus::Field level_low_{elcr1_, "LEVEL", 7, 3, "irq3 to irq7 are level-triggered"};
    bus::Register elcr2_;
    bus::Field level_9_12_{elcr2_, "LEVEL", 4, 1, "irq9 to irq12 are level-triggered"};
    bus::Field level_14_15_{elcr2_, "LEVEL_HIGH", 7, 6, "irq14 and irq15 are level-triggered"};
    Counter acknowledged_{*this, "acknowledged", "interrupts", "vectors given to the processor"};
    Counter spurious_{*this, "spurious", "interrupts", "acknowledges whose request had gone"};
};

}  // namespace sb::devices
