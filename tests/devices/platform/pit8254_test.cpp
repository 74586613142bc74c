// SPDX-License-Identifier: Apache-2.0
//
// The 8254 against the Intel 82C54 datasheet (231244-006), "Mode Definitions". Ticks are those of
// the 1193182 Hz clock; a count written between ticks k and k+1 is loaded at k+1.
#include <catch2/catch.hpp>

#include "sim/kernel/tick_clock.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::isolated;
using sb::test::LineLog;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

constexpr uint16_t counter0 = 0x40, counter2 = 0x42, control = 0x43, port_b = 0x61;
const TickClock ticks{1'193'182};

struct Edges {
    uint64_t tick[4] = {};  // after the tick before the write of the count
    bool level[4] = {};
    bool exact = true;  // each at the very picosecond of its tick
};

/// Programs channel 0 with a count (LSB then MSB), and gives the output's next four edges.
Edges edges_of(uint8_t mode, uint16_t count, uint16_t second = 0, uint64_t second_at = 0) {
    return isolated([=] {
        TestBoard board;
        LineLog log{board.sim, board.board.line("irq0")};
        board.plug("pit8254", "pit");
        Edges edges;
        board.run([&](Script& io) {
            io.wait(10_us);
            io.out8(control, static_cast<uint8_t>(0x30 + 2 * mode));
            io.out8(counter0, static_cast<uint8_t>(count));
            const uint64_t k = ticks.last(io.time());
            io.out8(counter0, static_cast<uint8_t>(count >> 8));
            log.changes.clear();
            if (second) {
                io.wait_until(ticks.at(k + second_at));
                io.out8(counter0, static_cast<uint8_t>(second));
                io.out8(counter0, static_cast<uint8_t>(second >> 8));
            }
            io.wait(1_ms);
            for (size_t i = 0; i < std::min<size_t>(4, log.changes.size()); ++i) {
                const auto [at, level] = log.changes[i];
                edges.tick[i] = ticks.last(at) - k;
                edges.level[i] = level;
                edges.exact = edges.exact && ticks.at(ticks.last(at)) == at;
            }
        });
        return edges;
    });
}

struct Row {
    const char* what;
    uint8_t mode;
    uint16_t count;
    uint64_t tick[4];
    bool level[4];
};

}  // namespace

TEST_CASE("8254 output edges by mode and count") {
    const Row rows[] = {
        {"mode 0: high N+1 pulses after the write", 0, 5, {6}, {true}},
        {"mode 0 with the least count", 0, 1, {2}, {true}},
        {"mode 2: low for one pulse in N", 2, 10, {10, 11, 20, 21}, {false, true, false, true}},
        {"mode 2 with the least count", 2, 2, {2, 3, 4, 5}, {false, true, false, true}},
        {"mode 3, even: half and half", 3, 6, {4, 7, 10, 13}, {false, true, false, true}},
        {"mode 3, odd: high one pulse longer", 3, 5, {4, 6, 9, 11}, {false, true, false, true}},
        {"mode 3 with 2", 3, 2, {2, 3, 4, 5}, {false, true, false, true}},
        {"mode 3 with 3", 3, 3, {3, 4, 6, 7}, {false, true, false, true}},
        {"mode 4: strobe N+1 pulses after the write", 4, 7, {8, 9}, {false, true}},
        {"mode bits 6 mean mode 2", 6, 10, {10, 11, 20, 21}, {false, true, false, true}},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        const Edges edges = edges_of(row.mode, row.count);
        CHECK(edges.exact);
        for (int i = 0; i < 4; ++i) {
            CHECK(edges.tick[i] == row.tick[i]);
            CHECK(edges.level[i] == row.level[i]);
        }
    }
}

TEST_CASE("8254 mode 2 takes a new count at the end of its cycle") {
    const Edges edges = edges_of(2, 20, 30, 5);
    CHECK(edges.tick[0] == 20);
    CHECK(edges.tick[1] == 21);
    CHECK(edges.tick[2] == 50);
    CHECK(edges.tick[3] == 51);
}

TEST_CASE("8254 a periodic output does not drift in ten thousand periods") {
    TestBoard board;
    LineLog log{board.sim, board.board.line("irq0")};
    board.plug("pit8254", "pit");
    uint64_t k = 0;
    board.run([&](Script& io) {
        io.out8(control, 0x34);
        io.out8(counter0, 100);
        k = ticks.last(io.time());
        io.out8(counter0, 0);
        log.changes.clear();
        io.wait(900_ms);
    });
    REQUIRE(log.changes.size() > 20'000);
    CHECK(log.changes[19'999].first == ticks.at(k + 1 + 100 * 10'000));
    // 1,000,000 ticks are 0.838095110 s and not a picosecond more or less than the clock says.
    CHECK(ticks.at(1'193'182) == 1_s);
}

TEST_CASE("8254 counts at exact instants - latched and not") {
    TestBoard board;
    board.plug("pit8254", "pit");
    board.run([&](Script& io) {
        auto latched = [&] {
            io.out8(control, 0x00);
            const unsigned low = io.in8(counter0);
            return low + 256u * io.in8(counter0);
        };
        io.out8(control, 0x34);
        io.out8(counter0, 0xe8);
        const uint64_t k = ticks.last(io.time());
        io.out8(counter0, 0x03);  // 1000
        io.wait_until(ticks.at(k + 11));
        CHECK(latched() == 990);
        io.wait_until(ticks.at(k + 100) - 1_ps);
        CHECK(latched() == 902);
        io.wait_until(ticks.at(k + 200));
        CHECK(latched() == 801);
        io.wait_until(ticks.at(k + 2000));
        CHECK(latched() == 1);
        // A count that was latched stays until it is read; later latches are ignored.
        io.wait_until(ticks.at(k + 2101));
        io.out8(control, 0x00);
        io.wait(50_us);
        CHECK(latched() == 900);
    });
}

TEST_CASE("8254 a stopped clock is not simulated - an hour of it is passed over at once") {
    TestBoard board;
    board.plug("pit8254", "pit");
    board.run([&](Script& io) {
        io.out8(port_b, 1);
        io.out8(control, 0xb4);  // channel 2, mode 2, with nobody watching the output
        io.out8(counter2, 3);
        const uint64_t k = ticks.last(io.time());
        io.out8(counter2, 0);
        io.wait(Time::s(3600));
        const uint64_t at = ticks.last(io.time() + 720_ns);
        io.out8(control, 0x80);
        CHECK(io.in8(counter2) == 3 - (at - 1 - (k + 1)) % 3);
    });
    CHECK(board.sim.timer_calls() < 100);
}

TEST_CASE("8254 read-back gives status before count and null count until loaded") {
    TestBoard board;
    board.plug("pit8254", "pit");
    board.run([&](Script& io) {
        io.out8(control, 0x36);
        io.out8(counter0, 0x10);
        io.out8(control, 0xe2);           // status of counter 0
        CHECK(io.in8(counter0) == 0xf6);  // OUT high, null count, LSB and MSB, mode 3
        io.out8(counter0, 0x27);
        io.wait(2_us);
        io.out8(control, 0xc2);  // status and count
        CHECK(io.in8(counter0) == 0xb6);
        const unsigned low = io.in8(counter0);
        const unsigned count = low + 256u * io.in8(counter0);
        CHECK(count <= 0x2710);
        CHECK(count > 0x2700);
    });
}

TEST_CASE("8254 counts in BCD and wraps at the end of its digits") {
    TestBoard board;
    board.plug("pit8254", "pit");
    board.run([&](Script& io) {
        io.out8(control, 0x31);  // mode 0, BCD
        io.out8(counter0, 0x00);
        const uint64_t k = ticks.last(io.time());
        io.out8(counter0, 0x10);  // 1000
        io.wait_until(ticks.at(k + 2));
        io.out8(control, 0x00);
        CHECK(io.in8(counter0) == 0x99);
        CHECK(io.in8(counter0) == 0x09);
        io.wait_until(ticks.at(k + 1 + 1000 + 1));
        io.out8(control, 0x00);
        CHECK(io.in8(counter0) == 0x99);
        CHECK(io.in8(counter0) == 0x99);
    });
}

TEST_CASE("8254 modes 1 and 5 are triggered by the gate of channel 2") {
    TestBoard board;
    board.plug("pit8254", "pit");
    board.run([&](Script& io) {
        auto out = [&](uint64_t tick) {
            io.wait_until(ticks.at(tick));
            return (io.in8(port_b) & 0x20) != 0;
        };
        io.out8(port_b, 0);
        io.out8(control, 0x92);  // channel 2, LSB, mode 1
        io.out8(counter2, 50);
        io.wait(100_us);
        CHECK((io.in8(port_b) & 0x20) != 0);
        uint64_t k = ticks.last(io.time());
        io.out8(port_b, 1);
        CHECK_FALSE(out(k + 1));
        CHECK_FALSE(out(k + 50));
        CHECK(out(k + 51));
        io.out8(port_b, 0);
        io.out8(control, 0x9a);  // mode 5
        io.out8(counter2, 50);
        io.wait(100_us);
        k = ticks.last(io.time());
        io.out8(port_b, 1);
        CHECK(out(k + 50));
        CHECK_FALSE(out(k + 51));
        CHECK(out(k + 52));
    });
}

TEST_CASE("8254 gate of mode 0 stops the count and of mode 3 lifts the output") {
    TestBoard board;
    board.plug("pit8254", "pit");
    board.run([&](Script& io) {
        io.out8(port_b, 1);
        io.out8(control, 0x90);
        uint64_t k = ticks.last(io.time());
        io.out8(counter2, 100);
        io.wait_until(ticks.at(k + 11));
        io.out8(port_b, 0);  // 90 are left
        io.wait(1_ms);
        io.out8(control, 0x80);
        CHECK(io.in8(counter2) == 90);
        k = ticks.last(io.time());
        io.out8(port_b, 1);
        io.wait_until(ticks.at(k + 90) - 1_ps);
        CHECK((io.in8(port_b) & 0x20) == 0);
        io.wait_until(ticks.at(k + 91));
        CHECK((io.in8(port_b) & 0x20) != 0);
        io.out8(control, 0x96);  // mode 3
        k = ticks.last(io.time());
        io.out8(counter2, 100);
        io.wait_until(ticks.at(k + 60));
        CHECK((io.in8(port_b) & 0x20) == 0);
        io.out8(port_b, 0);
        CHECK((io.in8(port_b) & 0x20) != 0);
    });
}

TEST_CASE("8254 a count of 1 in mode 2 is a finding and not a hang") {
    TestBoard board;
    board.plug("pit8254", "pit");
    board.run([&](Script& io) {
        io.out8(control, 0x14);
        io.out8(counter0, 1);
        io.wait(1_ms);
    });
    CHECK(board.sim.findings().list().size() == 1);
}

TEST_CASE("port 61h shows the refresh toggle every 18 ticks") {
    TestBoard board;
    board.plug("pit8254", "pit");
    board.run([&](Script& io) {
        io.wait_until(ticks.at(36));
        CHECK((io.in8(port_b) & 0x10) == 0);
        io.wait_until(ticks.at(54) - 1_ps);
        CHECK((io.in8(port_b) & 0x10) == 0);
        io.wait_until(ticks.at(54));
        CHECK((io.in8(port_b) & 0x10) != 0);
    });
}
