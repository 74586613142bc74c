// SPDX-License-Identifier: Apache-2.0
//
// Resets, device selection, and what answers where no drive is.
#include "tests/devices/ide/ide_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::ide;

namespace {

struct Signature {
    unsigned count, low, mid, high, device, error;
    bool operator==(const Signature&) const = default;
};
Signature signature(Script& io) {
    return {io.in8(count),    io.in8(lba_low), io.in8(lba_mid),
            io.in8(lba_high), io.in8(device),  io.in8(error)};
}
constexpr Signature disk_signature{1, 1, 0, 0, 0, 1};  // ATA/ATAPI-6, 9.12; code 01h: passed

}  // namespace

TEST_CASE("power-on and soft reset and the diagnostic leave signature and code") {
    IdeBoard board;
    board.drive(quick({{"reset_time", "2ms"}}));
    board.run([&](Script& io) {
        CHECK(io.in8(status) == (drdy | dsc));
        CHECK(signature(io) == disk_signature);
        address(io, 0x1234567, 99);
        io.out8(control, srst);
        CHECK((io.in8(alternate) & bsy) != 0);
        io.wait(10_us);
        CHECK((io.in8(alternate) & bsy) != 0);
        const Time released = io.time();
        io.out8(control, 0);
        wait_ready(io);
        CHECK(io.time() >= released + 2_ms);
        CHECK(io.time() < released + 2003_us);
        CHECK(io.in8(status) == (drdy | dsc));
        CHECK(signature(io) == disk_signature);
        CHECK(board.irq14.changes.empty());

        address(io, 0x1234567, 99);
        CHECK(run_command(io, 0x90) == (drdy | dsc));
        CHECK(signature(io) == disk_signature);
        CHECK(board.irq14.changes.size() == 2);
    });
}

TEST_CASE("a soft reset ends a command in any of its phases") {
    struct Row {
        const char* name;
        uint8_t opcode;
        Time after;
        unsigned words;
    };
    const Row rows[]{{"in its overhead", 0x20, 10_us, 0},
                     {"in a block read", 0x20, 200_us, 100},
                     {"between two blocks", 0x20, 200_us, 256},
                     {"in a block written", 0x30, 2_ms, 7},
                     {"while DMA is requested", 0xc8, 1_ms, 0}};
    IdeBoard board;
    board.drive();
    board.run([&](Script& io) {
        for (const Row& row : rows) {
            CAPTURE(row.name);
            address(io, 0, 4);
            io.out8(command, row.opcode);
            io.wait(row.after);
            for (unsigned i = 0; i < row.words; ++i)
                row.opcode == 0x30 ? io.out16(data, 0) : static_cast<void>(io.in16(data));
            io.out8(control, srst);
            CHECK_FALSE(board.irq14.level());
            io.wait(5_us);
            io.out8(control, 0);
            CHECK(wait_ready(io) == (drdy | dsc));
            io.wait(10_ms);
            CHECK(io.in8(status) == (drdy | dsc));
            CHECK(signature(io) == disk_signature);
            CHECK_FALSE(board.irq14.level());
        }
    });
}

TEST_CASE("settings survive a soft reset and a hardware reset restores them") {
    IdeBoard board;
    bus::Device& disk = board.drive(quick());
    board.run([&](Script& io) {
        set_mode(io, 0x0c);
        io.out8(control, srst);
        io.wait(5_us);
        io.out8(control, 0);
        wait_ready(io);
        Time start = io.time();
        io.in8(alternate);
        CHECK(io.time() - start == 120_ns);
        disk.reset();
        start = io.time();
        io.in8(alternate);
        CHECK(io.time() - start == 600_ns);
    });
}

TEST_CASE("two drives: both latch parameters and only the selected one acts and interrupts") {
    ImageFile first{4 * 512}, second{8 * 512};
    IdeBoard board;
    board.drive(quick({{"image", first.path()}}), "disk0");
    board.drive(quick({{"image", second.path()}, {"unit", "1"}}), "disk1");
    board.run([&](Script& io) {
        io.out8(device, lba_mode);
        CHECK(run_command(io, 0xf8) == (drdy | dsc));
        CHECK(io.in8(lba_low) == 3);
        // The command went to device 0 alone: device 1 still has what was written to both.
        io.out8(count, 7);
        io.out8(device, lba_mode | device_1);
        CHECK(io.in8(lba_low) == 1);
        CHECK(io.in8(count) == 7);
        CHECK(run_command(io, 0xf8) == (drdy | dsc));
        CHECK(io.in8(lba_low) == 7);
        io.out8(device, lba_mode);
        CHECK(io.in8(lba_low) == 3);
        CHECK(io.in8(status) == (drdy | dsc));
        // A pending interrupt is on the cable only while its drive is selected.
        io.out8(device, lba_mode | device_1);
        io.out8(command, 0xe7);
        wait_ready(io);
        CHECK(board.irq14.level());
        io.out8(device, lba_mode);
        CHECK_FALSE(board.irq14.level());
        io.in8(status);
        io.out8(device, lba_mode | device_1);
        CHECK(board.irq14.level());
        io.in8(status);
        CHECK_FALSE(board.irq14.level());
    });
}

TEST_CASE("two drives: each has its own transfer mode") {
    IdeBoard board;
    board.drive(quick(), "disk0");
    board.drive(quick({{"unit", "1"}}), "disk1");
    board.run([&](Script& io) {
        io.out8(device, device_1);
        set_mode(io, 0x0c);
        Time start = io.time();
        io.in8(alternate);
        CHECK(io.time() - start == 120_ns);
        io.out8(device, 0);
        start = io.time();
        io.in8(alternate);
        CHECK(io.time() - start == 600_ns);
    });
}

TEST_CASE("the diagnostic runs on both drives and selects device 0") {
    IdeBoard board;
    board.drive(quick(), "disk0");
    board.drive(quick({{"unit", "1"}}), "disk1");
    board.run([&](Script& io) {
        address(io, 99, 99, false, 0xe0 | device_1);
        CHECK(run_command(io, 0x90) == (drdy | dsc));
        CHECK(signature(io) == disk_signature);
        CHECK(board.irq14.changes.size() == 2);
        io.out8(device, device_1);
        CHECK(io.in8(error) == 1);
        CHECK(io.in8(lba_low) == 1);
    });
}

TEST_CASE("device 0 answers for an absent device 1 with a status of zero") {
    IdeBoard board;
    board.drive(quick());
    board.run([&](Script& io) {
        io.out8(device, device_1);
        CHECK(io.in8(status) == 0);
        CHECK(io.in8(alternate) == 0);
        io.out8(count, 0x5a);
        CHECK(io.in8(count) == 0x5a);
        io.out8(command, 0xec);  // ignored
        io.wait(1_ms);
        CHECK(io.in8(status) == 0);
        CHECK(board.irq14.changes.empty());
        io.out8(device, 0);
        CHECK(io.in8(status) == (drdy | dsc));
        io.out8(device, device_1);
        io.out8(command, 0x90);  // but for this one
        io.wait(5_ms);
        CHECK(io.in8(status) == (drdy | dsc));
    });
}

TEST_CASE("a channel without drives reads as a pulled-up cable in mode 0 cycles") {
    IdeBoard board;
    board.drive({{"channel", "secondary"}});
    board.run([&](Script& io) {
        const Time start = io.time();
        CHECK(io.in8(status) == 0x7f);
        CHECK(io.time() - start == 600_ns);
        CHECK(io.in16(data) == 0xff7f);
        CHECK(io.in8(alternate) == 0x7f);
        io.out8(command, 0xec);
        // The other channel has one.
        CHECK(io.in8(0x177) == (drdy | dsc));
        CHECK(io.in8(0x376) == (drdy | dsc));
        io.out8(0x177, 0xe7);
        io.wait(1_ms);
        CHECK(board.irq15.level());
        CHECK(board.irq14.changes.empty());
    });
}
