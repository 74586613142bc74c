// SPDX-License-Identifier: Apache-2.0
//
// What a scenario describes, built: a machine, or several that share wires, in one simulation; each
// with its guest loaded. It makes one run. It is built from a plan, so what can still fail is a
// device that can not work, a clash of addresses, or a guest that can not be loaded: `Error`, with
// its place.
//
// Several machines: the first is the one that the scenario's plain tables describe, the others are
// those of `machine.others`. What has no machine's name in it here is the first's.
//
// Threads: a machine belongs to one thread, but `pulse` and `request_stop` may be called from
// others and from signal handlers.
#pragma once

#include "bus/ethernet.h"
#include "sim/machine/node.h"
#include "sim/observe/packet_journeys.h"

namespace sb::machine {

class Machine {
  public:
    struct Options {
        bool lockstep = false;
        bool console_to_terminal = false;
    };
    Machine(const Plan& plan, const Options& options);
    ~Machine();

    observe::Stream& stream() { return stream_; }
    Simulation& simulation() { return sim_; }
    const observe::Stream& stream() const { return stream_; }
    const Plan& plan() const { return plan_; }

    /// The machines, the first one first.
    const std::vector<std::unique_ptr<Node>>& nodes() const { return nodes_; }
    cpu::Cpu& processor() { return nodes_[0]->processor(); }
    Chassis& chassis() { return nodes_[0]->chassis(); }
    const cpu::Cpu& processor() const { return nodes_[0]->processor(); }
    const Chassis& chassis() const { return nodes_[0]->chassis(); }
    /// The guest's functions; none where its file names none.
    const Symbols& symbols() const { return nodes_[0]->symbols(); }

    /// Follows the packets; null where no machine has a station on a wire.
    observe::PacketJourneys* packets() { return packets_.get(); }

    /// Sends events of the first machine only to `sink`: for what understands one processor.
    void attach_to_first(observe::Sink& sink, observe::KindSet wanted);

    /// Runs to the end; afterwards all devices have written out what they held.
    void run();
    /// What was found out. After run().
    Results results() const;

    /// How far it is, in processor cycles: a recent value.
    uint64_t pulse() const { return processor().recent_cycles(); }
    /// Asks the running machine of this process to stop soon. Safe in a signal handler.
    static void request_stop();

  private:
    void check_wires() const;
    void join_machines();
    void follow_packets();
    void explain_end();

    Plan plan_;
    Simulation sim_;
    observe::Stream stream_;
    std::unique_ptr<observe::PacketJourneys> packets_;
    bus::EthernetJoints wires_;
    std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace sb::machine
