// SPDX-License-Identifier: Apache-2.0
//
// Records of runs in a folder.
#include <catch2/catch.hpp>

#include "sim/kernel/error.h"
#include "sim/lab/run_record.h"
#include "tests/app/process.h"

using namespace sb::lab;
using sb::test::TempFolder;

TEST_CASE("a record comes back as it was saved") {
    const TempFolder temp;
    const RecordFolder folder{temp.path("a/points")};
    CHECK_FALSE(folder.load("k"));
    folder.save(
        {"k", "failed", "said \"x\",\nand y", {"a.b=c"}, "{\"elapsed_ps\": 3, \"x\": 0.1}"});
    const auto record = folder.load("k");
    REQUIRE(record);
    CHECK(record->status == "failed");
    CHECK(record->reason == "said \"x\",\nand y");
    CHECK(record->sets == std::vector<std::string>{"a.b=c"});
    CHECK(record->results == "{\"elapsed_ps\":3,\"x\":0.1}");
    CHECK(folder.count() == 1);
}

TEST_CASE("a record that is cut, foreign or of another run is none") {
    const TempFolder temp;
    const RecordFolder folder{temp.path()};
    folder.save({"k", "ok", "", {}, "{\"elapsed_ps\": 3}"});
    const std::string whole = temp.read("k.json");
    for (size_t length = 0; length + 2 < whole.size(); ++length) {
        temp.write("k.json", whole.substr(0, length));
        CHECK_FALSE(folder.load("k"));
    }
    temp.write("l.json", whole);
    CHECK_FALSE(folder.load("l"));
    temp.write("m.json", "{\"format\": 1, \"key\": \"m\", \"status\": 3, \"sets\": 4}");
    CHECK_FALSE(folder.load("m"));
}

TEST_CASE("what is half written is removed") {
    const TempFolder temp;
    const RecordFolder folder{temp.path()};
    temp.write("k.json.17.tmp", "{");
    folder.clean();
    CHECK(temp.read("k.json.17.tmp").empty());
    CHECK(folder.count() == 0);
}
