// SPDX-License-Identifier: Apache-2.0
//
// Writes the event stream as CSV: time_ps,source,event,detail. Two runs of the same scenario, seed
// and build give the same bytes, in the fast and in the lockstep mode.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "sim/observe/stream.h"

namespace sb::observe {

class CsvWriter final : public Sink {
  public:
    /// Creates or truncates the file; throws `Error` where it can not.
    explicit CsvWriter(const std::string& path);
    void event(const Stream& stream, const Event& event) override;
    /// Flushes; throws `Error` where the disk did not take what was written.
    void close();

  private:
    struct Closer {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    std::string path_;
    std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace sb::observe
