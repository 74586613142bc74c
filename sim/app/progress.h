// SPDX-License-Identifier: Apache-2.0
//
// A line on the terminal while a run lasts: simulated time, and cycles per second of the host.
// It reads counters that the machine publishes, from a thread of its own, and never touches the
// simulation. Nothing is printed where standard error is not a terminal, or in the first second.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace sb::machine {
class Machine;
}

namespace sb::app {

class Progress {
  public:
    explicit Progress(machine::Machine& machine);
    ~Progress();

  private:
    void watch();

    machine::Machine& machine_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace sb::app
