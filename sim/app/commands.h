// SPDX-License-Identifier: Apache-2.0
//
// The commands of the program, behind its command line. Each returns the exit status of the
// process: 0 success, 2 for a wrong request (thrown as `Error`), else see Results::exit_status.
#pragma once

#include <string>
#include <vector>

#include "sim/app/pictures.h"
#include "sim/app/terminal.h"
#include "sim/app/traces.h"
#include "sim/machine/plan.h"

namespace sb::machine {
class Machine;
}

namespace sb::app {

constexpr const char* version = "0.1.0";

struct RunOptions {
    std::string program = "southbridge";  // as it was called, for hints
    std::string scenario;
    std::vector<std::string> sets;
    std::string until;  // as run.until, or empty
    std::string out;
    bool lockstep = false;
    bool instructions = false;  // an event for each instruction, in events.csv
    bool json = false;
    TraceOptions traces;
    PictureOptions pictures;
    bool show_screen = false;  // print what is on the text screen at the end
};

/// Loads a shared object whose device models register themselves.
void load_plugin(const std::string& path);

int run(const RunOptions& options);
/// Runs a built machine to its end, with a progress line and signals as everywhere.
void run_machine(machine::Machine& machine);
/// Runs a plan with somebody at the terminal.
int run(const machine::Plan& plan, const RunOptions& options, const Terminal::Options& terminal);
int check(const RunOptions& options);
/// Throws `Error` where the file can not be written whole.
void write_file(const std::string& path, const std::string& text);
/// The models, or one model's settings and register map.
int devices(const std::string& name);
/// The keys that a scenario may have.
int keys(const std::string& table);

}  // namespace sb::app
