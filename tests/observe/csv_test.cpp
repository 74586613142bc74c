// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "sim/kernel/error.h"
#include "sim/observe/csv.h"
#include "tests/app/process.h"

using namespace sb;
using namespace sb::observe;
using namespace sb::literals;
using Catch::Contains;

TEST_CASE("a line of CSV says what the stream says of the event") {
    const test::TempFolder folder;
    Stream stream;
    const Source source = stream.add_source("ide");
    const Name name = stream.intern("STATUS");
    std::string expected = "time_ps,source,event,detail\n";
    {
        CsvWriter writer{folder.path("events.csv")};
        for (const KindInfo& kind : kinds)
            for (const uint64_t value : {uint64_t{0}, uint64_t{name}, uint64_t{4}, ~uint64_t{0}}) {
                const Event event{Time::ps(value / 3),
                                  source,
                                  kind.kind,
                                  {value, value, value, value, value, value}};
                writer.event(stream, event);
                expected +=
                    fmt::format("{},ide,{},{}\n", value / 3, kind.name, stream.describe(event));
            }
        writer.close();
    }
    CHECK(folder.read("events.csv") == expected);
}

TEST_CASE("names that would break a line are quoted") {
    const test::TempFolder folder;
    Stream stream;
    const Source source = stream.add_source("probe");
    CsvWriter writer{folder.path("events.csv")};
    const Name name = stream.intern("a,\"b\"\nc");
    writer.event(stream, {5_ns, source, Kind::phase, {name}});
    writer.close();
    // RFC 4180, 2.6 and 2.7.
    CHECK(folder.read("events.csv") ==
          "time_ps,source,event,detail\n5000,probe,phase,\"phase=a,\"\"b\"\"\nc\"\n");
}

TEST_CASE("a file that can not be made and a full disk are errors") {
    CHECK_THROWS_WITH(CsvWriter{"/no/such/folder/events.csv"},
                      Contains("/no/such/folder/events.csv") && Contains("can not be written"));
    Stream stream;
    const Source source = stream.add_source("a");
    CsvWriter writer{"/dev/full"};
    unsigned told = 0;
    writer.file().on_failure = [&] { ++told; };
    for (int i = 0; i < 100'000; ++i) writer.event(stream, {1_ns, source, Kind::halt, {1}});
    CHECK(told == 1);
    CHECK_THROWS_WITH(writer.close(), Contains("/dev/full") && Contains("No space left"));
}

TEST_CASE("what an event leaves out has an empty name, whatever was named first") {
    Stream stream;
    CHECK(stream.intern("completion") != 0);
    CHECK(stream.name(0).empty());
    CHECK(stream.intern("") == 0);
}
