// SPDX-License-Identifier: Apache-2.0
//
// A device, and a device model: how a machine learns of a kind of device, in-tree or from a
// plug-in.
//
// A model is declared once, as data: its name in scenarios, what it is, the document that it
// follows, its settings, and how to build one. In-tree models and plug-ins register in the same
// way:
//
//     const bus::DeviceModel model{"uart16550", "16550A serial port", "National PC16550D, 1995",
//                                  {{"port", ValueType::integer, "0x3f8", "first port"}, ...},
//                                  [](bus::DeviceContext& c) { return std::make_unique<Uart>(c);
//                                  }};
//     SOUTHBRIDGE_DEVICE(model)
//
// Life: built before the simulation starts, in the order of the machine description; reset() once
// before the first instruction and whenever the machine is reset; destroyed after the run. A device
// throws `Error` from its constructor where a setting can not work, and never later.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bus/board.h"
#include "bus/registers.h"
#include "sim/kernel/config.h"
#include "sim/kernel/counter.h"

namespace sb::bus {

struct DeviceContext {
    Board& board;
    std::string name;  // of this instance
    const Config& config;
};

class Device : public Component {
  public:
    explicit Device(const DeviceContext& context)
        : Component{context.board.sim, context.name}, probe_{context.board.stream, context.name} {}

    /// Brings the device to its power-on state. By default every bank's registers are reset.
    virtual void reset() {
        for (RegisterBank* bank : banks_) bank->reset();
    }
    /// Called once at the end of a run, also of one that failed: write out what is buffered.
    virtual void finish() {}

    const observe::Probe& probe() const { return probe_; }
    /// Its register banks, in the order of declaration.
    const std::vector<RegisterBank*>& banks() const { return banks_; }
    void add_bank(RegisterBank& bank) { banks_.push_back(&bank); }

  private:
    observe::Probe probe_;
    std::vector<RegisterBank*> banks_;
};

struct DeviceModel {
    std::string name;
    std::string summary;
    std::string source;  // document and edition
    std::vector<Key> keys;
    std::function<std::unique_ptr<Device>(const DeviceContext&)> create;
};

/// All models known to this process.
class DeviceModels {
  public:
    static DeviceModels& instance();
    void add(const DeviceModel& model);
    const DeviceModel* find(const std::string& name) const;
    const std::vector<const DeviceModel*>& all() const { return all_; }

  private:
    std::vector<const DeviceModel*> all_;
};

struct RegisterDeviceModel {
    explicit RegisterDeviceModel(const DeviceModel& model) { DeviceModels::instance().add(model); }
};

}  // namespace sb::bus

/// Registers a model of static storage duration when its object file or plug-in is loaded.
#define SOUTHBRIDGE_DEVICE(model) \
    static const ::sb::bus::RegisterDeviceModel southbridge_registered_##model{model};
