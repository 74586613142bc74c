// SPDX-License-Identifier: Apache-2.0
//
// Memory: RAM, or ROM filled from a file. It is accessed by pointer wherever possible (TLM-2.0
// DMI); the bus knows its wait states, or the DRAM's timing (bus/dram.h), and times each access. A
// write to ROM is ignored and is a finding.
#pragma once

#include "bus/device.h"
#include "bus/dram.h"

namespace sb::devices {

class Memory final : public bus::Device, public bus::Target {
  public:
    enum class Kind { ram, rom };
    Memory(const bus::DeviceContext& context, Kind kind);
    ~Memory() override;

    /// RAM keeps its contents: a reset of a PC does not clear it.
    void reset() override {}
    void transport(bus::Payload& payload, sc_core::sc_time& delay) override;
    bool direct_memory(bus::Payload& payload, tlm::tlm_dmi& dmi) override;
    unsigned debug(bus::Payload& payload) override;

    uint8_t* bytes() { return direct_.host; }
    uint64_t size() const { return direct_.size; }

  private:
    void load(const std::string& path);

    bus::TargetSocket socket_;
    bus::DirectMemory direct_;
    std::unique_ptr<bus::Dram> dram_;
    void* mapping_ = nullptr;  // of the host, in which direct_ lies
    uint64_t mapped_ = 0;
};

}  // namespace sb::devices
