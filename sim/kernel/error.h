// SPDX-License-Identifier: Apache-2.0
//
// Two kinds of things go wrong. An `Error` is a fault in what the user gave us (a scenario, an
// image, an option): it is thrown while a machine is built or loaded, and its text says what is
// wrong, where, and what to do. A `Finding` is something that guest code did and that the real part
// leaves undefined or forbids: it never stops the run, is counted, and is listed at the end.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/kernel/time.h"

namespace sb {

class Error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Finding {
    std::string component;  // path of the component that noticed it
    std::string what;       // a constant sentence: findings are counted by it
    std::string first;      // detail of the first occurrence
    Time first_at;
    uint64_t count = 0;
};

/// Counts findings by (component, what); memory is bounded by the number of distinct sentences.
class Findings {
  public:
    /// Counts one; returns the entry where it is the first in time, else null.
    Finding* add(const std::string& component, const char* what, Time at);
    bool empty() const { return list_.empty(); }
    const std::vector<Finding>& list() const { return list_; }
    /// How often `what` was noticed, by anyone.
    uint64_t count(const std::string& what) const;

  private:
    std::vector<Finding> list_;
    std::map<std::pair<std::string, const char*>, size_t> index_;
};

/// How a run ended.
struct Outcome {
    enum class Kind {
        running,     // it has not ended
        guest_exit,  // the guest wrote the debug-exit port; `code` is the process exit status
        power_off,   // the guest switched the machine off
        halted,      // a processor halted and nothing can wake it
        shutdown,    // a processor shut down (triple fault)
        time_limit,  // run.time_limit was reached
        instruction_limit,  // run.instruction_limit was reached
        text_seen,          // run.until appeared on a console
        reset,        // the guest reset the processor, and no firmware is there to start again
        idle,         // nothing is left that could happen
        interrupted,  // the user asked to stop
        mismatch,     // the guest's data differs from the disk image
    };
    Kind kind = Kind::running;
    uint64_t code = 0;
    std::string text;  // one or more lines for a person
};

const char* name(Outcome::Kind kind);

}  // namespace sb
