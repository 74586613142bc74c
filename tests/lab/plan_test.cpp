// SPDX-License-Identifier: Apache-2.0
//
// From a sweep to its runs: combinations, seeds, keys.
#include <catch2/catch.hpp>

#include <set>

#include "bus/device.h"
#include "sim/lab/hash.h"
#include "tests/app/process.h"
#include "tests/lab/read_sweep.h"

using namespace sb;
using namespace sb::test;

namespace {

const bus::DeviceModel& source_model() {
    static const bus::DeviceModel model{
        "test-source",
        "a test's device that has a seed",
        "no document",
        {{"seed", ValueType::integer, "1", "of its numbers", {}, 5, 1004}},
        [](const bus::DeviceContext&) { return std::unique_ptr<bus::Device>{}; }};
    return model;
}
[[maybe_unused]] const bool registered = [] {
    bus::DeviceModels::instance().add(source_model());
    return true;
}();

const std::string two_axes =
    "[sweep.axes]\n\"bus.width\" = [4, 8]\n\"cpu.cache\" = [\"none\", \"perfect\", \"model\"]\n";
const std::string two_sources =
    "[one]\ndevice = \"test-source\"\n[two]\ndevice = \"test-source\"\nseed = 9\n"
    "[sweep]\nreplications = 3\n[sweep.axes]\n\"bus.width\" = [4, 8]\n";

std::string set_of(const lab::Run& run, const std::string& key) {
    for (const std::string& set : run.sets)
        if (set.starts_with(key + "=")) return set.substr(key.size() + 1);
    return "none";
}

std::set<std::string> keys_of(const lab::SweepPlan& plan) {
    std::set<std::string> keys;
    for (const lab::Run& run : plan.runs) keys.insert(run.key);
    return keys;
}

size_t shared(const std::set<std::string>& a, const std::set<std::string>& b) {
    size_t count = 0;
    for (const std::string& key : a) count += b.contains(key);
    return count;
}

}  // namespace

TEST_CASE("splitmix64 gives the published sequence") {
    // The first outputs for the state 1234567, as Vigna's splitmix64.c gives them.
    uint64_t state = 1234567;
    CHECK(lab::splitmix64(state) == 6457827717110365317u);
    state += lab::golden_gamma;
    CHECK(lab::splitmix64(state) == 3203168211198807973u);
    state += lab::golden_gamma;
    CHECK(lab::splitmix64(state) == 9817491932198370423u);
}

TEST_CASE("crossed axes give every combination, the last varying fastest") {
    const auto crossed = plan(two_axes);
    REQUIRE(crossed.points.size() == 6);
    REQUIRE(crossed.runs.size() == 6);
    CHECK(crossed.runs[0].sets == std::vector<std::string>{"bus.width=4", "cpu.cache=none"});
    CHECK(crossed.runs[1].sets == std::vector<std::string>{"bus.width=4", "cpu.cache=perfect"});
    CHECK(crossed.runs[3].sets == std::vector<std::string>{"bus.width=8", "cpu.cache=none"});
    CHECK(crossed.runs[5].sets == std::vector<std::string>{"bus.width=8", "cpu.cache=model"});
    CHECK(keys_of(crossed).size() == 6);
}

TEST_CASE("zipped axes go together") {
    const auto zipped = plan(
        "[sweep]\ncombine = \"zipped\"\n[sweep.axes]\n\"bus.width\" = [4, 8]\n"
        "\"cpu.cache\" = [\"none\", \"perfect\"]\n");
    REQUIRE(zipped.runs.size() == 2);
    CHECK(zipped.runs[0].sets == std::vector<std::string>{"bus.width=4", "cpu.cache=none"});
    CHECK(zipped.runs[1].sets == std::vector<std::string>{"bus.width=8", "cpu.cache=perfect"});
}

TEST_CASE("too large a sweep is refused") {
    const std::string many = "{ from = 1, to = 1000, step = 1 }\n";
    CHECK_THROWS_WITH(
        plan("[sweep.axes]\n\"guest.parameters.a\" = " + many + "\"guest.parameters.b\" = " + many),
        Catch::Contains("test.toml:3") && Catch::Contains("runs"));
}

TEST_CASE("each replication has seeds of its own for each device") {
    const auto p = plan(two_sources);
    CHECK(p.seed_keys == std::vector<std::string>{"one.seed", "two.seed"});
    REQUIRE(p.runs.size() == 6);
    std::set<std::string> seeds;
    std::set<uint64_t> run_seeds;
    for (const lab::Run& run : p.runs) {
        run_seeds.insert(run.seed);
        for (const char* key : {"one.seed", "two.seed"}) {
            const std::string seed = set_of(run, key);
            seeds.insert(seed);
            CHECK(std::stoull(seed) >= 5);  // within the key's bounds
            CHECK(std::stoull(seed) <= 1004);
        }
    }
    CHECK(run_seeds.size() == 6);
    CHECK(seeds.size() == 12);
    CHECK(plan(two_sources).runs[4].sets == p.runs[4].sets);  // the same again
    CHECK(plan(two_sources, {"sweep.seed=2"}).runs[4].sets != p.runs[4].sets);
}

TEST_CASE("common random numbers are the same for all points") {
    const auto p = plan(two_sources, {"sweep.common_random_numbers=true"});
    for (size_t r = 0; r < 3; ++r) {
        CHECK(p.runs[r].seed == p.runs[3 + r].seed);
        CHECK(set_of(p.runs[r], "one.seed") == set_of(p.runs[3 + r], "one.seed"));
    }
    CHECK(p.runs[0].seed != p.runs[1].seed);
}

TEST_CASE("a seed that is given stays") {
    CHECK(plan(two_sources, {"one.seed=7"}).seed_keys == std::vector<std::string>{"two.seed"});
    CHECK(plan(two_sources, {"sweep.axes.one.seed=7,8"}).seed_keys ==
          std::vector<std::string>{"two.seed"});
    const auto p = plan("[guest.parameters]\nseed = 1\n[sweep.axes]\n\"bus.width\" = [4, 8]\n");
    CHECK(p.seed_keys == std::vector<std::string>{"guest.parameters.seed"});
    CHECK(set_of(p.runs[0], "guest.parameters.seed") != set_of(p.runs[1], "guest.parameters.seed"));
}

TEST_CASE("a wider axis and a pinned one leave keys and seeds of the other points") {
    const auto base = plan(two_sources);
    const auto wider = plan(two_sources, {"sweep.axes.bus.width=2,4,8", "sweep.replications=4"});
    CHECK(wider.runs.size() == 12);
    CHECK(shared(keys_of(base), keys_of(wider)) == 6);
    const auto pinned = plan(two_sources, {"bus.width=8"});
    CHECK(pinned.runs.size() == 3);
    CHECK(shared(keys_of(base), keys_of(pinned)) == 3);
}

TEST_CASE("a key tells everything apart that a result depends on") {
    const auto base = keys_of(plan(two_axes));
    CHECK(shared(base, keys_of(plan("# a comment\n\n" + two_axes))) == 6);
    CHECK(shared(base, keys_of(plan("title = \"x\"\n" + two_axes))) == 6);
    CHECK(shared(base, keys_of(plan(two_axes + "[cpu]\nmodel = \"pentium\"\n"))) == 0);
    CHECK(shared(base, keys_of(plan(two_axes, {"cpu.model=pentium"}))) == 0);
    const auto scenario = machine::Scenario::parse(two_axes, "test.toml");
    CHECK(shared(base, keys_of(lab::plan_sweep(scenario, "another program"))) == 0);
}

TEST_CASE("a key knows the content of the files that a scenario names") {
    const TempFolder folder;
    const std::vector<std::string> sets{"disk.image=" + folder.path("a.img"), "disk.snapshot=true"};
    folder.write("a.img", "one");
    const auto first = keys_of(plan(two_axes, sets));
    CHECK(shared(first, keys_of(plan(two_axes, sets))) == 6);
    folder.write("a.img", "two");
    CHECK(shared(first, keys_of(plan(two_axes, sets))) == 0);
}

TEST_CASE("runs must not write to one disk image") {
    const TempFolder folder;
    folder.write("a.img", "one");
    CHECK_THROWS_WITH(plan(two_axes, {"disk.image=" + folder.path("a.img")}),
                      Catch::Contains("disk.snapshot = true"));
}
