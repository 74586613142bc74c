// SPDX-License-Identifier: Apache-2.0
//
// Machines of any settings, in which everything moves data at once (tests/guests/random_transfers):
// every byte is what it must be, every bus's account balances, the cycles by cause sum to the time,
// nothing is found that has no reason, and the fast mode's events are the lockstep mode's.
//
//     SOUTHBRIDGE_MACHINES=10000   how many, in place of 200
//     SOUTHBRIDGE_SEED=4711        the first one's seed; with SOUTHBRIDGE_MACHINES=1, that one
//
// A failure prints the scenario: `southbridge run FILE` runs it.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sim/machine/machine.h"
#include "tests/scenarios/random_machine.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::machine;

namespace {

/// Hashes the stream, in blocks, so that the first one that differs is known afterwards; and keeps
/// the text of one block.
class Digest final : public observe::Sink {
  public:
    static constexpr uint64_t block = 4096, no_block = ~uint64_t{0};
    explicit Digest(uint64_t kept) : kept_{kept} {}

    void event(const observe::Stream& stream, const observe::Event& event) override {
        add(event.at.ps());
        add(event.source);
        add(static_cast<uint64_t>(event.kind));
        for (const uint64_t value : event.values) add(value);
        if (number_ / block == kept_)
            text_ += fmt::format("{} {} {} {}\n", event.at.ps(), stream.source_name(event.source),
                                 observe::info(event.kind).name, stream.describe(event));
        if (++number_ % block == 0) close();
    }
    /// The blocks' hashes, one a line, or the text of the block that was to be kept.
    std::string text() {
        close();
        return kept_ == no_block ? hashes_ : text_;
    }

  private:
    void add(uint64_t value) {
        hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15;
        hash_ ^= hash_ >> 32;
    }
    void close() { hashes_ += fmt::format("{:x}\n", hash_); }

    uint64_t kept_;
    uint64_t number_ = 0;
    uint64_t hash_ = 0;
    std::string hashes_, text_;
};

/// What a run may find, given its scenario.
bool expected(const Finding& finding, const std::string& scenario) {
    const auto has = [&](const char* text) { return finding.what.find(text) != std::string::npos; };
    // A sample is due each 43 us: a busy bus is too slow for that.
    if (has("too late for the sound card's sample clock")) return true;
    return scenario.find("snoop = false") != std::string::npos && has("snoop");
}

/// What is wrong with a run, by itself; empty where nothing is.
std::string wrong(const Machine& machine, const Results& results, const std::string& scenario) {
    std::string list;
    if (!results.success() || results.console.find("PASS") == std::string::npos)
        list += fmt::format("the run failed: {}\n{}\n", results.outcome.text, results.console);
    for (const bus::BusSummary& bus : results.buses)
        if (!bus.balanced() || bus.elapsed != results.elapsed)
            list += fmt::format(
                "{} does not balance: held {} + turnaround {} + idle {} is not {} ps, or {} bytes "
                "by master are not {} by target\n",
                bus.name, bus.held().ps(), bus.turnaround.ps(), bus.idle.ps(), bus.elapsed.ps(),
                bus.bytes_by_master(), bus.bytes_by_target());
    uint64_t by_phase = 0;
    for (const PhaseResult& phase : results.phases) by_phase += phase.cpu.total();
    const Time period = machine.processor().clock().period();
    for (const uint64_t cycles : {results.total.cpu.total(), by_phase})
        if (period * cycles != results.elapsed)
            list += fmt::format("{} cycles of {} ps are not {} ps\n", cycles, period.ps(),
                                results.elapsed.ps());
    for (const Finding& finding : results.findings)
        if (!expected(finding, scenario))
            list += fmt::format("{}: {} ({}), {} times\n", finding.component, finding.what,
                                finding.first, finding.count);
    return list;
}

struct Run {
    std::string wrong, digest, results;
};

Run run(const std::string& scenario, bool lockstep, uint64_t kept = Digest::no_block) {
    constexpr char end = '\f';
    const std::string all = test::isolated_text([&] {
        Machine::Options options;
        options.lockstep = lockstep;
        Machine machine{make_plan(Scenario::parse(scenario, "random machine")), options};
        Digest digest{kept};
        auto wanted = observe::KindSet{}.set();
        // With an event for each instruction the fast mode goes step by step, too.
        wanted.reset(static_cast<size_t>(observe::Kind::instruction));
        machine.stream().attach(digest, wanted);
        machine.run();
        const Results results = machine.results();
        return wrong(machine, results, scenario) + end + digest.text() + end +
               to_json(results).dump(1);
    });
    const size_t first = all.find(end), second = all.find(end, first + 1);
    return {all.substr(0, first), all.substr(first + 1, second - first - 1),
            all.substr(second + 1)};
}

/// The first line in which two texts differ: its number, and both from there on for some lines.
std::pair<uint64_t, std::string> first_difference(const std::string& a, const std::string& b) {
    const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    const auto line = static_cast<uint64_t>(std::count(a.begin(), at_a, '\n'));
    const auto excerpt = [](const std::string& text, size_t at) {
        const size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
        return text.substr(begin, 600);
    };
    return {line, fmt::format("fast:\n{}\nlockstep:\n{}\n",
                              excerpt(a, static_cast<size_t>(at_a - a.begin())),
                              excerpt(b, static_cast<size_t>(at_b - b.begin())))};
}

std::string problem_of(const std::string& scenario) {
    try {
        const Run fast = run(scenario, false), slow = run(scenario, true);
        std::string list = fast.wrong;
        if (fast.digest != slow.digest) {
            const uint64_t block = first_difference(fast.digest, slow.digest).first;
            list += "lockstep differs:\n" + first_difference(run(scenario, false, block).digest,
                                                             run(scenario, true, block).digest)
                                                .second;
        } else if (fast.results != slow.results) {
            list += "the results differ in lockstep:\n" +
                    first_difference(fast.results, slow.results).second;
        }
        return list;
    } catch (const std::exception& error) {
        return error.what();
    }
}

uint64_t setting(const char* name, uint64_t fallback) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : fallback;
}

/// A share of the machines, so that several processors can have one each.
void check_share(uint64_t share) {
    constexpr uint64_t shares = 4;
    const uint64_t first = setting("SOUTHBRIDGE_SEED", 1);
    const uint64_t end = first + setting("SOUTHBRIDGE_MACHINES", 200);
    for (uint64_t seed = first + share; seed < end; seed += shares) {
        const std::string scenario = test::random_machine(seed);
        const std::string problem = problem_of(scenario);
        if (problem.empty()) continue;
        fmt::print("{}\n", scenario);  // Catch would break its lines
        FAIL_CHECK("machine " << seed << ", whose scenario is above: " << problem);
    }
    SUCCEED();
}

}  // namespace

TEST_CASE("random machines keep what they promise: first share") { check_share(0); }
TEST_CASE("random machines keep what they promise: second share") { check_share(1); }
TEST_CASE("random machines keep what they promise: third share") { check_share(2); }
TEST_CASE("random machines keep what they promise: fourth share") { check_share(3); }
