// SPDX-License-Identifier: Apache-2.0
//
// The traces that a run writes on demand: a waveform, a timeline, a list of events; all of the same
// selection.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/machine/machine.h"

namespace CLI {
class App;
}

namespace sb::app {

struct TraceOptions {
    std::string vcd;
    std::string perfetto;
    std::string events;
    std::string from;
    std::string to;
    std::string only;
    bool any() const { return !(vcd.empty() && perfetto.empty() && events.empty()); }
};

/// Declares --vcd, --perfetto, --events, --from, --to and --only.
void trace_options(CLI::App& command, TraceOptions& options);

class Traces {
  public:
    /// Makes the files and listens to the machine. Throws `Error` where a file can not be written
    /// or the selection names what is not there. `instructions`: an event for each is wanted.
    Traces(const TraceOptions& options, machine::Machine& machine, bool instructions);
    ~Traces();
    Traces(const Traces&) = delete;
    /// Writes out what is left; throws `Error` where a disk did not take it.
    void close();
    /// What was written, and what to know about it: a line each.
    const std::vector<std::string>& notes() const { return notes_; }

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
    machine::Machine& machine_;
    std::vector<std::string> notes_;
};

}  // namespace sb::app
