// SPDX-License-Identifier: Apache-2.0
//
// The program as a user has it: its options, its output, its exit status.
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/app/process.h"

using namespace sb::test;
using Catch::Contains;

namespace {

const std::string scenario = SOUTHBRIDGE_SOURCE_DIR "/scenarios/pio_vs_dma.toml";
const std::string small = "guest.parameters.sectors=8";

}  // namespace

TEST_CASE("help has an example for each command") {
    const Ended help = southbridge({"--help"});
    CHECK(help.status == 0);
    CHECK(help.err.empty());
    CHECK_THAT(help.out, Contains("Exit status") && Contains("Examples"));
    for (const std::string command : {"run", "explain", "sweep", "check", "devices", "keys"}) {
        INFO(command);
        CHECK_THAT(help.out, Contains("southbridge " + command));
        const Ended one = southbridge({command, "--help"});
        CHECK(one.status == 0);
        CHECK_THAT(one.out, Contains("Example") && Contains("southbridge " + command));
    }
}

TEST_CASE("the version is printed") {
    const Ended version = southbridge({"--version"});
    CHECK(version.status == 0);
    CHECK_THAT(version.out, Catch::Matches("southbridge [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_CASE("a run prints its table and says where the details are") {
    const Ended run = southbridge({"run", scenario, "--set", small});
    CHECK(run.status == 0);
    CHECK(run.err.empty());
    for (const char* word : {"polled", "interrupt", "dma", "throughput", "halted",
                             "bus utilisation", "CPU left", "passed", "Details", "Try next"})
        CHECK_THAT(run.out, Contains(word));
    CHECK_THAT(run.out, Contains("data: 3 of 3 checksums equal the disk image's"));
    CHECK_THAT(run.out, !Contains("\033["));  // no colours in a file
}

TEST_CASE("json is one document") {
    const Ended run = southbridge({"run", scenario, "--set", small, "--json"});
    CHECK(run.status == 0);
    const auto json = nlohmann::json::parse(run.out);
    CHECK(json.at("success") == true);
    CHECK(json.at("exit_status") == 0);
    CHECK(json.at("checksums").size() == 3);
    CHECK_THAT(json.at("console").get<std::string>(), Contains("dma:"));
}

TEST_CASE("details are written and the same again and in lockstep") {
    const TempFolder folder;
    const Ended first = southbridge({"run", scenario, "--set", small, "--out", folder.path("a/b")});
    const Ended second = southbridge({"run", scenario, "--set", small, "--out", folder.path("c")});
    const Ended lockstep =
        southbridge({"run", scenario, "--set", small, "--lockstep", "--out", folder.path("d")});
    CHECK(first.status == 0);
    for (const std::string name : {"report.txt", "results.json", "events.csv"}) {
        INFO(name);
        const std::string text = folder.read("a/b/" + name);
        CHECK(text.size() > 500);
        CHECK((text == folder.read("c/" + name)));
        CHECK((text == folder.read("d/" + name)));
        CHECK_THAT(first.out, Contains(name));
    }
    const auto json = nlohmann::json::parse(folder.read("a/b/results.json"));
    CHECK(json.at("success") == true);
    CHECK(second.status == 0);
    CHECK(lockstep.status == 0);
    // The table is what was printed, before the closing words.
    CHECK_THAT(first.out, Contains(folder.read("a/b/report.txt")));
}

TEST_CASE("events of instructions are written on demand") {
    const TempFolder folder;
    const auto run = [&](const std::string& out, const std::string& option) {
        Arguments arguments{"run",   scenario,
                            "--set", "guest.program=hello",
                            "--set", "guest.parameters.lba=0",
                            "--out", folder.path(out)};
        if (!option.empty()) arguments.push_back(option);
        southbridge(arguments);
        return folder.read(out + "/events.csv");
    };
    CHECK_THAT(run("few", ""), !Contains(",instruction,"));
    CHECK_THAT(run("all", "--instructions"), Contains(",instruction,"));
}

TEST_CASE("wrong requests have status 2 and a text that helps") {
    const TempFolder folder;
    folder.write("bad.toml", "[cpu]\nclok = \"33MHz\"\n");
    folder.write("unit.toml", "[cpu]\nclock = 33\n");
    folder.write("syntax.toml", "[cpu\n");
    folder.write("clash.toml", "[more]\ndevice = \"uart16550\"\n[guest]\nprogram = \"hello\"\n");
    folder.write("file", "");
    struct Row {
        Arguments arguments;
        std::vector<std::string> words;
    };
    const Row rows[] = {
        {{}, {"subcommand"}},
        {{"rum", scenario}, {"subcommand", "--help"}},
        {{"run"}, {"scenario"}},
        {{"run", scenario, "--sett", small}, {"--sett"}},
        {{"run", "no/such.toml"}, {"no/such.toml", "can not be read"}},
        {{"run", folder.path()}, {"folder"}},
        {{"run", folder.path("bad.toml")}, {"bad.toml:2", "clok", "did you mean \"clock\""}},
        {{"check", folder.path("bad.toml")}, {"bad.toml:2", "clok", "did you mean \"clock\""}},
        {{"run", folder.path("unit.toml")}, {"unit.toml:2", "cpu.clock", "MHz"}},
        {{"run", folder.path("syntax.toml")}, {"syntax.toml:1"}},
        {{"run", folder.path("clash.toml")}, {"clash.toml:1", "more", "overlaps"}},
        {{"run", scenario, "--set", "disk.imge=x"},
         {"--set disk.imge=x", "did you mean \"image\""}},
        {{"run", scenario, "--set", "disk.image=/no/such"}, {"/no/such", "does not exist"}},
        {{"run", scenario, "--set", "cpu.model=286"}, {"cpu.model", "486", "pentium", "ideal"}},
        {{"run", scenario, "--set", "nonsense"}, {"table.key=value"}},
        {{"run", scenario, "--set", "guest.program=no_such"}, {"no_such"}},
        {{"run", scenario, "--out", folder.path("file/below")}, {"--out", "can not be made"}},
        {{"run", scenario, "--plugin", folder.path("file")}, {"--plugin"}},
        {{"devices", "lapik"}, {"lapik", "did you mean \"lapic\""}},
        {{"keys", "cpuu"}, {"cpuu"}},
    };
    for (const Row& row : rows) {
        std::string line;
        for (const std::string& argument : row.arguments) line += argument + " ";
        INFO(line);
        const Ended ended = southbridge(row.arguments);
        CHECK(ended.status == 2);
        for (const std::string& word : row.words) CHECK_THAT(ended.err, Contains(word));
    }
}

TEST_CASE("a good scenario is checked without a run") {
    const Ended check = southbridge({"check", scenario});
    CHECK(check.status == 0);
    CHECK_THAT(check.out, Contains("good") && Contains("devices"));
}

TEST_CASE("device models and register maps are printed") {
    const Ended list = southbridge({"devices"});
    CHECK(list.status == 0);
    for (const char* model : {"lapic", "ioapic", "pic8259", "pit8254", "uart16550", "piix-ide",
                              "ata-disk", "pci-host", "ram", "rom", "debug-exit", "probe"}) {
        INFO(model);
        CHECK_THAT(list.out, Contains(model));
        const Ended one = southbridge({"devices", model});
        CHECK(one.status == 0);
        CHECK_THAT(one.out, Contains("source: ") && Contains("settings"));
    }
    const Ended lapic = southbridge({"devices", "lapic"});
    for (const char* word : {"0x20", "TPR", "LVT_TIMER", "timer_clock", "rw", "ro"})
        CHECK_THAT(lapic.out, Contains(word));
}

TEST_CASE("keys are printed") {
    const Ended keys = southbridge({"keys"});
    CHECK(keys.status == 0);
    for (const char* word :
         {"[run]", "time_limit", "[cpu]", "clock", "[bus]", "[guest.parameters]"})
        CHECK_THAT(keys.out, Contains(word));
    const Ended disk = southbridge({"keys", "ata-disk"});
    CHECK(disk.status == 0);
    CHECK_THAT(disk.out, Contains("snapshot") && Contains("64MiB"));
}

TEST_CASE("an endless guest is stopped by Ctrl-C and its results are printed") {
    const TempFolder folder;
    folder.write("endless.toml",
                 "[guest]\nprogram = \"bench_integer\"\n[guest.parameters]\n"
                 "iterations = 100000\n[run]\ntime_limit = \"100000s\"\n");
    const Ended ended = southbridge(
        {"run", folder.path("endless.toml"), "--json", "--out", folder.path("out")}, [&](int id) {
            // The events file is there once the machine is built and about to run.
            while (!std::filesystem::exists(folder.path("out/events.csv"))) ::usleep(1000);
            ::usleep(200'000);
            ::kill(id, SIGINT);
        });
    CHECK(ended.status == 130);
    const auto json = nlohmann::json::parse(ended.out);
    CHECK(json.at("outcome").at("kind") == "interrupted");
    CHECK(json.at("exit_status") == 130);
    CHECK(json.at("success") == false);
    CHECK(json.at("total").at("instructions").get<uint64_t>() > 0);
    CHECK_FALSE(folder.read("out/results.json").empty());
}
