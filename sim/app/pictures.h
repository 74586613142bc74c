// SPDX-License-Identifier: Apache-2.0
//
// The drawings that a run leaves: the cycle stack, the flame graph, and packets' latencies; with the table of
// packets. Their files are opened
// before the run, so that a path that can not be written costs nobody a run: `Error`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/machine/results.h"

namespace CLI {
class App;
}
namespace sb::machine {
class Machine;
class FlameGraph;
}  // namespace sb::machine
namespace sb::observe {
class PacketTable;
}

namespace sb::app {

struct PictureOptions {
    std::string cycle_stack;  // file; empty: not wanted
    std::string flame;
    std::string flame_folded;
    std::string packets;         // a table, not a drawing
    std::string packet_latency;
};

void picture_options(CLI::App& command, PictureOptions& options);

class Pictures {
  public:
    /// Before the run: listens to the machine where a flame graph is wanted.
    Pictures(machine::Machine& machine, const PictureOptions& options);
    ~Pictures();
    /// After it.
    void write(const machine::Results& results);

  private:
    PictureOptions options_;
    std::unique_ptr<machine::FlameGraph> flame_;
    std::unique_ptr<observe::PacketTable> packets_;
};

}  // namespace sb::app
