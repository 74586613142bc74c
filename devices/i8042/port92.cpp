// SPDX-License-Identifier: Apache-2.0
//
// System control port A at 92h: the fast way to address line 20 and to reset the processor. Source:
// IBM PS/2 Hardware Interface Technical Reference, "System Control Port A"; Intel 82371SB (PIIX3)
// datasheet (290550), port 92 register. [Layout from memory.]
//
// Lines: "a20" while bit 1 is set, beside the keyboard controller's; "reset" pulses when bit 0 goes
// from 0 to 1. A pulse lasts 6 us, as the keyboard controller's.
#include "bus/isa.h"

namespace sb::devices {
namespace {

class Port92 final : public bus::Device {
  public:
    explicit Port92(const bus::DeviceContext& context)
        : Device{context},
          bank_{*this,
                {.name = "registers",
                 .size = 1,
                 .access_time = context.config.duration("access_time")}},
          control_{bank_,
                   {.name = "CONTROL_A", .offset = 0, .bits = 8, .doc = "system control port A"},
                   {.write = [this](uint64_t) { written(); }}},
          a20_pin_{*this, "a20"},
          reset_pin_{*this, "reset"} {
        a20_pin_.connect(context.board.line("a20"));
        reset_pin_.connect(context.board.line("reset"));
        bus::claim_ports(context, bank_, context.config.integer("port"));
    }

    void reset() override {
        Device::reset();
        pulse_end_.cancel();
        was_set_ = false;
        a20_pin_.set(false);
        reset_pin_.set(false);
    }

  private:
    void written() {
        a20_pin_.set(a20_ != 0);
        if (reset_ && !was_set_) {
            reset_pin_.set(true);
            pulse_end_.arm_after(Time::us(6));
        }
        was_set_ = reset_ != 0;
    }

    bus::RegisterBank bank_;
    bus::Register control_;
    bus::Field reset_{control_, "RESET", 0, "a change from 0 to 1 resets the processor"};
    bus::Field a20_{control_, "A20", 1, "address line 20 works"};
    State<bool> was_set_{*this, "was_set", false};
    Timer pulse_end_{*this, "pulse_end", [this] { reset_pin_.set(false); }};
    bus::Pin a20_pin_;
    bus::Pin reset_pin_;
};

}  // namespace

const bus::DeviceModel port92{
    "port92",
    "system control port A: fast A20 and reset",
    "IBM PS/2 Hardware Interface Technical Reference; Intel 82371SB (290550)",
    {bus::port_key("port", "0x92", "the port"), bus::isa_access_time()},
    [](const bus::DeviceContext& c) { return std::make_unique<Port92>(c); }};
SOUTHBRIDGE_DEVICE(port92)

}  // namespace sb::devices
