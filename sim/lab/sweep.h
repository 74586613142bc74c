// SPDX-License-Identifier: Apache-2.0
//
// A whole sweep: plan, runs, table, plots, in a folder:
//     points/KEY.json         what is kept of each run (run_record.h)
//     results.csv             the table, a row for each run
//     columns.csv             kind, unit and description of each column
//     plot_NAME.dat .gp .svg  each plot: data, script, picture
//     sweep.json              what the folder was made from
// A second sweep into the same folder makes only the runs that are missing. The table is the same
// to the byte however many runs were made at once, and however often the sweep was stopped in
// between.
//
// Errors: `Error` for a wrong sweep, before anything runs. What goes wrong in a run is a row.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/lab/table.h"

namespace sb::lab {

struct SweepOptions {
    std::string out;  // the folder; empty: out/NAME_sweep
    unsigned at_once = 1;
    double timeout = 0;                   // seconds of host time for a run; 0: none
    std::vector<std::string> plots;       // as plot_option reads them
    std::string program = "southbridge";  // as it was called, for hints
    std::string identity;                 // program_identity
};

struct SweepProgress {
    size_t runs = 0;    // of this call
    size_t done = 0;    // of them
    size_t failed = 0;  // of those done
    unsigned running = 0;
};

/// Runs that ended for one reason, and the first of them.
struct SweepFailure {
    std::string reason;
    size_t runs = 0;
    size_t point = 0;
    uint64_t replication = 0;
};

struct SweepSummary {
    size_t points = 0, runs = 0, ok = 0, failed = 0, not_run = 0;
    size_t taken = 0;  // from an earlier call
    std::vector<SweepFailure> reasons;
    std::vector<std::string> files;
    std::vector<std::string> notes;
};

class Sweep {
  public:
    Sweep(machine::Scenario scenario, SweepOptions options);

    const SweepPlan& plan() const { return plan_; }
    const std::string& folder() const { return options_.out; }
    /// What there is to do before anything is done: what was found in the folder.
    std::vector<std::string> outlook();
    /// The command that makes each run alone, with what is known of it.
    std::string dry_run();
    /// `stop` is asked often; `progress` is called at each change.
    SweepSummary run(const std::function<bool()>& stop,
                     const std::function<void(const SweepProgress&)>& progress);

  private:
    void look();
    void make_runs(const std::vector<size_t>& missing, const std::function<bool()>& stop,
                   const std::function<void(const SweepProgress&)>& progress);
    void write_tables(SweepSummary& summary);
    void write_plot(const PlotSpec& plot, const Table& table, SweepSummary& summary);
    SweepSummary summarise() const;

    machine::Scenario scenario_;
    SweepOptions options_;
    SweepPlan plan_;
    std::vector<RunRow> rows_;  // as plan_.runs; without a status: not known yet
    size_t taken_ = 0;
    bool looked_ = false;
};

}  // namespace sb::lab
