// SPDX-License-Identifier: Apache-2.0
#include "sim/lab/sweep.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sim/lab/one_run.h"
#include "sim/lab/plot.h"
#include "sim/lab/process_pool.h"
#include "sim/lab/run_record.h"

namespace sb::lab {
namespace {

/// Two sweeps in one folder would undo each other's work. The lock ends with the process.
class FolderLock {
  public:
    explicit FolderLock(const std::string& folder) {
        const std::string path = folder + "/lock";
        file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (file_ < 0) throw Error(fmt::format("{}: can not be written", path));
        struct flock whole {};
        whole.l_type = F_WRLCK;
        whole.l_whence = SEEK_SET;
        if (::fcntl(file_, F_SETLK, &whole) != 0) {
            ::close(file_);
            throw Error(fmt::format("{}: another sweep is at work in this folder", folder));
        }
    }
    ~FolderLock() { ::close(file_); }
    FolderLock(const FolderLock&) = delete;

  private:
    int file_;
};

std::string records_folder(const std::string& out) { return out + "/points"; }

/// A guest's failure is a result. What may be the host's (a crash, too little time or memory) is
/// tried again.
bool is_final(const RunRecord& record) {
    return record.status == status::ok || record.status == status::failed;
}

RunRow row_of(const RunRecord& record) {
    return {record.status, record.reason, measures(record.results)};
}

std::string shell_word(const std::string& word) {
    const bool plain =
        !word.empty() &&
        word.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%") ==
            std::string::npos;
    if (plain) return word;
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string{"'\\''"} : std::string{c};
    return out + "'";
}

nlohmann::json read_manifest(const std::string& out) {
    std::ifstream in{out + "/sweep.json", std::ios::binary};
    return in ? nlohmann::json::parse(in, nullptr, false) : nlohmann::json{};
}

std::string reason_of(const JobEnd& end, double timeout) {
    if (end.kind == JobEnd::Kind::timed_out)
        return fmt::format("took more than {} s of host time", timeout);
    if (end.kind == JobEnd::Kind::crashed)
        return fmt::format("the simulator ended by signal {} ({})", end.code,
                           ::strsignal(end.code));
    return fmt::format("the run's process ended with status {}", end.code);
}

}  // namespace

Sweep::Sweep(machine::Scenario scenario, SweepOptions options)
    : scenario_{std::move(scenario)},
      options_{std::move(options)},
      plan_{plan_sweep(scenario_, options_.identity)} {
    for (const std::string& plot : options_.plots) {
        PlotSpec spec = plot_option(plot, plan_.spec);
        plan_.spec.plots.push_back(std::move(spec));
    }
    if (options_.out.empty())
        options_.out = "out/" + std::filesystem::path{scenario_.file()}.stem().string() + "_sweep";
    rows_.resize(plan_.runs.size());
}

void Sweep::look() {
    if (looked_) return;
    looked_ = true;
    if (!std::filesystem::is_directory(records_folder(options_.out))) return;
    const RecordFolder records{records_folder(options_.out)};
    for (size_t i = 0; i < rows_.size(); ++i)
        if (const auto record = records.load(plan_.runs[i].key); record && is_final(*record)) {
            rows_[i] = row_of(*record);
            ++taken_;
        }
}

std::vector<std::string> Sweep::outlook() {
    look();
    std::vector<std::string> lines;
    const auto manifest = read_manifest(options_.out);
    if (manifest.is_object()) {
        const bool other_scenario = manifest.value("content", "") != plan_.scenario_digest;
        const bool other_program = manifest.value("program", "") != options_.identity;
        if (other_scenario || other_program)
            lines.push_back(
                fmt::format("{} changed since {} was written: its results of before stay "
                            "there, and are not used",
                            other_scenario && other_program ? "the scenario and the program have"
                            : other_scenario ? "the scenario (or a file that it names) has"
                                             : "the program has",
                            options_.out));
    }
    if (taken_ == rows_.size())
        lines.push_back(
            fmt::format("all {} runs are in {} already: nothing is run", taken_, options_.out));
    else if (taken_ > 0)
        lines.push_back(fmt::format("{} of {} runs are in {} already: {} are left to run", taken_,
                                    rows_.size(), options_.out, rows_.size() - taken_));
    if (plan_.spec.replications > 1 && plan_.seed_keys.empty())
        lines.emplace_back(
            "no device here has a key \"seed\": the replications of a point are all the same");
    return lines;
}

std::string Sweep::dry_run() {
    look();
    std::string text;
    for (size_t i = 0; i < rows_.size(); ++i) {
        const Run& run = plan_.runs[i];
        text += fmt::format("# point {}, replication {}: {}\n{} run {}", run.point + 1,
                            run.replication, rows_[i].status.empty() ? "to run" : rows_[i].status,
                            shell_word(options_.program), shell_word(scenario_.file()));
        for (const std::string& set : scenario_.sets())
            if (!set.starts_with("sweep.")) text += " --set " + shell_word(set);
        for (const std::string& set : run.sets) text += " --set " + shell_word(set);
        text += "\n";
    }
    return text;
}

SweepSummary Sweep::run(const std::function<bool()>& stop,
                        const std::function<void(const SweepProgress&)>& progress) {
    std::error_code bad;
    std::filesystem::create_directories(options_.out, bad);
    if (bad)
        throw Error(
            fmt::format("--out {}: the folder can not be made: {}", options_.out, bad.message()));
    const FolderLock lock{options_.out};
    look();
    const nlohmann::json manifest{{"scenario", scenario_.file()},
                                  {"content", plan_.scenario_digest},
                                  {"program", options_.identity},
                                  {"runs", rows_.size()}};
    write_whole(options_.out + "/sweep.json", manifest.dump(1) + "\n");
    std::vector<size_t> missing;
    for (size_t i = 0; i < rows_.size(); ++i)
        if (rows_[i].status.empty()) missing.push_back(i);
    make_runs(missing, stop, progress);
    SweepSummary summary = summarise();
    write_tables(summary);
    return summary;
}

void Sweep::make_runs(const std::vector<size_t>& missing, const std::function<bool()>& stop,
                      const std::function<void(const SweepProgress&)>& progress) {
    const RecordFolder records{records_folder(options_.out)};
    records.clean();
    SweepProgress now{missing.size(), 0, 0, 0};
    PoolOptions pool;
    pool.at_once = options_.at_once;
    pool.timeout = options_.timeout;
    pool.stop = stop;
    pool.tick = [&](unsigned running) {
        now.running = running;
        progress(now);
    };
    auto body = [&](size_t job) {
        const Run& run = plan_.runs[missing[job]];
        records.save(make_run(scenario_, run.sets, run.key));
        return 0;
    };
    auto ended = [&](size_t job, const JobEnd& end) {
        RunRow& row = rows_[missing[job]];
        if (end.kind == JobEnd::Kind::stopped) return;
        const auto record = end.kind == JobEnd::Kind::done && end.code == 0
                                ? records.load(plan_.runs[missing[job]].key)
                                : std::nullopt;
        if (record) {
            row = row_of(*record);
        } else {
            row.status = end.kind == JobEnd::Kind::timed_out ? status::timeout
                         : end.kind == JobEnd::Kind::crashed ? status::crashed
                                                             : status::error;
            row.reason = reason_of(end, options_.timeout);
            if (!end.last_words.empty())
                fmt::print(stderr, "\nrun {}: {}\n", plan_.runs[missing[job]].key, end.last_words);
        }
        ++now.done;
        now.failed += row.status != status::ok;
    };
    run_jobs(missing.size(), pool, body, ended);
    for (RunRow& row : rows_)
        if (row.status.empty()) row = {status::not_run, "the sweep was stopped before", {}};
}

SweepSummary Sweep::summarise() const {
    SweepSummary summary;
    summary.points = plan_.points.size();
    summary.runs = rows_.size();
    summary.taken = taken_;
    for (size_t i = 0; i < rows_.size(); ++i) {
        if (rows_[i].status == status::ok) {
            ++summary.ok;
        } else if (rows_[i].status == status::not_run) {
            ++summary.not_run;
        } else {
            ++summary.failed;
            const std::string reason = fmt::format("{}: {}", rows_[i].status, rows_[i].reason);
            auto same = std::find_if(summary.reasons.begin(), summary.reasons.end(),
                                     [&](const SweepFailure& f) { return f.reason == reason; });
            if (same != summary.reasons.end())
                ++same->runs;
            else
                summary.reasons.push_back(
                    {reason, 1, plan_.runs[i].point + 1, plan_.runs[i].replication});
        }
    }
    return summary;
}

void Sweep::write_tables(SweepSummary& summary) {
    const Table whole = make_table(plan_, rows_);
    const Table table = selected(whole, plan_.spec.metrics);
    for (const std::string& pattern : plan_.spec.metrics) {
        const bool any =
            std::any_of(whole.columns.begin(), whole.columns.end(), [&](const Column& c) {
                return c.kind == Column::Kind::metric && fits(pattern, c.name);
            });
        if (!any && summary.ok > 0)
            summary.notes.push_back(
                fmt::format("sweep.metrics: no run has a metric \"{}\"", pattern));
    }
    write_whole(options_.out + "/results.csv", csv(table));
    write_whole(options_.out + "/columns.csv", columns_csv(table));
    summary.files = {options_.out + "/results.csv", options_.out + "/columns.csv"};
    for (const PlotSpec& plot : plan_.spec.plots) write_plot(plot, whole, summary);
}

void Sweep::write_plot(const PlotSpec& plot, const Table& table, SweepSummary& summary) {
    const PlotData data = plot_data(plot, plan_.spec, table);
    summary.notes.insert(summary.notes.end(), data.notes.begin(), data.notes.end());
    if (data.panels.empty()) {
        summary.notes.push_back(fmt::format("plot \"{}\": there is nothing to draw", plot.name));
        return;
    }
    const std::string stem = "plot_" + plot.name;
    write_whole(fmt::format("{}/{}.dat", options_.out, stem), gnuplot_data(data));
    write_whole(fmt::format("{}/{}.gp", options_.out, stem), gnuplot_script(data, stem));
    const std::string wrong = draw(options_.out, stem + ".gp");
    if (wrong.empty())
        summary.files.push_back(fmt::format("{}/{}.svg", options_.out, stem));
    else
        summary.notes.push_back(
            fmt::format("plot \"{}\": {}; its data and script are {}/{}.dat and .gp", plot.name,
                        wrong, options_.out, stem));
}

}  // namespace sb::lab
