// SPDX-License-Identifier: Apache-2.0
//
// Writes packets as CSV (RFC 4180), one row for each leg of a packet's way, in the order in which
// legs end: all stamps in picoseconds (empty where it did not pass a stage), its size, who sent it
// and where it came in, its end, and the place of a drop. A packet that was not forwarded has one
// row. Columns are those of `PacketTable::header`.
#pragma once

#include <string>

#include "sim/observe/output_file.h"
#include "sim/observe/packet_journeys.h"

namespace sb::observe {

class PacketTable final : public PacketListener {
  public:
    /// Creates or truncates the file; throws `Error` where it can not.
    explicit PacketTable(const std::string& path);
    static std::string header();
    void leg(const PacketJourneys& journeys, const PacketLeg& leg) override;
    /// Flushes; throws `Error` where the disk did not take what was written.
    void close() { file_.close(); }
    OutputFile& file() { return file_; }

  private:
    OutputFile file_;
};

}  // namespace sb::observe
