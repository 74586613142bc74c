// SPDX-License-Identifier: Apache-2.0
//
// Runs a guest on the standard board, in a process of its own, and gives back what came of it.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/machine/machine.h"

namespace sb::test {

using Sets = std::vector<std::string>;

/// What a run gave: the results as the program prints them, and optionally all of its events.
struct GuestRun {
    nlohmann::json results;  // and "report", the text for a person
    std::string events;

    int status() const { return results.at("exit_status").get<int>(); }
    std::string console() const { return results.at("console").get<std::string>(); }
    std::string outcome() const { return results.at("outcome").at("kind").get<std::string>(); }
    std::string text() const { return results.at("outcome").at("text").get<std::string>(); }
    std::string report() const { return results.at("report").get<std::string>(); }
    /// A figure that the guest reported; it has to be there.
    uint64_t metric(const std::string& name) const;
    uint64_t elapsed_ps() const { return results.at("elapsed_ps").get<uint64_t>(); }
    /// The phase of that name; null where the guest did not name it.
    const nlohmann::json* phase(const std::string& name) const;
};

struct RunOptions {
    bool lockstep = false;
    bool events = false;
    /// Called with the built machine, before it runs.
    std::function<void(machine::Machine&)> prepare{};
};

/// One line for each event of the stream.
struct EventText final : observe::Sink {
    std::string text;
    void event(const observe::Stream& stream, const observe::Event& event) override;
};

/// `program` is a guest of this build; `sets` are as --set has them, a bare key a guest parameter:
/// "sectors=8" is guest.parameters.sectors=8.
machine::Plan guest_plan(const std::string& program, const Sets& sets);
GuestRun run_guest(const std::string& program, const Sets& sets, const RunOptions& options = {});
/// Likewise a scenario of the tree, by its name without folder and extension.
GuestRun run_scenario(const std::string& name, const Sets& sets = {},
                      const RunOptions& options = {});

/// A file below the build folder that is gone afterwards, one for each process and object.
class TempFile {
  public:
    explicit TempFile(const std::string& content = {});
    ~TempFile();
    TempFile(const TempFile&) = delete;
    const std::string& path() const { return path_; }
    std::string content() const;

  private:
    std::string path_;
};

}  // namespace sb::test
