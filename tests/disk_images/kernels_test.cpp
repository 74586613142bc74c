// SPDX-License-Identifier: Apache-2.0
//
// The teaching kernels on our machine, from a raw disk image through firmware and without it.
#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <cstring>
#include <numeric>

#include "tests/disk_images/image.h"
#include "tests/scenarios/guest_run.h"

using namespace sb::test;
using Catch::Contains;

namespace {

const char* const models[] = {"486", "pentium", "p6", "ideal"};

Sets joined(Sets a, const Sets& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Sets disk(const std::string& name) {
    return {"disk.image=" + image_file(name), "disk.snapshot=true", "memory.size=64MiB",
            "run.time_limit=5s"};
}

/// From its image, as SeaBIOS starts it.
GuestRun boot_by_firmware(const std::string& name, const Sets& sets,
                          const RunOptions& options = {}) {
    return run_guest("", joined(joined(disk(name), {"machine.board=pc-firmware"}), sets), options);
}

/// The kernel alone, put into memory; with the image as the disk.
GuestRun boot_directly(const std::string& name, const Sets& sets, const RunOptions& options = {}) {
    return run_guest(name, joined(disk(name), sets), options);
}

/// Somebody who waits for a text on the serial line, and types.
Sets typist(const std::string& name, const std::string& into, const std::string& after,
            const std::string& text) {
    return {name + ".device=typist", name + ".watch=serial", name + ".into=" + into,
            name + ".after=" + after, name + ".text=" + text};
}

std::string crc_line(const std::string& image, uint32_t lba, uint32_t count) {
    return fmt::format("{} sectors from {}: crc {:08x}\r\n", count, lba,
                       crc32(read_sectors(image, lba, count)));
}

/// "user" at the keyboard, and the rest over the serial line.
Sets session() {
    return joined(typist("person", "keyboard", "ready> ", "irqs\\nuser\\n"),
                  typist("line", "serial", "user's to read",
                         fmt::format("crc 0 2\\ncrc {} {}\\nexit\\n", data_lba, data_sectors)));
}

void check_apic_kernel(const GuestRun& run) {
    const std::string image = image_file("apic_kernel");
    const std::string console = run.console();
    INFO(console << run.outcome() << ": " << run.text());
    CHECK(run.status() == 0);
    CHECK_THAT(console, Contains("1 I/O APIC, "));
    CHECK_THAT(console, Contains("irq 14\r\nide: data area of 64 sectors adds up, 64 interrupts"));
    CHECK_THAT(console, Contains("ready> irqs\r\n"));  // as typed, and shown again
    CHECK_THAT(console, Contains("irq  0 on input  2: "));
    CHECK_THAT(console, Contains("hello from level 3\r\nuser: ended by #PF page fault at 00100000: "
                                 "not the user's to read\r\n"));
    CHECK_THAT(console, Contains(crc_line(image, 0, 2)));
    CHECK_THAT(console, Contains(crc_line(image, data_lba, data_sectors)));
    CHECK_THAT(console, Contains("exit\r\nbye\r\n"));
    CHECK_THAT(run.results.at("screen").get<std::string>(), Contains("ready> exit\nbye"));
    // The local APIC's timer counts the bus clock divided by 16 (SDM volume 3, 10.5.4).
    const size_t timer = console.find("timer ");
    REQUIRE(timer != std::string::npos);
    CHECK(std::stod(console.substr(timer + 6)) == Approx(33'333.333 / 16).epsilon(0.005));
}

void check_pic_kernel(const GuestRun& run, const std::string& source) {
    const std::string console = run.console();
    INFO(console << run.outcome() << ": " << run.text());
    CHECK(run.status() == 0);
    CHECK_THAT(console, Contains("memory: 00000000 to 0009fbff usable"));
    CHECK_THAT(console, Contains("memory: 00100000 to 03ff"));
    CHECK_THAT(console, Contains("data: 8192 words from the " + source + " add up"));
    CHECK_THAT(console, Contains("key: K\r\n"));
    CHECK_THAT(console, Contains("key: 1\r\n"));
    CHECK_THAT(console, Contains("PASS: 200 ticks"));
    CHECK_THAT(run.results.at("screen").get<std::string>(), Contains("PASS: 200 ticks"));
}

const Sets two_keys = typist("person", "keyboard", "irq 0", "K1");

}  // namespace

TEST_CASE("disk images begin with a boot sector and hold data that adds up") {
    for (const char* name : {"apic_kernel", "pic_kernel"}) {
        INFO(name);
        const std::string boot = read_sectors(image_file(name), 0, 1);
        REQUIRE(boot.size() == sector_bytes);
        CHECK(boot.substr(510) == "\x55\xaa");
        CHECK(boot.substr(446, 64) == std::string(64, '\0'));  // no partition
        const std::string data = read_sectors(image_file(name), data_lba, data_sectors);
        std::vector<uint32_t> words(data.size() / 4);
        std::memcpy(words.data(), data.data(), data.size());
        CHECK(data.substr(0, 4) == "SNDB");
        CHECK(words[1] == words.size());
        CHECK(words[2] == 2 * 0x9e3779b9u);
        CHECK(std::accumulate(words.begin(), words.end(), 0u) == 0);
    }
}

TEST_CASE("the APIC kernel boots from its image by firmware") {
    for (const char* model : models) {
        INFO(model);
        const GuestRun run =
            boot_by_firmware("apic_kernel", joined({std::string("cpu.model=") + model}, session()));
        check_apic_kernel(run);
        // SeaBIOS lists only processors whose CPUID says that they have an APIC: no 486 does.
        const bool listed = model != std::string("486");
        CHECK_THAT(run.console(),
                   Contains(listed ? "mp: 1 processor, 2 buses" : "mp: 0 processors, 2 buses"));
    }
}

TEST_CASE("the APIC kernel boots directly and no device finds fault with it") {
    for (const char* model : models) {
        INFO(model);
        const GuestRun run =
            boot_directly("apic_kernel", joined({std::string("cpu.model=") + model}, session()));
        check_apic_kernel(run);
        CHECK(run.results.at("findings").empty());
    }
}

TEST_CASE("the APIC kernel goes on without a keyboard and a disk") {
    const GuestRun run = boot_directly(
        "apic_kernel", joined({"keyboard.device=none", "disk.device=none"},
                              typist("line", "serial", "ready> ", "crc 0 1\\nread\\nexit\\n")));
    INFO(run.console());
    CHECK(run.status() == 0);
    CHECK_THAT(run.console(), Contains("keyboard: no controller"));
    CHECK_THAT(run.console(), Contains("ide: no disk"));
    CHECK_THAT(run.console(), Contains("usage: read LBA"));
}

TEST_CASE("the APIC kernel says that there are no tables and which APIC is missing") {
    for (const auto& [missing, words] :
         {std::pair{"lapic.device=none", "no local APIC"}, {"ioapic.device=none", "no I/O APIC"}}) {
        const GuestRun run = boot_directly("apic_kernel", {missing});
        CHECK(run.status() == 3);
        CHECK_THAT(run.console(), Contains(words));
    }
    CHECK_THAT(boot_directly("apic_kernel", {"lapic.device=none"}).console(),
               Contains("mp: no tables: assuming a standard PC"));
}

TEST_CASE("the PIC kernel boots from its image by firmware") {
    for (const char* model : models) {
        INFO(model);
        check_pic_kernel(
            boot_by_firmware("pic_kernel", joined({std::string("cpu.model=") + model}, two_keys)),
            "loader");
    }
}

TEST_CASE("the PIC kernel boots directly and no device finds fault with it") {
    for (const char* model : models) {
        INFO(model);
        const GuestRun run =
            boot_directly("pic_kernel", joined({std::string("cpu.model=") + model}, two_keys));
        check_pic_kernel(run, "disk");
        CHECK(run.results.at("findings").empty());
    }
}

TEST_CASE("the PIC kernel finds data that does not add up") {
    // One bit of the data, on a disk that is otherwise the image.
    const std::string image = image_file("pic_kernel");
    std::string bytes = read_sectors(image, 0, 2048);
    REQUIRE_FALSE(bytes.empty());
    bytes[data_lba * sector_bytes + 777] ^= 0x10;
    const TempFile broken{bytes};
    for (const Sets& start :
         {Sets{"machine.board=pc-firmware"}, Sets{"guest.program=" + kernel_file("pic_kernel")}}) {
        const GuestRun run =
            run_guest("", joined({"disk.image=" + broken.path(), "disk.snapshot=true"}, start));
        CHECK(run.status() == 3);
        CHECK_THAT(run.console(), Contains("FAIL: data: the words add up to "));
    }
}

TEST_CASE("the PIC kernel's ticks come at the 8254's rate") {
    // 1193 counts of 1193182 Hz for each tick: 1000 more ticks are 999.847 ms more.
    auto elapsed = [](const char* ticks) {
        const GuestRun run = boot_directly("pic_kernel", {"hz=1000", ticks});
        CHECK(run.status() == 0);
        return double(run.elapsed_ps());
    };
    CHECK((elapsed("ticks=1500") - elapsed("ticks=500")) / 1e12 ==
          Approx(1193.0 / 1193182 * 1000).epsilon(0.0002));
}

TEST_CASE("the kernels give the same results in lockstep") {
    for (const auto& [name, sets] :
         {std::pair{"apic_kernel", session()}, {"pic_kernel", two_keys}}) {
        INFO(name);
        const GuestRun fast = boot_directly(name, sets);
        CHECK(fast.status() == 0);
        CHECK(fast.results == boot_directly(name, sets, {.lockstep = true}).results);
    }
}

TEST_CASE("the kernels give the same events in lockstep") {
    // Without a keyboard: the kernels poll it through its self test, which is half a million
    // events.
    const Sets exit =
        joined({"keyboard.device=none"}, typist("line", "serial", "ready> ", "user\\nexit\\n"));
    const Sets few_ticks = {"keyboard.device=none", "ticks=30"};
    for (const auto& [name, sets] : {std::pair{"apic_kernel", exit}, {"pic_kernel", few_ticks}}) {
        INFO(name);
        const GuestRun fast = boot_directly(name, sets, {.events = true});
        const GuestRun slow = boot_directly(name, sets, {.lockstep = true, .events = true});
        CHECK(fast.status() == 0);
        CHECK(fast.events.size() > 1000);
        CHECK((fast.events == slow.events));
    }
}

TEST_CASE("the reading of MP tables passes") {
    const GuestRun run = run_guest("mp_reading", {});
    INFO(run.console());
    CHECK(run.status() == 0);
    CHECK_THAT(run.console(), Contains("PASS"));
}
