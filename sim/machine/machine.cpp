// SPDX-License-Identifier: Apache-2.0
#include "sim/machine/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <tuple>

namespace sb::machine {
namespace {

std::atomic<bool> stop_requested{false};

}  // namespace

Machine::Machine(const Plan& plan, const Options& options) : plan_{plan} {
    sim_.set_lockstep(options.lockstep);
    sim_.set_end_of_all(plan.run.text("end") == "all");
    const Node::Shared shared{sim_,          stream_, wires_, plan_, options.console_to_terminal,
                              stop_requested};
    nodes_.push_back(std::make_unique<Node>(shared, plan_));
    for (const NodePlan& other : plan_.others) {
        sim_.add_domain(other.name);
        nodes_.push_back(std::make_unique<Node>(shared, other));
    }
    stream_.set_prefix("");
    check_wires();
    if (nodes_.size() > 1) {
        stream_.merge(sim_);
        join_machines();
    }
    sim_.turn_of(*sim_.domains()[0]);
    follow_packets();
}

Machine::~Machine() {
    while (!nodes_.empty()) nodes_.pop_back();
}

/// Without a wire there are no packets, and a run pays nothing for following them.
void Machine::follow_packets() {
    if (wires_.all().empty()) return;
    packets_ = std::make_unique<observe::PacketJourneys>();
    stream_.attach(*packets_, observe::PacketJourneys::kinds());
}

/// A name that no wire has would be a link that never comes up.
void Machine::check_wires() const {
    std::string wires;
    for (const auto& [name, joint] : wires_.all())
        if (joint->wire) wires += (wires.empty() ? "" : ", ") + name;
    for (const auto& [name, joint] : wires_.all())
        if (!joint->wire)
            throw Error(fmt::format("{}: {}.wire = \"{}\": there is no such wire; {}", plan_.file,
                                    joint->ends[0].name, name,
                                    wires.empty() ? "describe it: [" + name + "] device = \"ethernet-wire\""
                                                  : "there is " + wires));
}

/// By the wires between them.
void Machine::join_machines() {
    for (const auto& [name, joint] : wires_.all()) {
        const auto& [a, b] = joint->ends;
        if (!joint->wire || !a.owner || !b.owner || &a.owner->domain() == &b.owner->domain())
            continue;
        try {
            sim_.join(a.owner->domain(), b.owner->domain(), joint->wire->join_machines());
        } catch (const Error& error) {
            throw Error(fmt::format("{}: the wire \"{}\": {}", plan_.file, name, error.what()));
        }
    }
}

void Machine::attach_to_first(observe::Sink& sink, observe::KindSet wanted) {
    stream_.attach(sink, wanted, nodes_[0]->first_source(), nodes_[0]->end_source());
}

void Machine::run() {
    sim_.set_skip_windows(!stream_.wants_any());
    sim_.run(plan_.run.duration("time_limit"));
    explain_end();
    for (const auto& node : nodes_) node->finish();
    stream_.flush();
    if (packets_) packets_->finish();
}

/// A run that reached its limit, or in which nothing was left to happen, has no outcome yet.
void Machine::explain_end() {
    if (sim_.over()) return;
    const Time limit = plan_.run.duration("time_limit");
    const bool late = sim_.now() >= limit;
    for (const auto& node : nodes_) {
        sim_.turn_of(node->domain());
        if (late)
            sim_.finish({Outcome::Kind::time_limit, 0,
                         fmt::format("The time limit of {} was reached (run.time_limit).",
                                     to_string(limit))});
        else
            sim_.finish({Outcome::Kind::idle, 0,
                         "Nothing is left that could happen: the processor is halted, and no "
                         "device will ever interrupt it."});
    }
}

Results Machine::results() const {
    Results results;
    static_cast<MachineResult&>(results) = nodes_[0]->result();
    // Where another machine's end was the run's, it is what there is to say.
    if (results.outcome.kind == Outcome::Kind::running) results.outcome = sim_.outcome();
    results.file = plan_.file;
    results.title = plan_.title;
    results.question = plan_.question;
    for (size_t n = 1; n < nodes_.size(); ++n) results.others.push_back(nodes_[n]->result());
    for (const Component* component : sim_.components())
        for (const Counter* counter : component->counters())
            results.counters.push_back({component->path(), counter->name(), counter->unit(),
                                        counter->doc(), counter->value()});
    if (packets_ && packets_->any()) results.packets = packets_->summary();
    results.findings = sim_.findings().list();
    // In the order in which they were first made, whoever was ahead then.
    if (nodes_.size() > 1)
        std::sort(results.findings.begin(), results.findings.end(),
                  [](const Finding& a, const Finding& b) {
                      return std::tie(a.first_at, a.component, a.what) <
                             std::tie(b.first_at, b.component, b.what);
                  });
    return results;
}

void Machine::request_stop() { stop_requested.store(true, std::memory_order_relaxed); }

}  // namespace sb::machine
