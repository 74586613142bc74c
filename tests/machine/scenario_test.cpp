// SPDX-License-Identifier: Apache-2.0
//
// What a wrong scenario is told: the file, the line, what was expected, and the nearest valid key.
#include <catch2/catch.hpp>

#include "sim/machine/machine.h"

using namespace sb;
using namespace sb::machine;

namespace {

Plan plan(const std::string& text, const std::vector<std::string>& sets = {}) {
    return make_plan(Scenario::parse(text, "test.toml", sets));
}

const DevicePlan* device(const Plan& plan, const std::string& name) {
    for (const DevicePlan& d : plan.devices)
        if (d.name == name) return &d;
    return nullptr;
}

struct Fault {
    const char* what;
    const char* text;
    std::vector<std::string> said;
};

}  // namespace

TEST_CASE("an empty scenario is the standard board at its defaults") {
    const Plan p = plan("");
    REQUIRE(device(p, "disk"));
    REQUIRE(device(p, "memory"));
    CHECK(device(p, "memory")->config.integer("size") == 16u << 20);
    CHECK(p.run.duration("time_limit") == Time::s(10));
}

TEST_CASE("a scenario covers the board and an option covers both") {
    const Plan p = plan("[memory]\nsize = \"8MiB\"\n[cpu]\nclock = \"50MHz\"\n",
                        {"cpu.clock=25MHz", "guest.parameters.sectors=7"});
    CHECK(device(p, "memory")->config.integer("size") == 8u << 20);
    CHECK(p.cpu.clock("clock").hz() == 25'000'000);
    CHECK(p.parameters == std::vector<std::pair<std::string, std::string>>{{"sectors", "7"}});
}

TEST_CASE("devices are added and removed by name") {
    const Plan p = plan(
        "[com2]\ndevice = \"uart16550\"\nport = 0x2f8\nirq = 3\n"
        "[disk]\ndevice = \"none\"\n");
    REQUIRE(device(p, "com2"));
    CHECK(device(p, "com2")->config.integer("port") == 0x2f8);
    CHECK(p.devices.back().name == "com2");
    CHECK_FALSE(device(p, "disk"));
}

TEST_CASE("a wrong scenario is refused with file and line and a way out") {
    const std::vector<Fault> faults{
        {"unknown key",
         "[cpu]\nmodel = \"486\"\nclok = \"66MHz\"\n",
         {"test.toml:3", "clok", "did you mean \"clock\"?"}},
        {"unknown device",
         "\n[dsik]\nsnapshot = true\n",
         {"test.toml:2", "dsik", "did you mean \"disk\"?"}},
        {"unknown device key", "[disk]\nimg = \"x\"\n", {"test.toml:2", "did you mean \"image\"?"}},
        {"unknown model", "[x]\ndevice = \"uart\"\n", {"test.toml:2", "uart16550"}},
        {"wrong unit",
         "[cpu]\nclock = \"66\"\n",
         {"test.toml:2", "cpu.clock", "a frequency such as"}},
        {"number for a frequency",
         "[cpu]\nclock = 66\n",
         {"test.toml:2", "a frequency such as \"66MHz\""}},
        {"wrong type", "[disk]\nsnapshot = \"true\"\n", {"test.toml:2", "true or false"}},
        {"text for a number",
         "[com2]\ndevice = \"uart16550\"\nport = \"high\"\n",
         {"test.toml:3", "a whole number"}},
        {"negative", "[serial]\nport = -1\n", {"test.toml:2", "a whole number"}},
        {"wrong choice", "[cpu]\nmodel = \"6502\"\n", {"test.toml:2", "one of", "486"}},
        {"missing file",
         "[disk]\nimage = \"nowhere.img\"\n",
         {"test.toml:2", "nowhere.img", "does not exist"}},
        {"unknown board", "[machine]\nboard = \"amiga\"\n", {"test.toml:2", "amiga", "pc"}},
        {"stray key", "titel = \"x\"\n", {"test.toml:1", "did you mean \"title\"?"}},
        {"syntax", "[cpu\nmodel = 1\n", {"test.toml:1"}},
        {"a list", "[cpu]\nclock = [1, 2]\n", {"test.toml:2", "clock"}},
    };
    for (const Fault& fault : faults) {
        INFO(fault.what);
        try {
            plan(fault.text);
            FAIL("accepted");
        } catch (const Error& error) {
            for (const std::string& part : fault.said) {
                INFO(error.what());
                CHECK(std::string(error.what()).find(part) != std::string::npos);
            }
        }
    }
}

TEST_CASE("a wrong option is refused and named") {
    CHECK_THROWS_WITH(plan("", {"cpu.clok=1MHz"}),
                      Catch::Contains("--set cpu.clok=1MHz") && Catch::Contains("\"clock\""));
    CHECK_THROWS_WITH(plan("", {"cpu.clock"}), Catch::Contains("table.key=value"));
    CHECK_THROWS_WITH(plan("", {"disk.image=/no/such/file"}), Catch::Contains("does not exist"));
}

TEST_CASE("two devices at one address are refused with both names") {
    const Plan p = plan("[com2]\ndevice = \"uart16550\"\n[guest]\nprogram = \"hello\"\n");
    CHECK_THROWS_WITH((Machine{p, {}}), Catch::Contains("test.toml:1") &&
                                            Catch::Contains("0x3f8-0x3ff overlaps") &&
                                            Catch::Contains("serial") && Catch::Contains("com2"));
}

TEST_CASE("memory that lies over a device is refused") {
    const Plan p = plan("[more]\ndevice = \"ram\"\naddress = 0xfee00000\nsize = \"4KiB\"\n");
    CHECK_THROWS_WITH((Machine{p, {}}), Catch::Contains("test.toml:1") && Catch::Contains("lapic"));
}

TEST_CASE("the nearest word is found by edit distance") {
    CHECK(nearest("clok", {"clock", "cache", "model"}) == "clock");
    CHECK(nearest("zzzzzz", {"clock", "cache", "model"}).empty());
}
