// SPDX-License-Identifier: Apache-2.0
//
// `explain` and the drawings, as a user has them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/app/process.h"

using namespace sb::test;
using Catch::Contains;

namespace {

const std::string scenario = SOUTHBRIDGE_SOURCE_DIR "/scenarios/pio_vs_dma.toml";
const std::string few = "guest.parameters.sectors=8";

/// What Python's parser, which is not ours, finds in the file: names of elements, or an error.
Ended parsed(const std::string& file) {
    return run_process({"/usr/bin/env", "python3", "-c",
                        "import sys, xml.etree.ElementTree as e\n"
                        "for x in e.parse(sys.argv[1]).iter(): print(x.tag.split('}')[1], (x.text "
                        "or '').replace('\\n', ' '))",
                        file});
}

}  // namespace

TEST_CASE("explain tells the last phase that moved bytes") {
    const Ended run = southbridge({"explain", scenario, "--set", few});
    CHECK(run.status == 0);
    CHECK(run.err.empty());
    CHECK_THAT(run.out, Contains("phase \"dma\"") && Contains("writes COMMAND of disk = C8h") &&
                            Contains("the sum of the steps") && Contains("Longest step: "));
    CHECK(run.out == southbridge({"explain", scenario, "--set", few, "--lockstep"}).out);
    CHECK(
        run.out ==
        southbridge({"explain", scenario, "--set", few, "--phase", "dma", "--transfer", "1"}).out);
}

TEST_CASE("explain gives the same as data") {
    const auto journey =
        nlohmann::json::parse(southbridge({"explain", scenario, "--set", few, "--phase", "setup",
                                           "--transfer", "2", "--json"})
                                  .out);
    CHECK(journey.at("phase") == "setup");
    CHECK(journey.at("transfer") == 2);
    CHECK(journey.at("total_cycles").get<uint64_t>() * journey.at("period_ps").get<uint64_t>() ==
          journey.at("elapsed_ps").get<uint64_t>());
}

TEST_CASE("explain says which phases there are") {
    const Ended help = southbridge({"explain", "--help"});
    CHECK_THAT(help.out, Contains("Example") && Contains("southbridge explain"));
    const Ended phase = southbridge({"explain", scenario, "--set", few, "--phase", "dmaa"});
    CHECK(phase.status == 2);
    CHECK(phase.out.empty());
    CHECK_THAT(phase.err,
               Contains("dmaa") &&
                   Contains("setup (3 times), polled, checksum (3 times), interrupt, dma"));
    const Ended often =
        southbridge({"explain", scenario, "--set", few, "--phase", "dma", "--transfer", "2"});
    CHECK(often.status == 2);
    CHECK_THAT(often.err, Contains("--transfer 2"));
}

TEST_CASE("the drawings are well-formed and change nothing") {
    const TempFolder folder;
    const auto results = [&](const Arguments& more) {
        Arguments arguments{"run", scenario, "--set", few, "--json"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return southbridge(arguments).out;
    };
    const std::string with =
        results({"--cycle-stack", folder.path("stack.svg"), "--flame", folder.path("flame.svg"),
                 "--flame-folded", folder.path("flame.txt")});
    CHECK((with == results({})));
    const auto json = nlohmann::json::parse(with);

    const Ended stack = parsed(folder.path("stack.svg"));
    CHECK(stack.status == 0);
    // The exact numbers, also of a cause too small to be seen.
    for (const auto& phase : json.at("phases"))
        if (phase.at("name") == "dma")
            CHECK_THAT(
                stack.out,
                Contains("title dma, interrupt exit: " +
                         std::to_string(phase.at("cycles").at("interrupt_exit").get<uint64_t>()) +
                         " of "));
    const Ended flame = parsed(folder.path("flame.svg"));
    CHECK(flame.status == 0);
    CHECK_THAT(flame.out,
               Contains("title phase: polled") && Contains("guest::AtaChannel::read_data"));

    uint64_t sum = 0;
    const std::string lines = folder.read("flame.txt");
    for (size_t at = 0, end; (end = lines.find('\n', at)) != std::string::npos; at = end + 1)
        sum += std::stoull(lines.substr(lines.rfind(' ', end) + 1));
    CHECK(sum == json.at("total").at("total_cycles"));
}

TEST_CASE("a drawing that can not be written is refused before the run") {
    const Ended run = southbridge({"run", scenario, "--flame", "/no/such/folder/flame.svg"});
    CHECK(run.status == 2);
    CHECK(run.out.empty());
    CHECK_THAT(run.err, Contains("/no/such/folder/flame.svg"));
}
