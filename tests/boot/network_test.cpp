// SPDX-License-Identifier: Apache-2.0
//
// A real driver on the 8254x model: iPXE's own, from Debian's package ipxe-qemu, in the card's
// expansion ROM. SeaBIOS finds the ROM and runs it; the driver gets an address by DHCP from a peer,
// and a file by TFTP.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/app/process.h"
#include "tests/boot/boot_image.h"

using namespace sb::test;
using Catch::Contains;

namespace {

uint64_t counter(const nlohmann::json& results, const std::string& component,
                 const std::string& name) {
    for (const auto& c : results["counters"])
        if (c["component"].get<std::string>().ends_with(component) && c["name"] == name)
            return c["value"];
    throw std::runtime_error("no counter " + component + "." + name);
}

}  // namespace

TEST_CASE("iPXE in the 8254x's expansion ROM gets an address and loads a program, which runs") {
    TempFolder folder;
    // The text that the program prints is its last bytes: all of it has come.
    folder.write("start.nbp", network_program(20'000, "started from the network"));
    const Ended run = southbridge({"boot", "--network", folder.path("start.nbp"), "--until",
                                   "started from the network", "--time-limit", "60s", "--json"});
    INFO(run.out << run.err);
    REQUIRE(run.status == 0);
    const auto results = nlohmann::json::parse(run.out);
    const auto screen = results["screen"].get<std::string>();
    INFO(screen);
    CHECK_THAT(screen, Contains("using 82540em on"));
    CHECK_THAT(screen, Contains("10.0.2.15/255.255.255.0"));
    CHECK_THAT(screen, Contains("start.nbp... ok"));
    // The driver does nothing that the manual leaves undefined.
    for (const auto& finding : results["findings"])
        CHECK_THAT(finding["component"].get<std::string>(), !Contains("nic"));
    CHECK(counter(results, "net", "refused_from_a") == 0);
}
