// SPDX-License-Identifier: Apache-2.0
//
// The commands of the program, behind its command line. Each returns the exit status of the
// process: 0 success, 2 for a wrong request (thrown as `Error`), else see Results::exit_status.
#pragma once

#include <string>
#include <vector>

namespace sb::app {

struct RunOptions {
    std::string program = "southbridge";  // as it was called, for hints
    std::string scenario;
    std::vector<std::string> sets;
    std::string out;
    bool lockstep = false;
    bool instructions = false;  // an event for each instruction, in events.csv
    bool json = false;
};

/// Loads a shared object whose device models register themselves.
void load_plugin(const std::string& path);

int run(const RunOptions& options);
int check(const RunOptions& options);
/// The models, or one model's settings and register map.
int devices(const std::string& name);
/// The keys that a scenario may have.
int keys(const std::string& table);

}  // namespace sb::app
