// SPDX-License-Identifier: Apache-2.0
//
// The boot command: what it starts, how its runs end, and what it says about wrong requests.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "tests/app/process.h"
#include "tests/boot/boot_image.h"

using namespace sb::test;
using Catch::Contains;

TEST_CASE("firmware and an interrupt-driven boot are equal in lockstep to the byte") {
    TempFolder folder;
    folder.write("disk.img", boot_image("second sector"));
    auto run = [&](const std::string& out, bool lockstep) {
        Arguments arguments{"boot",  folder.path("disk.img"), "--until", "second sector",
                            "--out", folder.path(out),        "--set",   "cpu.clock=33MHz",
                            "--set", "cpu.model=486"};
        if (lockstep) arguments.push_back("--lockstep");
        CHECK(southbridge(arguments).status == 0);
        return folder.read(out + "/events.csv");
    };
    const std::string fast = run("fast", false);
    CHECK(fast.size() > 100'000);
    CHECK(fast == run("lockstep", true));
}

TEST_CASE("an instruction limit is met exactly") {
    TempFolder folder;
    folder.write("disk.img", boot_image("second sector"));
    for (const char* limit : {"1", "1000", "1234567"}) {
        for (const bool lockstep : {false, true}) {
            Arguments arguments{"boot", folder.path("disk.img"), "--instruction-limit", limit,
                                "--json"};
            if (lockstep) arguments.push_back("--lockstep");
            const Ended run = southbridge(arguments);
            INFO(limit << run.err);
            const auto results = nlohmann::json::parse(run.out);
            CHECK(results["total"]["instructions"].get<uint64_t>() == std::stoull(limit));
            CHECK(results["outcome"]["kind"] == "instruction limit");
            CHECK(run.status == 4);
        }
    }
}

TEST_CASE("a boot sector runs without firmware") {
    // mov dx, F4h / mov al, 0 / out dx, al: the debug-exit port's value 0 is success.
    std::string sector(512, '\0');
    const char code[] = "\xba\xf4\x00\xb0\x00\xee\xf4";
    sector.replace(0, 7, code, 7);
    sector.replace(510, 2, "\x55\xaa");
    TempFolder folder;
    folder.write("sector.bin", sector);
    const Ended run = southbridge({"boot", "--kernel", folder.path("sector.bin")});
    INFO(run.out << run.err);
    CHECK(run.status == 0);
}

TEST_CASE("a scenario names a disk image and firmware and ends at a text") {
    TempFolder folder;
    folder.write("disk.img", boot_image("second sector"));
    folder.write("boot.toml", R"(title = "a disk"
[machine]
board = "pc-firmware"
[disk]
image = "disk.img"
snapshot = true
[run]
until = "second sector"
)");
    const Ended run = southbridge({"run", folder.path("boot.toml")});
    INFO(run.out << run.err);
    CHECK(run.status == 0);
    CHECK_THAT(run.out, Contains("passed: text seen"));
}

TEST_CASE("every way to reset starts the firmware again") {
    struct Way {
        const char* name;
        std::string code;
    };
    using namespace std::string_literals;
    const Way ways[] = {
        {"keyboard controller", "\xb0\xfe\xe6\x64\xf4"s},            // mov al, FEh / out 64h, al
        {"port 92h", "\xb0\x01\xe6\x92\xf4"s},                       // mov al, 1 / out 92h, al
        {"port CF9h", "\xba\xf9\x0c\xb0\x02\xee\xb0\x06\xee\xf4"s},  // 2 and then 6, hard
        {"reset vector", "\xea\xf0\xff\x00\xf0"s}};                  // jmp F000:FFF0
    TempFolder folder;
    for (const Way& way : ways) {
        std::string image(1u << 20, '\0');
        std::copy(way.code.begin(), way.code.end(), image.begin());
        image[510] = '\x55';
        image[511] = '\xaa';
        folder.write("disk.img", image);
        const Ended run =
            southbridge({"boot", folder.path("disk.img"), "--time-limit", "1500ms", "--json"});
        INFO(way.name << run.err);
        const std::string console = nlohmann::json::parse(run.out)["console"];
        const std::string started = "Booting from 0000:7c00";
        const size_t first = console.find(started);
        REQUIRE(first != std::string::npos);
        CHECK(console.find(started, first + 1) != std::string::npos);
    }
}

TEST_CASE("a guest that resets a machine without firmware ends the run") {
    // mov al, FEh / out 64h, al / hlt: the keyboard controller pulses the reset line.
    std::string sector(512, '\0');
    sector.replace(0, 5, "\xb0\xfe\xe6\x64\xf4", 5);
    sector.replace(510, 2, "\x55\xaa");
    TempFolder folder;
    folder.write("sector.bin", sector);
    const Ended run = southbridge({"boot", "--kernel", folder.path("sector.bin"), "--time-limit",
                                   "1s", "--set", "run.until=never"});
    INFO(run.out << run.err);
    CHECK(run.status == 4);
}

TEST_CASE("wrong requests are refused with a reason") {
    TempFolder folder;
    folder.write("empty", "");
    struct Case {
        Arguments arguments;
        const char* says;
    };
    const Case cases[] = {
        {{"boot"}, "name a disk or CD-ROM image"},
        {{"boot", "/no/such.img"}, "does not exist"},
        {{"boot", folder.path("empty")}, "is empty"},
        {{"boot", folder.path("empty"), "--serial", "loud"}, "not one of stdio"},
        {{"boot", folder.path("empty"), "--display", "svga"}, "not one of text"},
        {{"boot", folder.path("empty"), "--cpu", "pentum"}, "pentum"},
        {{"boot", folder.path("empty"), "--cpu", "386@33MHz"}, "needs a 486"},
        {{"boot", folder.path("empty"), "--append", "quiet"}, "--kernel FILE"},
        {{"boot", "--kernel", folder.path("empty")}, "can not be run as a guest"},
        {{"boot", "--kernel", "hello", "--bios", folder.path("empty")}, "without firmware"}};
    for (const Case& c : cases) {
        const Ended run = southbridge(c.arguments);
        INFO(run.err << " for " << c.says);
        CHECK(run.status == 2);
        CHECK_THAT(run.err, Contains(c.says));
    }
}
