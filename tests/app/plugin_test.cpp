// SPDX-License-Identifier: Apache-2.0
//
// A device out of tree: it is built with an installed Southbridge and nothing else, and runs.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/app/process.h"

using namespace sb::test;
using Catch::Contains;

namespace {

void succeed(const Arguments& arguments) {
    const Ended ended = run_process(arguments);
    INFO(ended.out << ended.err);
    REQUIRE(ended.status == 0);
}

}  // namespace

TEST_CASE("a device out of tree is built with the installed package and runs") {
    const TempFolder folder;
    const std::string cmake = SOUTHBRIDGE_CMAKE, source = SOUTHBRIDGE_SOURCE_DIR;
    const std::string root = folder.path("root"), latch = folder.path("latch");
    succeed({cmake, "--install", SOUTHBRIDGE_BINARY_DIR, "--prefix", root});
    succeed({cmake, "-S", source + "/examples/plugin-device", "-B", latch,
             "-DCMAKE_PREFIX_PATH=" + root, "-DCMAKE_CXX_COMPILER=" SOUTHBRIDGE_COMPILER});
    succeed({cmake, "--build", latch});

    const std::string program = root + "/bin/southbridge", plugin = latch + "/latch.so";
    const std::string scenario = source + "/examples/plugin-device/latch.toml";
    const Ended check = run_process({program, "check", scenario, "--plugin", plugin});
    INFO(check.err);
    CHECK(check.status == 0);
    CHECK_THAT(check.out, Contains("good: 20 devices"));  // the board's 18 and the latch

    // Without the plug-in nobody knows a latch.
    const Ended without = run_process({program, "check", scenario});
    CHECK(without.status == 2);
    CHECK_THAT(without.err, Contains("no device model \"latch\""));

    // A guest that reads its ports finds DATA and OUTPUT there, where else there is nothing.
    const Arguments poll{program,  "run",
                         scenario, "--plugin",
                         plugin,   "--json",
                         "--set",  "guest.program=bench_ports",
                         "--set",  "guest.parameters.port=0x301",
                         "--set",  "guest.parameters.iterations=1"};
    const Ended run = run_process(poll);
    CHECK(run.status == 0);
    const auto json = nlohmann::json::parse(run.out);
    // OUTPUT is 0 after reset, so no read has bit 7; a port that nobody claims reads as all ones.
    CHECK_THAT(json.at("console").get<std::string>(), Contains("poll 00000000"));
    Arguments elsewhere = poll;
    elsewhere.insert(elsewhere.end(), {"--set", "latch.port=0x310"});
    const Ended other = run_process(elsewhere);
    CHECK(other.status == 0);
    CHECK_THAT(nlohmann::json::parse(other.out).at("console").get<std::string>(),
               Contains("poll 00000064"));
}
