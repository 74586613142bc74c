// SPDX-License-Identifier: Apache-2.0
//
// A machine without its processor: the address spaces, the system bus, PCI, and the devices of a
// plan, built in order and checked against each other. It owns them all.
//
// Errors: `Error`, with the place in the scenario, where a device can not be built, or where two of
// them claim the same addresses.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bus/device.h"
#include "bus/pci.h"
#include "sim/machine/plan.h"

namespace sb::machine {

class Chassis;

/// What RESET# of the whole board does: on line "system_reset" every device is reset, and the
/// processor by its own line. Memory keeps its contents.
class SystemReset final : public Component, private bus::LineSink {
  public:
    explicit SystemReset(Simulation& sim, Chassis& chassis);

  private:
    void line_changed(unsigned, bool asserted) override {
        if (asserted) act_.arm_after(Time{});  // not inside the access that asked for it
    }
    void act();

    Chassis& chassis_;
    bus::Pin processor_{*this, "processor"};
    Timer act_{*this, "act", [this] { act(); }};
};

class Chassis {
  public:
    Chassis(Simulation& sim, observe::Stream& stream, const Config& bus_config,
            const Config& pci_config);
    ~Chassis();

    bus::Device& add(const DevicePlan& plan);
    const std::vector<std::unique_ptr<bus::Device>>& devices() const { return devices_; }

    bus::AddressSpace memory;
    bus::AddressSpace ports;
    bus::SystemBus bus;
    bus::Board board;
    pci::Bus pci;

  private:
    std::vector<std::unique_ptr<bus::Device>> devices_;
    SystemReset system_reset_;
};

}  // namespace sb::machine
