// SPDX-License-Identifier: Apache-2.0
//
// A built machine: a chassis with its processor, a loaded guest, and everything that listens to the
// guest. One machine makes one run. It is built from a plan, so what can still fail is a device
// that can not work, a clash of addresses, or a guest that can not be loaded: `Error`, with its
// place.
//
// Threads: a machine belongs to one thread, but `pulse` and `request_stop` may be called from
// others and from signal handlers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bus/guest_probe.h"
#include "cpu/cpu.h"
#include "sim/machine/chassis.h"
#include "sim/machine/console.h"
#include "sim/machine/loader.h"
#include "sim/machine/results.h"
#include "sim/observe/packet_journeys.h"

namespace sb::machine {

class Machine : private bus::GuestProbeListener {
  public:
    struct Options {
        bool lockstep = false;
        bool console_to_terminal = false;
    };
    Machine(const Plan& plan, const Options& options);
    ~Machine() override;

    observe::Stream& stream() { return stream_; }
    Simulation& simulation() { return sim_; }
    cpu::Cpu& processor() { return *cpu_; }
    Chassis& chassis() { return *chassis_; }
    const observe::Stream& stream() const { return stream_; }
    const cpu::Cpu& processor() const { return *cpu_; }
    const Chassis& chassis() const { return *chassis_; }
    const Plan& plan() const { return plan_; }
    /// The guest's functions; none where its file names none.
    const Symbols& symbols() const { return symbols_; }
    /// Follows the packets; null where the machine has no station on a wire.
    observe::PacketJourneys* packets() { return packets_.get(); }

    /// Runs to the end; afterwards all devices have written out what they held.
    void run();
    /// What was found out. After run().
    Results results() const;

    /// How far it is, in processor cycles: a recent value.
    uint64_t pulse() const { return cpu_->recent_cycles(); }
    /// Asks the running machine of this process to stop soon. Safe in a signal handler.
    static void request_stop();

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

    void follow_packets();
    void hand_off();
    void load(const Plan& plan);
    void start(const LoadedGuest& guest);
    void close_phase(Time now);
    void explain_end();
    std::vector<FunctionResult> functions() const;
    PhaseResult phase_result(unsigned id) const;

    Plan plan_;
    Simulation sim_;
    observe::Stream stream_;
    std::unique_ptr<observe::PacketJourneys> packets_;
    std::unique_ptr<Chassis> chassis_;
    std::unique_ptr<Console> console_;
    std::unique_ptr<bus::ProcessorPort> port_;
    std::unique_ptr<cpu::Cpu> cpu_;
    Symbols symbols_;

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
