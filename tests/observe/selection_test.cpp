// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "sim/kernel/error.h"
#include "sim/observe/selection.h"

using namespace sb;
using namespace sb::observe;
using namespace sb::literals;
using Catch::Contains;

namespace {

struct Sources {
    Stream stream;
    Source cpu = stream.add_source("cpu");
    Source ide = stream.add_source("ide");
    Source dma = stream.add_source("ide.dma");
    Source ideal = stream.add_source("ideal");
};

bool names(const Selection& selection, Source source, Kind kind) {
    return selection.names({Time{}, source, kind, {}});
}

}  // namespace

TEST_CASE("words select kinds and sources and both") {
    Sources s;
    struct Row {
        const char* words;
        bool ide_burst, dma_burst, cpu_halt, ide_line, ideal_burst, cpu_instruction;
    };
    const Row rows[] = {
        {"", true, true, true, true, true, true},
        {"burst", true, true, false, false, true, false},
        {"ide", true, true, false, true, false, false},
        {"ide.dma", false, true, false, false, false, false},
        {"ide:line", false, false, false, true, false, false},
        {"ide:line,cpu", false, false, true, true, false, false},
        {"cpu,burst", true, true, true, false, true, false},
        {"instruction", false, false, false, false, false, true},
    };
    for (const Row& row : rows) {
        INFO(row.words);
        const Selection selection{s.stream, row.words};
        CHECK(names(selection, s.ide, Kind::burst) == row.ide_burst);
        CHECK(names(selection, s.dma, Kind::burst) == row.dma_burst);
        CHECK(names(selection, s.cpu, Kind::halt) == row.cpu_halt);
        CHECK(names(selection, s.ide, Kind::line) == row.ide_line);
        CHECK(names(selection, s.ideal, Kind::burst) == row.ideal_burst);
        CHECK(names(selection, s.cpu, Kind::instruction) == row.cpu_instruction);
    }
    CHECK(Selection(s.stream, "ide:line").kinds() ==
          KindSet{}.set(static_cast<size_t>(Kind::line)));
}

TEST_CASE("a source that comes later has what was asked of all") {
    Sources s;
    const Selection selection{s.stream, "burst,ide"};
    const Source later = s.stream.add_source("later");
    CHECK(names(selection, later, Kind::burst));
    CHECK_FALSE(names(selection, later, Kind::line));
}

TEST_CASE("unknown words are refused with what they may have meant") {
    Sources s;
    CHECK_THROWS_WITH(Selection(s.stream, "brust"), Contains("\"brust\"") &&
                                                        Contains("did you mean \"burst\"") &&
                                                        Contains("ide.dma"));
    CHECK_THROWS_WITH(Selection(s.stream, "idee:line"),
                      Contains("a source") && Contains("did you mean \"ide"));
    CHECK_THROWS_WITH(Selection(s.stream, "ide:lime"),
                      Contains("a kind") && Contains("did you mean \"line\""));
    CHECK_THROWS_WITH(Selection(s.stream, "ide,"), Contains("\"\" is not"));
    CHECK_THROWS_WITH(Selection(s.stream, "", 2_ms, 2_ms), Contains("--to"));
}

TEST_CASE("the window holds its begin and not its end") {
    Sources s;
    const Selection selection{s.stream, "", 10_ns, 20_ns};
    struct Count final : Sink {
        void event(const Stream&, const Event& event) override { times.push_back(event.at); }
        std::vector<Time> times;
    } in_window, all;
    Selected windowed{selection, in_window, true};
    Selected whole{selection, all, false};
    for (const Time at : {9_ns, 10_ns, 19_ns, 20_ns})
        for (Selected* sink : {&windowed, &whole})
            sink->event(s.stream, {at, s.cpu, Kind::halt, {}});
    CHECK(in_window.times == std::vector<Time>{10_ns, 19_ns});
    CHECK(all.times.size() == 4);
}
