// SPDX-License-Identifier: Apache-2.0
//
// The same images on a machine that is not ours. A QEMU of its own for each object, without a
// display; whoever uses it reads and writes the serial line, and presses keys through QEMU's
// monitor.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/app/process.h"

namespace sb::test {

class Qemu {
  public:
    /// `arguments` say what it boots from. Without any, it has no disk.
    explicit Qemu(const std::vector<std::string>& arguments);
    ~Qemu();
    Qemu(const Qemu&) = delete;

    /// What has come over the serial line until `text` did, and all before. Throws
    /// std::runtime_error with it if the line ends, or is silent for a minute.
    std::string read_until(const std::string& text);
    void write(const std::string& text);

    /// Presses and releases keys one after the other, by QEMU's names: "a", "shift-a", "ret".
    void press(const std::vector<std::string>& keys);

    /// The rows of the text screen, without the blanks at their ends.
    std::string screen();

    /// Waits for the end; what came over the line is in `out`.
    Ended wait();

  private:
    void command(const std::string& words);
    void wait_for_prompt();

    TempFolder folder_;
    pid_t child_ = -1;
    int line_ = -1;     // The serial port: QEMU's standard input and output.
    int monitor_ = -1;  // QEMU's own commands.
    std::string out_;
};

}  // namespace sb::test
