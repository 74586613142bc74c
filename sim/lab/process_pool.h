// SPDX-License-Identifier: Apache-2.0
//
// Runs jobs in child processes, so many at once. A child is a fork of this process: it has all that
// was read and checked before, and whatever happens to it (a crash, an endless loop) happens to it
// alone. The parent has one thread and may have no simulation.
//
// A child is stopped where it takes too long, where the whole is to stop, and where the parent
// dies. What it writes to standard error is kept, the last part of it; its standard output goes
// nowhere. Signals from the terminal reach the parent only.
#pragma once

#include <functional>
#include <string>

namespace sb::lab {

struct JobEnd {
    enum class Kind { done, crashed, timed_out, stopped };
    Kind kind = Kind::done;
    int code = 0;            // its exit status, or its signal
    std::string last_words;  // from standard error
};

struct PoolOptions {
    unsigned at_once = 1;
    double timeout = 0;  // seconds of host time for each; 0: none
    std::function<bool()> stop = [] {
        return false;
    };  // asked often: start no more, and end the others
    std::function<void(unsigned running)> tick = [](unsigned) {
    };  // at each change, and twice a second
};

/// Runs jobs 0 to count-1, started in this order. `body` runs in the child and gives its exit
/// status; `ended` in the parent, in whatever order they end. Signals that should interrupt waiting
/// are those in which the caller's handler makes `stop` true (SIGINT, SIGTERM, SIGHUP, SIGQUIT).
void run_jobs(size_t count, const PoolOptions& options, const std::function<int(size_t)>& body,
              const std::function<void(size_t, const JobEnd&)>& ended);

}  // namespace sb::lab
