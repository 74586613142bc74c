// SPDX-License-Identifier: Apache-2.0
//
// Programs that were not written for this simulator, from Debian's packages (seabios, memtest86+,
// grub-rescue-pc), started as a user starts them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <set>
#include <sstream>

#include "tests/app/process.h"
#include "tests/boot/boot_image.h"

using namespace sb::test;
using Catch::Contains;

namespace {

const std::string rescue = "/usr/lib/grub-rescue/grub-rescue-";

}  // namespace

TEST_CASE(
    "SeaBIOS reads a boot sector and serves its INT 13h and INT 10h - on every model from the 486 "
    "on") {
    TempFolder folder;
    folder.write("disk.img", boot_image("second sector"));
    const std::string cpu = GENERATE("486", "pentium", "p6", "ideal");
    const Ended run = southbridge({"boot", folder.path("disk.img"), "--cpu", cpu, "--until",
                                   "second sector", "--time-limit", "30s"});
    INFO(cpu << "\n" << run.out << run.err);
    CHECK(run.status == 0);
    CHECK_THAT(run.out, Contains("| Booting from Hard Disk...\n  | second sector"));
}

// A finding tells of its first case only, so each access is looked at: where a register takes it,
// there is an event of that at the same time.
TEST_CASE("firmware's writes to DMA controllers and the diagnostic port are no findings") {
    TempFolder folder;
    folder.write("disk.img", boot_image("second sector"));
    const Ended run =
        southbridge({"boot", folder.path("disk.img"), "--until", "second sector", "--time-limit",
                     "30s", "--cpu", "486@33MHz", "--out", folder.path("out")});
    INFO(run.err);
    CHECK(run.status == 0);
    // IBM PC/AT: 8237A at 0h to Fh and C0h to DFh, page registers and port 80h at 80h to 8Fh.
    const auto legacy = [](unsigned long port) {
        return port <= 0xf || (port >= 0x80 && port <= 0x8f) || (port >= 0xc0 && port <= 0xdf);
    };
    std::istringstream events{folder.read("out/events.csv")};
    std::set<std::string> taken;
    std::vector<std::pair<std::string, unsigned long>> accesses;
    for (std::string line; std::getline(events, line);) {
        const std::string time = line.substr(0, line.find(','));
        if (line.find(",register=") != std::string::npos) taken.insert(time);
        const size_t at = line.find(",access,address=");
        if (at == std::string::npos || line.find("command=port-") == std::string::npos) continue;
        const unsigned long port = std::stoul(line.substr(at + 16), nullptr, 16);
        if (legacy(port)) accesses.emplace_back(time, port);
    }
    CHECK_FALSE(accesses.empty());
    for (const auto& [time, port] : accesses) {
        INFO(time << " ps, port " << port);
        CHECK(taken.count(time) == 1);
    }
    const auto results = nlohmann::json::parse(folder.read("out/results.json"));
    for (const auto& finding : results["findings"])
        CHECK_THAT(finding["component"].get<std::string>(), !Contains("dma"));
}

TEST_CASE("SeaBIOS boots a disk of two sectors") {
    TempFolder folder;
    folder.write("disk.img", boot_image("second sector").substr(0, 1024));
    const Ended run = southbridge(
        {"boot", folder.path("disk.img"), "--until", "second sector", "--time-limit", "30s"});
    INFO(run.out << run.err);
    CHECK(run.status == 0);
}

TEST_CASE("memtest86+ completes a pass over a small memory without an error") {
    // Two of its tests wait for 40 s and more: a slow processor has less to do meanwhile. It needs
    // some memory above 4 MiB to move itself to.
    const Ended run = southbridge({"boot", "--kernel", "/boot/memtest86+ia32.bin", "--memory",
                                   "4352KiB", "--cpu", "pentium@25MHz", "--until",
                                   "Pass:  1        Errors: 0", "--time-limit", "600s"});
    INFO(run.out << run.err);
    CHECK(run.status == 0);
    CHECK_THAT(run.out, Contains("CLK/Temp: 2"));  // 25 MHz, as it measured it, rounded down
    CHECK_THAT(run.out, Contains("Status: Pass"));
}

TEST_CASE("GRUB comes to its menu from a hard disk") {
    const Ended run = southbridge({"boot", rescue + "usb.img", "--media", "disk", "--snapshot",
                                   "--until", "Use the", "--time-limit", "30s", "--json"});
    INFO(run.out << run.err);
    CHECK(run.status == 0);
    const auto results = nlohmann::json::parse(run.out);
    CHECK_THAT(results["screen"].get<std::string>(), Contains("GNU GRUB  version 2"));
    uint64_t read = 0;
    for (const auto& counter : results["counters"])
        if (counter["component"].get<std::string>().ends_with("disk") &&
            counter["name"] == "sectors_read")
            read = counter["value"];
    CHECK(read > 1000);  // its core image and modules
}

TEST_CASE("GRUB comes to its menu from a CD-ROM and takes keys for its command line") {
    const Ended run = southbridge(
        {"boot", rescue + "cdrom.iso", "--until", "(cd)", "--time-limit", "60s", "--set",
         "hand.device=typist", "--set", "hand.after=automatically in", "--set", "hand.text=c",
         "--set", "more.device=typist", "--set", "more.after=grub>", "--set", "more.text=ls\\n"});
    INFO(run.out << run.err);
    CHECK(run.status == 0);
    CHECK_THAT(run.out, Contains("grub> ls\n"));  // as typed
    CHECK_THAT(run.out, Contains("(cd)"));        // and answered: it booted from the ATAPI drive
}
