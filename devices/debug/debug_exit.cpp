// SPDX-License-Identifier: Apache-2.0
//
// The debug exit port: a guest writes a value, and the run ends with exit status (value << 1) | 1,
// so that a guest can not claim the status 0. Source: QEMU, hw/misc/debugexit.c (isa-debug-exit).
// Accesses may have 8, 16 or 32 bits. It takes no time of its own beside the bus's.
#include "bus/isa.h"

namespace sb::devices {
namespace {

class DebugExit final : public bus::Device {
  public:
    explicit DebugExit(const bus::DeviceContext& context)
        : Device{context},
          bank_{*this, {.name = "exit", .size = 4}},
          value_{bank_,
                 {.name = "VALUE",
                  .offset = 0,
                  .bits = 32,
                  .access = bus::wo,
                  .doc = "exit value",
                  .effect = "ends the run"},
                 {.write = [this](uint64_t v) { end(static_cast<uint32_t>(v)); }}} {
        bus::claim_ports(context, bank_, context.config.integer("port"));
    }

  private:
    void end(uint32_t value) {
        // In 64 bits: in 32 the top bit would be lost, and 0x80000000 look like success.
        simulation().finish({Outcome::Kind::guest_exit, uint64_t{value} * 2 + 1,
                             fmt::format("the guest ended the run with value {}", value)});
    }

    bus::RegisterBank bank_;
    bus::Register value_;
};

}  // namespace

const bus::DeviceModel debug_exit{
    "debug-exit",
    "port by which a guest ends the run",
    "QEMU isa-debug-exit",
    {bus::port_key("port", "0xf4", "first port")},
    [](const bus::DeviceContext& c) { return std::make_unique<DebugExit>(c); }};
SOUTHBRIDGE_DEVICE(debug_exit)

}  // namespace sb::devices
