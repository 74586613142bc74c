// SPDX-License-Identifier: Apache-2.0
//
// What is kept of one run: how it ended, and its results as JSON. Records lie in a folder, one file
// each, named by the run's key; a file appears whole or not at all (it is renamed into place).
//
// This is the seam to a result store: whoever makes runs saves records, and whoever makes tables
// loads them.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sb::lab {

/// How a run ended, in the table's words.
namespace status {
constexpr const char* ok = "ok";
constexpr const char* failed = "failed";    // the guest failed, or did not come to its end
constexpr const char* error = "error";      // no machine can be built for this point
constexpr const char* crashed = "crashed";  // the simulator ended by a signal
constexpr const char* timeout = "timeout";  // it took too much host time
constexpr const char* not_run = "not run";  // the sweep was stopped before
}  // namespace status

struct RunRecord {
    std::string key;
    std::string status;
    std::string reason;  // one line; empty where all is well
    std::vector<std::string> sets;
    std::string results = "{}";  // JSON, of machine::json_text
};

class RecordFolder {
  public:
    /// Makes the folder; `Error` where that fails.
    explicit RecordFolder(std::string path);

    /// The record; none where there is no file, or one that is no record of this run.
    std::optional<RunRecord> load(const std::string& key) const;
    /// `Error` where the disk does not take it.
    void save(const RunRecord& record) const;
    /// Removes what a killed process left half written.
    void clean() const;
    /// How many records there are, of whichever runs.
    size_t count() const;

  private:
    std::string file(const std::string& key) const;
    std::string path_;
};

/// Writes a file whole or not at all.
void write_whole(const std::string& path, const std::string& text);

}  // namespace sb::lab
