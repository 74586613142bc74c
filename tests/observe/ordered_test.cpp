// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "sim/observe/ordered.h"

using namespace sb;
using namespace sb::observe;
using namespace sb::literals;

namespace {

struct Kept final : Sink {
    void event(const Stream&, const Event& event) override { list.push_back(event); }
    std::vector<Event> list;
};

struct Fixture {
    Stream stream;
    Kept kept;
    Source source = stream.add_source("a");
    void emit(Ordered& ordered, Time at, uint64_t value, Kind kind = Kind::halt) {
        ordered.event(stream, {at, source, kind, {value}});
    }
};

}  // namespace

TEST_CASE("late events are put where they belong and equals keep their order") {
    Fixture f;
    Ordered ordered{f.kept, 8};
    const std::pair<Time, uint64_t> emitted[] = {{10_ns, 1}, {30_ns, 4}, {20_ns, 3},
                                                 {15_ns, 2}, {30_ns, 5}, {40_ns, 6}};
    for (const auto& [at, value] : emitted) f.emit(ordered, at, value);
    ordered.finish(f.stream);
    REQUIRE(f.kept.list.size() == 6);
    for (size_t i = 0; i < 6; ++i) CHECK(f.kept.list[i].values[0] == i + 1);
    CHECK(ordered.late() == 0);
}

TEST_CASE("an event beyond the window is moved and counted and time never goes back") {
    Fixture f;
    Ordered ordered{f.kept, 4};
    for (uint64_t n = 0; n < 10; ++n) f.emit(ordered, Time::ns(100 + n), n);
    f.emit(ordered, 1_ns, 99);
    ordered.finish(f.stream);
    CHECK(ordered.late() == 1);
    REQUIRE(f.kept.list.size() == 11);
    Time last;
    size_t found = 0;
    for (const Event& event : f.kept.list) {
        CHECK(last <= event.at);
        last = event.at;
        if (event.values[0] == 99) {
            ++found;
            // Four places: when it came, six of the ten had gone on, and one more makes room.
            CHECK(event.at == 106_ns);
        }
    }
    CHECK(found == 1);
}

TEST_CASE("an event may come exactly the window less one late") {
    Fixture f;
    Ordered ordered{f.kept, 4};
    for (uint64_t n = 0; n < 3; ++n) f.emit(ordered, Time::ns(100 + n), n);
    f.emit(ordered, 1_ns, 99);
    ordered.finish(f.stream);
    CHECK(ordered.late() == 0);
    CHECK(f.kept.list[0].values[0] == 99);
}

TEST_CASE("a wait for a bus is handed on with the time at which it began") {
    Fixture f;
    Ordered ordered{f.kept};
    f.emit(ordered, 50_ns, 0);
    f.emit(ordered, 100_ns, (60_ns).ps(), Kind::bus_wait);
    ordered.finish(f.stream);
    REQUIRE(f.kept.list.size() == 2);
    CHECK(f.kept.list[0].kind == Kind::bus_wait);
    CHECK(f.kept.list[0].at == 40_ns);
}
