// SPDX-License-Identifier: Apache-2.0
//
// The teaching kernels, unchanged, on QEMU: so what they do on our machine is what they do on
// another one. QEMU's `isa-debug-exit` ends with (code << 1) | 1.
#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "tests/disk_images/image.h"
#include "tests/disk_images/qemu.h"

using namespace sb::test;
using Catch::Contains;

namespace {

std::vector<std::string> disk(const std::string& name) {
    return {"-drive", "if=ide,format=raw,snapshot=on,file=" + image_file(name)};
}

std::vector<std::string> kernel(const std::string& name, const std::string& append) {
    return {"-kernel", kernel_file(name), "-append", append};
}

std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

void check_apic_kernel(Qemu& qemu) {
    const std::string started = qemu.read_until("ready> ");
    CHECK_THAT(started, Contains("mp: 1 processor, "));
    CHECK_THAT(started, Contains("ide: QEMU HARDDISK, 2048 sectors, irq 14"));
    CHECK_THAT(started, Contains("ide: data area of 64 sectors adds up, 64 interrupts"));
    qemu.press({"shift-u", "backspace", "u", "s", "e", "r", "ret"});
    qemu.read_until("ended by #PF page fault at 00100000: not the user's to read\r\nready> ");
    CHECK_THAT(qemu.screen(), Contains("ready> user\nhello from level 3\nuser: ended by #PF"));
    qemu.write(fmt::format("crc 0 1\rcrc {} {}\rexit\r", data_lba, data_sectors));
    const Ended end = qemu.wait();
    const std::string image = image_file("apic_kernel");
    CHECK(end.status == 1);
    CHECK_THAT(end.out, Contains("hello from level 3"));
    CHECK_THAT(end.out, Contains(fmt::format("1 sector from 0: crc {:08x}",
                                             crc32(read_sectors(image, 0, 1)))));
    CHECK_THAT(end.out, Contains(fmt::format("64 sectors from 1024: crc {:08x}",
                                             crc32(read_sectors(image, data_lba, data_sectors)))));
}

}  // namespace

TEST_CASE("the APIC kernel boots from its image on QEMU and does what is typed") {
    Qemu qemu{disk("apic_kernel")};
    check_apic_kernel(qemu);
}

TEST_CASE("the APIC kernel boots directly on QEMU") {
    Qemu qemu{joined(kernel("apic_kernel", ""), disk("apic_kernel"))};
    check_apic_kernel(qemu);
}

TEST_CASE("the PIC kernel boots from its image on QEMU") {
    Qemu qemu{disk("pic_kernel")};
    qemu.read_until("timer: 100 Hz, irq 0");
    qemu.press({"shift-k", "1"});
    const Ended end = qemu.wait();
    CHECK(end.status == 1);
    CHECK_THAT(end.out, Contains("memory: 00000000 to 0009fbff usable"));
    CHECK_THAT(end.out, Contains("data: 8192 words from the loader add up"));
    CHECK_THAT(end.out, Contains("key: K\r\n"));
    CHECK_THAT(end.out, Contains("key: 1\r\n"));
    CHECK_THAT(end.out, Contains("PASS: 200 ticks"));
}

TEST_CASE("the PIC kernel boots directly on QEMU") {
    Qemu qemu{joined(kernel("pic_kernel", "hz=1000 ticks=300"), disk("pic_kernel"))};
    const Ended end = qemu.wait();
    CHECK(end.status == 1);
    CHECK_THAT(end.out, Contains("data: 8192 words from the disk add up"));
    CHECK_THAT(end.out, Contains("PASS: 300 ticks"));
}

TEST_CASE("the reading of MP tables passes on QEMU") {
    Qemu qemu{kernel("mp_reading", "console=serial")};
    const Ended end = qemu.wait();
    CHECK(end.status == 1);
    CHECK_THAT(end.out, Contains("PASS"));
}
