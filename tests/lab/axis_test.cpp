// SPDX-License-Identifier: Apache-2.0
//
// What a table `sweep` means, and what a wrong one is told.
#include <catch2/catch.hpp>

#include "sim/machine/plan.h"
#include "tests/lab/read_sweep.h"

using namespace sb;
using namespace sb::test;
using Texts = std::vector<std::string>;

namespace {

/// One axis over a guest's parameter, and what it becomes.
Texts of(const std::string& axis) {
    return values(read("[sweep.axes]\n\"guest.parameters.n\" = " + axis + "\n"));
}
/// The same over a clock, in the table's unit.
Texts hz_of(const std::string& axis) {
    Texts texts;
    const auto spec = read("[sweep.axes]\n\"cpu.clock\" = " + axis + "\n");
    CHECK(spec.axes[0].unit == "Hz");
    for (const auto& value : spec.axes[0].values) texts.push_back(value.column);
    return texts;
}

struct Fault {
    const char* what;
    const char* text;
    Texts said;
};

}  // namespace

TEST_CASE("an axis is a list of values") {
    CHECK(of("[3, 1, 2]") == Texts{"3", "1", "2"});
    CHECK(of("[\"a b\", true, -4]") == Texts{"a b", "true", "-4"});
    CHECK(hz_of("[\"33MHz\", \"66.5MHz\"]") == Texts{"33000000", "66500000"});
}

TEST_CASE("a range ends at the last value that is not beyond its end") {
    CHECK(of("{ from = 10, to = 40, step = 10 }") == Texts{"10", "20", "30", "40"});
    CHECK(of("{ from = 10, to = 39, step = 10 }") == Texts{"10", "20", "30"});
    CHECK(of("{ from = -1, to = 1, step = 1 }") == Texts{"-1", "0", "1"});
    CHECK(of("{ from = 7, to = 7, step = 1 }") == Texts{"7"});
    CHECK(of("{ from = 64, to = 1024, factor = 4 }") == Texts{"64", "256", "1024"});
    CHECK(of("{ from = 9223372036854775806, to = 9223372036854775807, step = 5 }") ==
          Texts{"9223372036854775806"});
}

TEST_CASE("points of a range are spread evenly, on either scale") {
    CHECK(of("{ from = 0, to = 100, points = 5 }") == Texts{"0", "25", "50", "75", "100"});
    CHECK(of("{ from = 1, to = 1000, points = 4, scale = \"log\" }") ==
          Texts{"1", "10", "100", "1000"});
    // 10^(1/2) = 3.16..., 10^(3/2) = 31.6...
    CHECK(of("{ from = 1, to = 100, points = 5, scale = \"log\" }") ==
          Texts{"1", "3", "10", "32", "100"});
    CHECK(of("{ from = 1, to = 3, points = 9 }") == Texts{"1", "2", "3"});  // equal ones once
}

TEST_CASE("a range of a quantity has its units") {
    CHECK(hz_of("{ from = \"30MHz\", to = \"0.06GHz\", step = \"15MHz\" }") ==
          Texts{"30000000", "45000000", "60000000"});
    const auto spec =
        read("[sweep.axes]\n\"run.time_limit\" = { from = \"1us\", to = \"4us\", factor = 2 }\n");
    CHECK(values(spec) == Texts{"1us", "2us", "4us"});
    CHECK(spec.axes[0].unit == "ps");
    CHECK(spec.axes[0].values[1].column == "2000000");
}

TEST_CASE("axes keep the order of the file, quoted or not") {
    const auto spec = read(
        "[sweep.axes]\n\"guest.parameters.z\" = [1]\ncpu.clock = [\"66MHz\"]\n"
        "\"bus.width\" = [4]\ncpu.cache = [\"none\"]\n");
    REQUIRE(spec.axes.size() == 4);
    CHECK(spec.axes[0].key == "guest.parameters.z");
    CHECK(spec.axes[1].key == "cpu.clock");
    CHECK(spec.axes[2].key == "cpu.cache");  // of the table cpu, which began above
    CHECK(spec.axes[3].key == "bus.width");
}

TEST_CASE("options replace and add axes, and pin one") {
    const std::string text = "[sweep]\nreplications = 3\n[sweep.axes]\n\"bus.width\" = [4, 8]\n";
    CHECK(values(read(text, {"sweep.axes.bus.width=1,2,4"})) == Texts{"1", "2", "4"});
    const auto two = read(text, {"sweep.axes.cpu.clock=33MHz,66MHz", "sweep.replications=5"});
    REQUIRE(two.axes.size() == 2);
    CHECK(two.axes[1].key == "cpu.clock");
    CHECK(two.replications == 5);
    CHECK(values(read(text, {"bus.width=16"})) == Texts{"16"});
}

TEST_CASE("an axis has a label and a unit for people") {
    const auto spec = read(
        "[sweep.axes]\n\"guest.parameters.itr\" = { values = [0, 250], label = \"ITR\", unit = "
        "\"256 ns\" }\n");
    CHECK(spec.axes[0].label == "ITR");
    CHECK(spec.axes[0].unit == "256 ns");
    CHECK(values(spec) == Texts{"0", "250"});
}

TEST_CASE("a wrong sweep is refused with file and line and a way out") {
    const std::vector<Fault> faults{
        {"unknown key",
         "[sweep]\nreplicatons = 3\n",
         {"test.toml:2", "did you mean \"replications\"?"}},
        {"no table", "sweep = 3\n", {"test.toml:1", "must be a table"}},
        {"too few", "[sweep]\nreplications = 0\n", {"test.toml:2", "from 1 to 10000"}},
        {"wrong word", "[sweep]\ncombine = \"zip\"\n", {"test.toml:2", "one of crossed, zipped"}},
        {"wrong type",
         "[sweep]\ncommon_random_numbers = \"yes\"\n",
         {"test.toml:2", "true or false"}},
        {"no axes", "[sweep]\n", {"test.toml:1", "no axes"}},
        {"unknown table",
         "[sweep.axes]\n\"cpus.clock\" = [\"1MHz\"]\n",
         {"test.toml:2", "did you mean \"cpu\"?"}},
        {"unknown axis",
         "[sweep.axes]\n\n\"cpu.clok\" = [\"1MHz\"]\n",
         {"test.toml:3", "did you mean \"clock\"?"}},
        {"no table named",
         "[sweep.axes]\nclock = [\"1MHz\"]\n",
         {"test.toml:2", "such as cpu.clock"}},
        {"wrong unit",
         "[sweep.axes]\n\"cpu.clock\" = [\n \"33MHz\",\n \"66MHZ\"\n]\n",
         {"test.toml:4", "66MHZ", "a frequency"}},
        {"bare number",
         "[sweep.axes]\n\"cpu.clock\" = [33]\n",
         {"test.toml:2", "a frequency such as"}},
        {"a float",
         "[sweep.axes]\n\"guest.parameters.n\" = [0.5]\n",
         {"test.toml:2", "a whole number"}},
        {"a choice",
         "[sweep.axes]\n\"cpu.model\" = [\"486\", \"6502\"]\n",
         {"test.toml:2", "6502", "pentium"}},
        {"one value",
         "[sweep.axes]\n\"cpu.clock\" = \"33MHz\"\n",
         {"test.toml:2", "must be a list"}},
        {"empty", "[sweep.axes]\n\"cpu.clock\" = []\n", {"test.toml:2", "empty"}},
        {"twice",
         "[sweep.axes]\n\"cpu.clock\" = [\"1GHz\", \"1000MHz\"]\n",
         {"test.toml:2", "1000MHz", "twice"}},
        {"nested list",
         "[sweep.axes]\n\"cpu.clock\" = [[1]]\n",
         {"test.toml:2", "a value of an axis"}},
        {"open range",
         "[sweep.axes]\n\"bus.width\" = { from = 1, step = 1 }\n",
         {"test.toml:2", "\"to\""}},
        {"no step",
         "[sweep.axes]\n\"bus.width\" = { from = 1, to = 2 }\n",
         {"test.toml:2", "\"step\""}},
        {"backwards",
         "[sweep.axes]\n\"bus.width\" = { from = 2, to = 1, step = 1 }\n",
         {"test.toml:2", "beyond"}},
        {"no progress",
         "[sweep.axes]\n\"bus.width\" = { from = 1, to = 2, step = 0 }\n",
         {"test.toml:2", "more than 0"}},
        {"log of 0",
         "[sweep.axes]\n\"guest.parameters.n\" = { from = 0, to = 2, points = 2, scale = \"log\" "
         "}\n",
         {"test.toml:2", "above 0"}},
        {"endless",
         "[sweep.axes]\n\"guest.parameters.n\" = { from = 0, to = 1000000000000, step = 1 }\n",
         {"test.toml:2", "10000"}},
        {"range key",
         "[sweep.axes]\n\"bus.width\" = { from = 1, to = 2, stp = 1 }\n",
         {"test.toml:2"}},
        {"range unit",
         "[sweep.axes]\n\"cpu.clock\" = { from = 1, to = \"2MHz\", step = \"1MHz\" }\n",
         {"test.toml:2", "a frequency"}},
        {"unit twice",
         "[sweep.axes]\n\"cpu.clock\" = { values = [\"1MHz\"], unit = \"GHz\" }\n",
         {"test.toml:2", "in Hz already"}},
        {"lengths",
         "[sweep]\ncombine = \"zipped\"\n[sweep.axes]\n\"bus.width\" = [1, 2]\n\"cpu.cache\" = "
         "[\"none\"]\n",
         {"test.toml:5", "equally many"}},
        {"plot without y",
         "[sweep.axes]\n\"bus.width\" = [1, 2]\n[sweep.plot]\nx = \"bus.width\"\n",
         {"test.toml:3", "needs \"y\""}},
        {"plot x",
         "[sweep.axes]\n\"bus.width\" = [1, 2]\n[sweep.plot]\nx = \"bus.widht\"\ny = \"a\"\n",
         {"test.toml:4", "did you mean \"bus.width\"?"}},
        {"plot by",
         "[sweep.axes]\n\"bus.width\" = [1, 2]\n[sweep.plot]\ny = \"a\"\nby = [\"bus.with\"]\n",
         {"test.toml:5", "did you mean \"bus.width\"?"}},
        {"plot where",
         "[sweep.axes]\n\"bus.width\" = [1, 2]\n[sweep.plot]\ny = \"a\"\nwhere = { \"bus.width\" = "
         "3 }\n",
         {"test.toml:5", "no value 3"}},
        {"plot key",
         "[sweep.axes]\n\"bus.width\" = [1, 2]\n[[sweep.plots]]\ny = \"a\"\ntitel = \"a\"\n",
         {"test.toml:5", "did you mean \"title\"?"}},
        {"plot name",
         "[sweep.axes]\n\"bus.width\" = [1, 2]\n[sweep.plot]\ny = \"a\"\nname = \"../a\"\n",
         {"test.toml:3", "names files"}},
        {"plots alike",
         "[sweep.axes]\n\"bus.width\" = [1, 2]\n[[sweep.plots]]\ny = \"a\"\nname = "
         "\"a\"\n[[sweep.plots]]\ny = \"a\"\nname = \"a\"\n",
         {"test.toml:6", "two plots"}},
        {"hidden axis",
         "[sweep.axes]\n\"bus.width\" = [1, 2]\n\"cpu.cache\" = [\"none\", "
         "\"perfect\"]\n\"guest.parameters.n\" = [1, 2]\n[sweep.plot]\ny = \"a\"\nby = "
         "\"cpu.cache\"\n",
         {"test.toml:5", "guest.parameters.n", "not drawn"}},
    };
    for (const Fault& fault : faults) {
        INFO(fault.what);
        try {
            read(fault.text);
            FAIL("accepted");
        } catch (const Error& error) {
            for (const std::string& part : fault.said) {
                INFO(error.what());
                CHECK(std::string(error.what()).find(part) != std::string::npos);
            }
        }
    }
    CHECK_THROWS_WITH(read(""), Catch::Contains("no [sweep]") && Catch::Contains("--axis"));
    CHECK_THROWS_WITH(
        read("", {"sweep.axes.cpu.clok=1MHz"}),
        Catch::Contains("--set sweep.axes.cpu.clok=1MHz") && Catch::Contains("\"clock\""));
}

TEST_CASE("a run sees the base point of a scenario with a sweep") {
    const auto scenario = machine::Scenario::parse(
        "[cpu]\nclock = \"66MHz\"\n[sweep]\nreplications = 2\n[sweep.axes]\n\"cpu.clock\" = "
        "[\"33MHz\"]\n",
        "test.toml");
    CHECK(machine::make_plan(scenario).cpu.clock("clock").hz() == 66'000'000);
    CHECK(machine::make_plan(scenario.with({"cpu.clock=33MHz"})).cpu.clock("clock").hz() ==
          33'000'000);
}
