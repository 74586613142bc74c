// SPDX-License-Identifier: Apache-2.0
//
// Several machines in one simulation: each is exact, whoever is ahead, and the whole does not
// depend on the mode.
#include <catch2/catch.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "sim/machine/machine.h"
#include "sim/machine/report.h"
#include "tests/machine/two_machines.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::machine;

namespace {

using Json = nlohmann::json;

constexpr uint32_t rounds = 50;

/// A machine "" and a machine "server" with a mailbox each.
std::string scenario(const test::MailboxGuests& guests, const std::string& first,
                     const std::string& second, const std::string& more = {}) {
    return fmt::format(
        "[machine]\nothers = \"server\"\n"
        "[lan]\ndevice = \"mailbox-wire\"\n[box]\ndevice = \"mailbox\"\nwire = \"lan\"\n"
        "[server.box]\ndevice = \"mailbox\"\nwire = \"lan\"\n"
        "[guest]\nprogram = \"{}\"\n[server.guest]\nprogram = \"{}\"\n{}",
        guests.path(first), guests.path(second), more);
}

struct Text final : observe::Sink {
    std::string text;
    void event(const observe::Stream& stream, const observe::Event& event) override {
        text += fmt::format("{} {} {} {}\n", event.at.ps(), stream.source_name(event.source),
                            observe::info(event.kind).name, stream.describe(event));
    }
};

struct Run {
    Json results;
    std::string events;
};

enum class Events { none, all, no_instructions };
struct How {
    bool lockstep = false;
    Events events = Events::all;
};

Run run(const std::string& text, const std::vector<std::string>& sets, How how) {
    const std::string both = test::isolated_text([&] {
        Machine::Options options;
        options.lockstep = how.lockstep;
        Machine machine{make_plan(Scenario::parse(text, "two.toml", sets)), options};
        Text events;
        auto wanted = observe::KindSet{}.set();
        // With them the fast mode goes step by step, too.
        if (how.events == Events::no_instructions)
            wanted.reset(static_cast<size_t>(observe::Kind::instruction));
        if (how.events != Events::none) machine.stream().attach(events, wanted);
        machine.run();
        return to_json(machine.results()).dump() + "\f" + events.text;
    });
    const size_t end = both.find('\f');
    return {Json::parse(both.substr(0, end)), both.substr(end + 1)};
}

/// The cycles of each machine make up its time, by cause and by phase.
void check_balance(const Json& machine) {
    uint64_t by_cause = 0, by_phase = 0;
    for (const auto& [cause, cycles] : machine.at("total").at("cycles").items())
        by_cause += cycles.get<uint64_t>();
    for (const Json& phase : machine.at("phases"))
        by_phase += phase.at("total_cycles").get<uint64_t>();
    const uint64_t all = machine.at("total").at("total_cycles").get<uint64_t>();
    CHECK(by_cause == all);
    CHECK(by_phase == all);
    const Time period = Clock{machine.at("cpu").at("hz").get<uint64_t>()}.period();
    CHECK(period * all == Time::ps(machine.at("elapsed_ps").get<uint64_t>()));
}

/// Without the text of how it ended: the last instructions are listed by block in the fast mode, and
/// one by one in lockstep.
Json comparable(Json results) {
    results["outcome"].erase("text");
    if (results.contains("machines"))
        for (Json& machine : results["machines"]) machine["outcome"].erase("text");
    return results;
}

/// Runs it in every way; all give the same.
Run same(const std::string& text, const std::vector<std::string>& sets = {},
         Events kinds = Events::no_instructions) {
    const Run fast = run(text, sets, {false, kinds}), slow = run(text, sets, {true, kinds}),
              quiet = run(text, sets, {false, Events::none});
    const auto at = std::mismatch(fast.events.begin(), fast.events.end(), slow.events.begin(),
                                  slow.events.end());
    INFO("fast: " << std::string(at.first, std::min(at.first + 300, fast.events.end()))
                  << "\nlockstep: "
                  << std::string(at.second, std::min(at.second + 300, slow.events.end())));
    CHECK(fast.events == slow.events);
    CHECK(comparable(fast.results) == comparable(slow.results));
    CHECK(comparable(fast.results) == comparable(quiet.results));
    check_balance(fast.results);
    const Json machines = fast.results.value("machines", Json::object());
    for (const auto& [name, machine] : machines.items())
        check_balance(machine);
    return fast;
}

const Json& server(const Run& run) { return run.results.at("machines").at("server"); }
std::string kind(const Json& machine) { return machine.at("outcome").at("kind"); }

/// When `source` did what `words` say, each time.
std::vector<uint64_t> times(const std::string& events, const std::string& source,
                            const std::string& words) {
    std::vector<uint64_t> list;
    std::stringstream lines{events};
    for (std::string line; std::getline(lines, line);) {
        const size_t blank = line.find(' ');
        if (line.compare(blank + 1, source.size() + 1, source + " ") == 0 &&
            line.find(words) != std::string::npos)
            list.push_back(std::stoull(line));
    }
    return list;
}

}  // namespace

TEST_CASE("two machines answer each other, whatever their processors and the wire") {
    const test::MailboxGuests guests{rounds};
    const std::vector<std::vector<std::string>> table{
        {},
        {"cpu.clock=100MHz", "server.cpu.clock=25MHz"},
        {"cpu.clock=33MHz", "server.cpu.model=pentium", "server.cpu.clock=90MHz"},
        {"cpu.model=ideal", "server.cpu.cache=none", "server.bus.posted_writes=4"},
        {"lan.latency=0ns"},
        {"lan.latency=1ps", "server.cpu.clock=77777777Hz"},
        {"lan.latency=200us", "cpu.cache=model", "server.cpu.cache=none"},
    };
    for (const auto& sets : table) {
        INFO(fmt::format("{}", fmt::join(sets, " ")));
        const Run r = same(scenario(guests, "ping", "pong"), sets);
        CHECK(kind(r.results) == "guest exit");
        CHECK(r.results.at("exit_status") == 0);
        CHECK(kind(server(r)) == "running");
        // A frame is there when its last bit has been sent and has gone along the wire.
        Time latency = Time::ns(500);
        for (const std::string& set : sets)
            if (set.starts_with("lan.latency="))
                latency = Time::ps(std::get<uint64_t>(parse_value(
                    {.name = "", .type = ValueType::duration, .fallback = "", .doc = ""},
                    set.substr(12))));
        const Time way = test::mailbox_frame_time + latency;
        for (const auto& [from, to] : {std::pair{"box", "server.box"}, {"server.box", "box"}}) {
            const auto sent = times(r.events, from, "register=SEND");
            const auto got = times(r.events, to, "action=got");
            REQUIRE(sent.size() == rounds);
            REQUIRE(got.size() == rounds);
            for (size_t n = 0; n < rounds; ++n) REQUIRE(got[n] == sent[n] + way.ps());
        }
    }
}

TEST_CASE("events of several machines come in one order, and each machine's stays its own") {
    const test::MailboxGuests guests{rounds};
    const Run r = same(scenario(guests, "ping", "pong", "[server.cpu]\nclock = \"25MHz\"\n"), {},
                       Events::all);
    // All of one machine's events, alone, are as its model emits them: instructions rise.
    uint64_t last[2]{}, changes = 0;
    bool before = false;
    std::stringstream lines{r.events};
    for (std::string line; std::getline(lines, line);) {
        if (line.find(" instruction ") == std::string::npos) continue;
        const bool second = line.find(" server.cpu ") != std::string::npos;
        const uint64_t at = std::stoull(line);
        CHECK(at >= last[second]);
        last[second] = at;
        changes += second != before;
        before = second;
    }
    // They interleave, instruction by instruction.
    CHECK(changes > 1000);
}

TEST_CASE("a machine that has ended, or halts, leaves the other to itself") {
    const test::MailboxGuests guests{rounds};
    const std::string wait = "[run]\ntime_limit = \"1ms\"\n";
    SECTION("it ends with success") {
        const Run r = same(scenario(guests, "ping", "once", wait));
        CHECK(kind(server(r)) == "guest exit");
        CHECK(kind(r.results) == "time limit");
        CHECK(server(r).at("elapsed_ps") < 50'000'000);
    }
    SECTION("it halts for good") {
        const Run r = same(scenario(guests, "ping", "halts", wait));
        CHECK(kind(server(r)) == "halted");
        CHECK(kind(r.results) == "time limit");
    }
    SECTION("it waits in HLT from the start") {
        const Run r = same(scenario(guests, "ping", "sleeps", wait));
        CHECK(kind(server(r)) == "time limit");
        const Json& cycles = server(r).at("total").at("cycles");
        CHECK(cycles.at("halted").get<uint64_t>() >
              server(r).at("total").at("total_cycles").get<uint64_t>() * 99 / 100);
    }
    SECTION("it fails, and so does the run") {
        const Run r = same(
            scenario(guests, "counts", "fails", "[run]\nend = \"all\"\ntime_limit = \"1ms\"\n"));
        CHECK(kind(r.results) == "guest exit");
        CHECK(kind(server(r)) == "time limit");
        CHECK(r.results.at("success") == false);
    }
}

TEST_CASE("the run ends with the first machine's guest, or with all") {
    const test::MailboxGuests guests{rounds};
    const Run first =
        same(scenario(guests, "counts", "counts", "[server.cpu]\nclock = \"1MHz\"\n"));
    CHECK(kind(first.results) == "guest exit");
    CHECK(kind(server(first)) == "running");
    CHECK(first.results.at("success") == true);
    // The other machine was simulated to the end of the window in which the first ended: no window
    // is longer than the least delay, 12 byte times and 500 ns. Its last instruction may end later,
    // and the first machine's last one may have ended in the next window.
    const uint64_t window = 12 * 80'000 + 500'000;
    const uint64_t end = first.results.at("elapsed_ps").get<uint64_t>() / window * window;
    CHECK(server(first).at("elapsed_ps") >= end);
    CHECK(server(first).at("elapsed_ps") < end + window + 10'000'000);

    const Run all = same(scenario(guests, "counts", "counts",
                                  "[run]\nend = \"all\"\n[server.cpu]\nclock = \"1MHz\"\n"));
    CHECK(kind(all.results) == "guest exit");
    CHECK(kind(server(all)) == "guest exit");
    CHECK(all.results.at("elapsed_ps") == first.results.at("elapsed_ps"));
    CHECK(server(all).at("total").at("instructions") == all.results.at("total").at("instructions"));
}

TEST_CASE("machines without a wire between them, and three machines") {
    const test::MailboxGuests guests{rounds};
    const std::string two = fmt::format(
        "[machine]\nothers = \"server\"\n[run]\nend = \"all\"\n[guest]\nprogram = \"{0}\"\n"
        "[server.guest]\nprogram = \"{0}\"\n[server.cpu]\nmodel = \"pentium\"\n",
        guests.path("counts"));
    CHECK(kind(server(same(two))) == "guest exit");

    const std::string three = scenario(
        guests, "ping", "pong",
        fmt::format("[wan]\ndevice = \"mailbox-wire\"\nlatency = \"3us\"\n"
                    "[left.box]\ndevice = \"mailbox\"\nwire = \"wan\"\n[left.guest]\nprogram = "
                    "\"{}\"\n[right.box]\ndevice = \"mailbox\"\nwire = \"wan\"\n"
                    "[right.guest]\nprogram = \"{}\"\n[right.machine]\nboard = \"pc\"\n",
                    guests.path("ping"), guests.path("pong")));
    const Run r =
        same(three, {"machine.others=server, left, right", "run.end=all", "run.time_limit=2ms"});
    CHECK(kind(r.results) == "guest exit");
    CHECK(kind(r.results.at("machines").at("left")) == "guest exit");
    CHECK(kind(r.results.at("machines").at("right")) == "time limit");
}

TEST_CASE("all that belongs to a further machine has its name") {
    const test::MailboxGuests guests{rounds};
    const Run r = same(scenario(guests, "ping", "pong"), {}, Events::all);
    std::set<std::string> with, without;
    for (const Json& counter : r.results.at("counters")) {
        const std::string component = counter.at("component");
        (component.starts_with("server.") ? with : without).insert(component);
    }
    CHECK(with.count("server.lapic"));
    CHECK(without.count("lapic"));
    CHECK(r.events.find(" server.cpu instruction ") != std::string::npos);
    CHECK(r.events.find(" server.processor_port access ") != std::string::npos);
    CHECK(r.events.find(" cpu instruction ") != std::string::npos);
}

TEST_CASE("a scenario with several machines that is wrong is refused with its place") {
    const test::MailboxGuests guests{1};
    struct Row {
        const char* text;
        std::vector<std::string> said;
    };
    const std::vector<Row> rows{
        {"[server.cpu]\nclock = \"33MHz\"\n",
         {"two.toml:1", "no machine \"server\"", "others = \"server\""}},
        {"[machine]\nothers = \"server\"\n[sever.cpu]\nclock = \"33MHz\"\n",
         {"two.toml:3", "no machine \"sever\"", "did you mean \"server\"?"}},
        {"[machine]\nothers = \"a,a\"\n", {"two.toml:2", "named twice"}},
        {"[machine]\nothers = \"a,,b\"\n", {"two.toml:2", "no name"}},
        {"[machine]\nothers = \"a.b\"\n", {"two.toml:2", "no name"}},
        {"[machine]\nothers = \"cpu\"\n", {"two.toml:2", "cpu"}},
        {"[machine]\nothers = \"a\"\n[a]\nclock = \"1MHz\"\n", {"two.toml:4", "[a.cpu]", "clock"}},
        {"[machine]\nothers = \"a\"\n[a.cpu]\nclok = \"1MHz\"\n",
         {"two.toml:4", "[a.cpu]", "did you mean \"clock\"?"}},
        {"[machine]\nothers = \"a\"\n[a.machine]\nothers = \"b\"\n",
         {"two.toml:4", "a.machine", "others"}},
        {"[machine]\nothers = \"a\"\n[a.machine]\nboard = \"pz\"\n",
         {"two.toml:4", "no board \"pz\""}},
        {"[machine]\nothers = \"a\"\n[a.run]\nend = \"all\"\n", {"two.toml:3", "[run]"}},
        {"[machine]\nothers = \"a\"\n[a.dsik]\nsnapshot = true\n",
         {"two.toml:3", "no device \"a.dsik\"", "did you mean \"disk\"?"}},
        {"[machine]\nothers = \"a\"\n[a.bus]\nwidth = 3\n", {"two.toml:4", "a.bus.width"}},
        {"[machine]\nothers = \"a,b,c,d,e,f,g,h\"\n", {"two.toml:2", "too many"}},
    };
    for (const Row& row : rows) {
        INFO(row.text);
        std::string said;
        try {
            make_plan(Scenario::parse(row.text, "two.toml"));
        } catch (const Error& error) {
            said = error.what();
        }
        for (const std::string& part : row.said) CHECK_THAT(said, Catch::Contains(part));
    }
    const auto built = [](const std::string& text) {
        return test::isolated_text([&] {
            try {
                Machine machine{make_plan(Scenario::parse(text, "two.toml")), {}};
            } catch (const Error& error) {
                return std::string{error.what()};
            }
            return std::string{"built"};
        });
    };
    CHECK_THAT(
        built("[machine]\nothers = \"a\"\n[guest]\nprogram = \"" + guests.path("pong") + "\"\n"),
        Catch::Contains("a.guest.program is missing"));
    CHECK_THAT(built(scenario(guests, "ping", "pong",
                              "[server.com9]\ndevice = \"uart16550\"\nport = 0x300\n")),
               Catch::Contains("server.com9"));
    const std::string peer = "[peer]\ndevice = \"traffic-source\"\nwire = \"lna\"\n";
    CHECK_THAT(built(scenario(guests, "ping", "pong", "[net]\ndevice = \"ethernet-wire\"\n" + peer)),
               Catch::Contains("peer.wire = \"lna\": there is no such wire; there is lan, net"));
    CHECK_THAT(built(scenario(guests, "ping", "pong", peer)), Catch::Contains("there is lan"));
}

TEST_CASE("the report shows every machine") {
    const test::MailboxGuests guests{rounds};
    const std::string text = test::isolated_text([&] {
        Machine machine{make_plan(Scenario::parse(scenario(guests, "ping", "pong"), "two.toml")),
                        {}};
        machine.run();
        return report(machine.results(), {});
    });
    CHECK_THAT(text, Catch::Contains("Machine server") &&
                         Catch::Contains("was running when the run ended"));
}
