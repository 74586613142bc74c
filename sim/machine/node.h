// SPDX-License-Identifier: Apache-2.0
//
// One machine of a simulation: a chassis with its processor, a loaded guest, and everything that
// listens to the guest. Machine (machine.h) holds one, or several that share wires.
//
// The names of all components, event sources, counters and findings of a further machine begin with
// the machine's name and a dot ("server.cpu"); within its board it has the names of the first.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "bus/guest_probe.h"
#include "cpu/cpu.h"
#include "sim/machine/chassis.h"
#include "sim/machine/console.h"
#include "sim/machine/loader.h"
#include "sim/machine/results.h"

namespace sb::bus {
class EthernetJoints;
}

namespace sb::machine {

class Node : private bus::GuestProbeListener {
  public:
    /// What all machines of a simulation share.
    struct Shared {
        Simulation& sim;
        observe::Stream& stream;
        bus::EthernetJoints& wires;
        const Plan& plan;
        bool console_to_terminal;
        const std::atomic<bool>& stop;
    };
    /// Builds it whole, with its guest loaded. It is the machine whose turn it is in `sim`. Throws
    /// `Error`, see machine.h.
    Node(const Shared& shared, const NodePlan& plan);
    ~Node() override;

    const std::string& name() const { return domain_.name; }
    const NodePlan& plan() const { return plan_; }
    Domain& domain() const { return domain_; }
    cpu::Cpu& processor() { return *cpu_; }
    const cpu::Cpu& processor() const { return *cpu_; }
    Chassis& chassis() { return *chassis_; }
    const Chassis& chassis() const { return *chassis_; }
    const Symbols& symbols() const { return symbols_; }
    /// Its event sources are those from `first_source` up to this one.
    observe::Source first_source() const { return first_source_; }
    observe::Source end_source() const { return end_source_; }

    /// The run has ended: closes the accounts, and has all devices write out what they held.
    void finish();
    MachineResult result() const;

  private:
    struct PhaseAccount {
        std::string name;
        Time elapsed;
        uint64_t bytes = 0;
        Time bus_held;
    };
    void phase(unsigned id, const std::string& name) override;
    void disk_checksum(unsigned drive, uint64_t lba, uint32_t sectors, uint32_t crc) override;
    void metric(const std::string& name, uint64_t value) override;
    void work(uint64_t bytes) override;

    void build(const Shared& shared);
    void add_devices(const Shared& shared);
    void connect();
    void load(const std::string& file);
    void start(const LoadedGuest& guest);
    void close_phase(Time now);
    void explain_end();
    std::vector<FunctionResult> functions() const;
    PhaseResult phase_result(unsigned id) const;

    const NodePlan& plan_;
    Simulation& sim_;
    Domain& domain_;
    std::unique_ptr<sc_core::sc_module> cabinet_;  // what a further machine's components are below
    std::unique_ptr<Chassis> chassis_;
    std::unique_ptr<Console> console_;
    std::unique_ptr<bus::ProcessorPort> port_;
    std::unique_ptr<cpu::Cpu> cpu_;
    Symbols symbols_;
    observe::Source first_source_ = 0, end_source_ = 0;

    std::vector<PhaseAccount> phases_{1};
    unsigned phase_ = 0;
    Time phase_since_;
    Time phase_bus_;
    std::vector<GuestMetric> metrics_;
    std::vector<ChecksumResult> checksums_;
    uint64_t checked_sectors_ = 0;
    uint64_t checksum_count_ = 0;
    uint64_t matches_ = 0;
    std::string state_;
};

}  // namespace sb::machine
