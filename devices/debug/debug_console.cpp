// SPDX-License-Identifier: Apache-2.0
//
// The debug console of Bochs and QEMU at port E9h: each byte written is a character of output, and
// a read gives E9h, by which a guest finds that it is there. Source: QEMU, hw/char/debugcon.c
// (isa-debugcon). It takes no time of its own beside the bus's. It offers its observe::TextOutput
// on the board as "<name>.output", for whoever wants the text.
#include "bus/isa.h"
#include "sim/observe/text_output.h"

namespace sb::devices {
namespace {

class DebugConsole final : public bus::Device {
  public:
    explicit DebugConsole(const bus::DeviceContext& context)
        : Device{context},
          output_{context.name, context.config.text("output")},
          bank_{*this, {.name = "console", .size = 1}},
          data_{bank_,
                {.name = "DATA",
                 .offset = 0,
                 .bits = 8,
                 .reset = 0xe9,
                 .doc = "writes a character; reads E9h",
                 .effect = "puts it out"},
                {.read = [this] { return data_.spec().reset; },
                 .write = [this](uint64_t v) { output_.put(static_cast<uint8_t>(v)); }}} {
        bus::claim_ports(context, bank_, context.config.integer("port"));
        context.board.offer(context.name + ".output", output_);
    }
    void finish() override { output_.flush(); }

  private:
    observe::TextOutput output_;
    bus::RegisterBank bank_;
    bus::Register data_;
};

}  // namespace

const bus::DeviceModel debug_console{
    "debug-console",
    "character output at port E9h",
    "QEMU isa-debugcon",
    {bus::port_key("port", "0xe9", "the port"),
     {"output", ValueType::text, "terminal", "where characters go: terminal, none, or file:PATH (from the working directory)"}},
    [](const bus::DeviceContext& c) { return std::make_unique<DebugConsole>(c); }};
SOUTHBRIDGE_DEVICE(debug_console)

}  // namespace sb::devices
