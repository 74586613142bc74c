// SPDX-License-Identifier: Apache-2.0
//
// How a PC reports x87 exceptions: FERR# of the processor latches IRQ 13; a write to port F0h
// clears the latch and asserts IGNNE#, by which the handler's own x87 instructions run, until FERR#
// goes. Sources: Intel SDM volume 1, appendix D.2.1 ("MS-DOS compatibility sub-mode", figure D-1);
// IBM PC/AT Technical Reference (1502494), math coprocessor; Intel 82371SB (PIIX3) datasheet
// (290550), coprocessor error register. [The register's name from memory.]
//
// Lines: "ferr" in; "irq13" and "ignne" out.
#include "bus/isa.h"
#include "bus/line.h"

namespace sb::devices {
namespace {

class CoprocessorError final : public bus::Device, private bus::LineSink {
  public:
    explicit CoprocessorError(const bus::DeviceContext& context)
        : Device{context},
          bank_{*this,
                {.name = "registers",
                 .size = 1,
                 .access_time = context.config.duration("access_time")}},
          clear_{bank_,
                 {.name = "COPROC_ERR",
                  .offset = 0,
                  .bits = 8,
                  .access = bus::wo,
                  .doc = "acknowledges an x87 exception",
                  .effect = "clears IRQ 13 and asserts IGNNE# while FERR# is asserted"},
                 {.write = [this](uint64_t) { acknowledge(); }}},
          irq_{*this, "irq13"},
          ignne_{*this, "ignne"} {
        irq_.connect(context.board.line("irq13"));
        ignne_.connect(context.board.line("ignne"));
        context.board.line("ferr").connect(*this, 0);
        bus::claim_ports(context, bank_, context.config.integer("port"));
    }

    void reset() override {
        Device::reset();
        irq_.set(false);
        ignne_.set(false);
    }

  private:
    void line_changed(unsigned, bool asserted) override {
        ferr_ = asserted;
        if (asserted)
            irq_.set(true);
        else
            ignne_.set(false);
    }
    void acknowledge() {
        irq_.set(false);
        ignne_.set(ferr_);
    }

    bus::RegisterBank bank_;
    bus::Register clear_;
    State<bool> ferr_{*this, "ferr", false};
    bus::Pin irq_;
    bus::Pin ignne_;
};

}  // namespace

const bus::DeviceModel coprocessor_error{
    "coprocessor-error",
    "x87 exceptions as IRQ 13, and port F0h",
    "Intel SDM volume 1, appendix D; IBM PC/AT Technical Reference; Intel 82371SB (290550)",
    {bus::port_key("port", "0xf0", "the port"), bus::isa_access_time()},
    [](const bus::DeviceContext& c) { return std::make_unique<CoprocessorError>(c); }};
SOUTHBRIDGE_DEVICE(coprocessor_error)

}  // namespace sb::devices
