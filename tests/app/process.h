// SPDX-License-Identifier: Apache-2.0
//
// Runs a program, and keeps what it says.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace sb::test {

struct Ended {
    int status = 0;  // of the process; 128 + N where signal N ended it
    std::string out;
    std::string err;
};

using Arguments = std::vector<std::string>;

/// Runs it to its end. `meanwhile` is called with its process id once it runs.
Ended run_process(const Arguments& arguments, const std::function<void(int)>& meanwhile = {});
/// The program under test.
Ended southbridge(const Arguments& arguments, const std::function<void(int)>& meanwhile = {});

/// A folder below the build folder that is gone afterwards.
class TempFolder {
  public:
    TempFolder();
    ~TempFolder();
    TempFolder(const TempFolder&) = delete;
    std::string path(const std::string& name = {}) const;
    std::string read(const std::string& name) const;
    void write(const std::string& name, const std::string& text) const;

  private:
    std::string path_;
};

}  // namespace sb::test
