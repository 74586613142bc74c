// SPDX-License-Identifier: Apache-2.0
//
// Writes the event stream as CSV (RFC 4180): time_ps,source,event,detail, in the order in which the
// model acted. Two runs of the same scenario, seed and build give the same bytes, in the fast and
// in the lockstep mode. A detail that holds a name with a comma, a quote or a line break is quoted.
#pragma once

#include <string>

#include "sim/observe/output_file.h"
#include "sim/observe/stream.h"

namespace sb::observe {

class CsvWriter final : public Sink {
  public:
    /// Creates or truncates the file; throws `Error` where it can not.
    explicit CsvWriter(const std::string& path);
    void event(const Stream& stream, const Event& event) override;
    /// Flushes; throws `Error` where the disk did not take what was written.
    void close() { file_.close(); }
    OutputFile& file() { return file_; }

  private:
    void odd_event(const Stream& stream, const Event& event);

    OutputFile file_;
};

}  // namespace sb::observe
