// SPDX-License-Identifier: Apache-2.0
//
// The options for traces, as a user has them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <sstream>

#include "tests/app/process.h"
#include "tests/observe/trace_check.h"
#include "tests/observe/wave.h"

using namespace sb::test;
using Catch::Contains;

namespace {

const std::string scenario = SOUTHBRIDGE_SOURCE_DIR "/scenarios/pio_vs_dma.toml";

Ended run(Arguments more) {
    Arguments arguments{"run", scenario, "--set", "guest.parameters.sectors=8"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return southbridge(arguments);
}

struct Line {
    uint64_t at;
    std::string source, kind, detail;
    bool operator==(const Line&) const = default;
};

std::vector<Line> events(const std::string& csv) {
    std::vector<Line> list;
    std::istringstream text{csv};
    std::string line;
    std::getline(text, line);
    while (std::getline(text, line)) {
        std::istringstream fields{line};
        Line event{};
        std::string at;
        std::getline(fields, at, ',');
        std::getline(fields, event.source, ',');
        std::getline(fields, event.kind, ',');
        std::getline(fields, event.detail);
        event.at = std::stoull(at);
        list.push_back(event);
    }
    return list;
}

}  // namespace

TEST_CASE("all traces of one run say the same") {
    const TempFolder folder;
    const Ended ended =
        run({"--vcd", folder.path("wave.vcd"), "--perfetto", folder.path("trace.json"), "--events",
             folder.path("events.csv"), "--out", folder.path("out")});
    CHECK(ended.status == 0);
    for (const char* word : {"gtkwave ", "wave.gtkw", "ui.perfetto.dev", "events.csv"})
        CHECK_THAT(ended.out, Contains(word));
    CHECK((folder.read("events.csv") == folder.read("out/events.csv")));

    const Wave wave{folder.path("wave.vcd"), folder.path("wave.fst")};
    const Timeline timeline{folder.read("trace.json")};
    CHECK(timeline.problems() == "");
    CHECK(timeline.flows().size() > 2);

    // Every interrupt line and every burst is on the waveform where the list has it.
    const auto address_of = [](const Line& event) {
        return std::stoull(event.detail.substr(event.detail.find("address=0x") + 10), nullptr, 16);
    };
    size_t bursts = 0, transactions = 0, ends = 0;
    for (const Line& event : events(folder.read("events.csv"))) {
        if (event.kind == "burst") {
            ++bursts;
            CHECK(event.source == "pci_bus.host_bridge");
            CHECK(wave.at("system_bus.grant.pci_bus_host_bridge", event.at) == "1");
            CHECK(wave.number("system_bus.address", event.at) == address_of(event));
        } else if (event.kind == "pci" && event.source == "ide.channel0") {
            ++transactions;
            CHECK(wave.at("pci.grant.ide_channel0", event.at) == "1");
            CHECK(wave.at("pci.frame_n", event.at) == "0");
            CHECK(wave.number("pci.ad", event.at) == address_of(event));
        } else if (event.source == "irq14") {
            CHECK(wave.at("lines.irq14", event.at) == event.detail.substr(6));
        } else if (event.kind == "eoi") {
            ++ends;
            CHECK(wave.at("interrupts.eoi", event.at) == "1");
        }
    }
    CHECK(bursts > 10);
    CHECK(transactions > 10);
    CHECK(ends > 2);
    const std::string layout = folder.read("wave.gtkw");
    CHECK_THAT(layout, Contains("southbridge.pci.grant.ide_channel0\n"));
}

TEST_CASE("traces of a run in lockstep are the same") {
    const TempFolder folder;
    const auto traces = [&](const std::string& name, const char* mode) {
        Arguments more{"--vcd", folder.path(name + ".vcd"), "--perfetto",
                       folder.path(name + ".json")};
        if (*mode) more.push_back(mode);
        CHECK(run(more).status == 0);
    };
    traces("fast", "");
    traces("lockstep", "--lockstep");
    for (const char* suffix : {".vcd", ".json"})
        CHECK((folder.read(std::string{"fast"} + suffix) ==
               folder.read(std::string{"lockstep"} + suffix)));
}

TEST_CASE("a selection by time and words") {
    const TempFolder folder;
    CHECK(run({"--events", folder.path("all.csv")}).status == 0);
    const auto all = events(folder.read("all.csv"));
    std::vector<uint64_t> bursts;
    for (const Line& event : all)
        if (event.kind == "burst") bursts.push_back(event.at);
    REQUIRE(bursts.size() > 10);
    const uint64_t from = bursts[3], to = bursts[9];
    CHECK(run({"--events", folder.path("some.csv"), "--from", std::to_string(from) + "ps", "--to",
               std::to_string(to) + "ps", "--only", "line,ide,cpu:halt"})
              .status == 0);
    const auto chosen = [&](const Line& event) {
        return event.at >= from && event.at < to &&
               (event.kind == "line" || event.source == "ide" || event.source == "ide.channel0" ||
                event.source == "ide.channel1" || (event.source == "cpu" && event.kind == "halt"));
    };
    std::vector<Line> expected;
    for (const Line& event : all)
        if (chosen(event)) expected.push_back(event);
    CHECK(expected.size() >= 6);
    CHECK(events(folder.read("some.csv")) == expected);
}

TEST_CASE("a small window has the bus clock and instructions have symbols") {
    const TempFolder folder;
    const Ended ended =
        run({"--vcd", folder.path("wave.vcd"), "--from", "6ms", "--to", "6.2ms", "--instructions"});
    CHECK(ended.status == 0);
    CHECK_THAT(ended.out, !Contains("is not drawn"));
    const Wave wave{folder.path("wave.vcd"), folder.path("wave.fst")};
    CHECK(wave.first() == 6'000'000'000);
    CHECK(wave.last() == 6'200'000'000);
    CHECK(wave.changes("system_bus.clock") > 10'000);
    CHECK(wave.changes("cpu.pc") > 1);
    CHECK((folder.read("wave.vcd").find("\nsguest::") != std::string::npos));
}

TEST_CASE("wrong options for traces have status 2 and a text that helps") {
    const TempFolder folder;
    const std::string good = folder.path("wave.vcd");
    struct Row {
        Arguments arguments;
        std::vector<std::string> words;
    };
    const Row rows[] = {
        {{"--vcd", "/no/such/folder/wave.vcd"}, {"/no/such/folder/wave.vcd", "can not be written"}},
        {{"--perfetto", folder.path()}, {"can not be written"}},
        {{"--events", "/dev/full"}, {"/dev/full", "No space left"}},
        {{"--perfetto", "/dev/full"}, {"/dev/full", "No space left"}},
        {{"--vcd", "/dev/full"}, {"/dev/full", "No space left"}},
        {{"--vcd", good, "--from", "12"}, {"--from", "\"12\"", "150ns"}},
        {{"--vcd", good, "--from", "2ms", "--to", "1ms"}, {"--to", "not after"}},
        {{"--vcd", good, "--only", "brust"}, {"brust", "did you mean \"burst\"", "sources:"}},
        {{"--only", "burst"}, {"--only", "--vcd"}},
        {{"--from", "1ms"}, {"--from", "nothing is traced"}},
    };
    for (const Row& row : rows) {
        INFO(row.arguments[0] << " " << row.arguments[1]);
        const Ended ended = run(row.arguments);
        CHECK(ended.status == 2);
        for (const std::string& word : row.words) CHECK_THAT(ended.err, Contains(word));
    }
}
