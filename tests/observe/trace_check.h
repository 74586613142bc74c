// SPDX-License-Identifier: Apache-2.0
//
// Reads a trace in the JSON trace event format and checks it: each record has the members that its
// phase demands, begins and ends pair, slices of a track nest, flows start once, end once, go
// forward, and each of their steps is at a slice.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace sb::test {

class Timeline {
  public:
    struct Slice {
        std::string name;
        uint64_t begin;
        uint64_t end;
        bool operator==(const Slice&) const = default;
    };
    using Steps = std::vector<std::pair<std::string, uint64_t>>;  // track and time

    explicit Timeline(const std::string& text) {
        const auto json = nlohmann::json::parse(text);
        const auto& list = json.at("traceEvents");
        for (const auto& record : list)
            if (record.at("ph") == "M" && record.at("name") == "thread_name")
                names_[record.at("tid")] = record.at("args").at("name");
        for (const auto& record : list) read(record);
        for (const auto& [tid, open] : open_)
            if (!open.empty()) complain("a slice never ends on " + names_[tid]);
        for (auto& [tid, slices] : slices_) check_nesting(names_[tid], slices);
        for (const auto& [id, flow] : flow_records_) check_flow(flow);
        for (const auto& [id, steps] : asynchronous_) check_asynchronous(id, steps);
    }

    /// Empty where all is well; else the first few complaints.
    const std::string& problems() const { return problems_; }
    size_t counts(const std::string& phase) const {
        const auto found = counts_.find(phase);
        return found == counts_.end() ? 0 : found->second;
    }
    /// Of the track with that name, by begin.
    std::vector<Slice> slices(const std::string& track) const {
        std::vector<Slice> all;
        for (const auto& [tid, list] : slices_)
            if (names_.at(tid) == track) all.insert(all.end(), list.begin(), list.end());
        return all;
    }
    /// By their numbers.
    std::vector<Steps> flows() const {
        std::vector<Steps> all;
        for (const auto& [id, flow] : flow_records_) {
            Steps steps;
            for (const FlowStep& step : flow) steps.emplace_back(names_.at(step.tid), step.at);
            all.push_back(std::move(steps));
        }
        return all;
    }
    /// Of an asynchronous number, in the order in which they begin; the outer one first.
    std::vector<Slice> asynchronous(const std::string& id) const {
        const auto found = asynchronous_slices_.find(id);
        return found == asynchronous_slices_.end() ? std::vector<Slice>{} : found->second;
    }
    uint64_t counter(const std::string& name, uint64_t at) const {
        const auto found = counters_.find({name, at});
        return found == counters_.end() ? 0 : found->second;
    }

  private:
    struct FlowStep {
        char phase;
        int tid;
        uint64_t at;
    };

    struct AsynchronousStep {
        char phase;
        std::string name;
        uint64_t at;
    };

    void complain(const std::string& what) {
        if (problems_.size() < 500) problems_ += what + "\n";
    }

    static uint64_t picoseconds(const nlohmann::json& time) {
        return static_cast<uint64_t>(std::llround(time.get<double>() * 1e6));
    }

    void read(const nlohmann::json& record) {
        const std::string phase = record.at("ph");
        ++counts_[phase];
        if (phase == "M") {
            record.at("args");
            return;
        }
        const uint64_t at = picoseconds(record.at("ts"));
        if (record.at("pid").get<int>() < 1) complain("no process");
        if (phase == "C") {
            counters_[{record.at("name"), at}] = record.at("args").at("value");
            return;
        }
        if (phase == "b" || phase == "e") {
            asynchronous_[record.at("id")].push_back({phase[0], record.at("name"), at});
            record.at("cat");
            return;
        }
        const int tid = record.at("tid");
        if (!names_.contains(tid)) complain("a track without a name");
        if (phase == "B") {
            if (at < last_[tid]) complain("a begin goes back on " + names_[tid]);
            last_[tid] = at;
            open_[tid].push_back({record.at("name"), at, 0});
        } else if (phase == "E") {
            if (at < last_[tid]) complain("an end goes back on " + names_[tid]);
            last_[tid] = at;
            if (open_[tid].empty()) {
                complain("an end without begin on " + names_[tid]);
                return;
            }
            Slice slice = open_[tid].back();
            open_[tid].pop_back();
            slice.end = at;
            slices_[tid].push_back(slice);
        } else if (phase == "X") {
            slices_[tid].push_back({record.at("name"), at, at + picoseconds(record.at("dur"))});
        } else if (phase == "i") {
            if (record.at("s") != "t") complain("an instant that is not its track's");
        } else if (phase == "s" || phase == "t" || phase == "f") {
            if (record.at("bp") != "e") complain("a flow step that binds to what follows");
            record.at("name");
            record.at("cat");
            flow_records_[record.at("id")].push_back({phase[0], tid, at});
        } else {
            complain("an unknown phase " + phase);
        }
    }

    void check_nesting(const std::string& track, std::vector<Slice>& slices) {
        std::stable_sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) {
            return a.begin < b.begin || (a.begin == b.begin && a.end > b.end);
        });
        std::vector<uint64_t> ends;
        for (const Slice& slice : slices) {
            while (!ends.empty() && ends.back() <= slice.begin) ends.pop_back();
            if (!ends.empty() && slice.end > ends.back())
                complain("slices overlap on " + track + ": " + slice.name + " at " +
                         std::to_string(slice.begin));
            ends.push_back(slice.end);
        }
    }

    /// Begins and ends pair by name, within each other.
    void check_asynchronous(const std::string& id, const std::vector<AsynchronousStep>& steps) {
        std::vector<Slice>& slices = asynchronous_slices_[id];
        std::vector<size_t> open;
        for (const AsynchronousStep& step : steps) {
            if (step.phase == 'b') {
                open.push_back(slices.size());
                slices.push_back({step.name, step.at, 0});
                continue;
            }
            if (open.empty() || slices[open.back()].name != step.name ||
                slices[open.back()].begin > step.at) {
                complain("an asynchronous end without its begin: " + id);
                return;
            }
            slices[open.back()].end = step.at;
            open.pop_back();
        }
        if (!open.empty()) complain("an asynchronous slice never ends: " + id);
    }

    void check_flow(const std::vector<FlowStep>& flow) {
        if (flow.size() < 2 || flow.front().phase != 's' || flow.back().phase != 'f')
            complain("a flow without start or end");
        for (size_t i = 0; i < flow.size(); ++i) {
            if (i > 0 && flow[i].at < flow[i - 1].at) complain("a flow goes back");
            if (i > 0 && i + 1 < flow.size() && flow[i].phase != 't')
                complain("a flow has a second start or end");
            const auto& slices = slices_[flow[i].tid];
            if (std::none_of(slices.begin(), slices.end(), [&](const Slice& slice) {
                    return slice.begin <= flow[i].at && flow[i].at <= slice.end;
                }))
                complain("a flow step without a slice on " + names_[flow[i].tid]);
        }
    }

    std::string problems_;
    std::map<int, std::string> names_;
    std::map<int, std::vector<Slice>> slices_;
    std::map<int, std::vector<Slice>> open_;
    std::map<int, uint64_t> last_;
    std::map<uint64_t, std::vector<FlowStep>> flow_records_;
    std::map<std::string, std::vector<AsynchronousStep>> asynchronous_;
    std::map<std::string, std::vector<Slice>> asynchronous_slices_;
    std::map<std::string, size_t> counts_;
    std::map<std::pair<std::string, uint64_t>, uint64_t> counters_;
};

}  // namespace sb::test
