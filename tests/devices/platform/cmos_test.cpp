// SPDX-License-Identifier: Apache-2.0
//
// The real-time clock against the MC146818A datasheet. Ticks are those of 32768 Hz.
#include <catch2/catch.hpp>

#include "sim/kernel/tick_clock.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::isolated_text;
using sb::test::LineLog;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

const TickClock ticks{32768};
constexpr uint64_t second = 32768, update = 65;

uint8_t get(Script& io, uint8_t at) {
    io.out8(0x70, at);
    return io.in8(0x71);
}
void put(Script& io, uint8_t at, uint8_t value) {
    io.out8(0x70, at);
    io.out8(0x71, value);
}
std::string shown(Script& io) {
    std::string text;
    for (uint8_t at : {9, 8, 7, 6, 4, 2, 0})
        text += fmt::format("{}{:02x}", text.empty() ? "" : " ", get(io, at));
    return text;
}

}  // namespace

TEST_CASE("the clock shows the start and counts seconds, months and leap years") {
    struct Row {
        const char* start;
        uint8_t b;
        uint64_t seconds;
        const char* shown;  // year, month, day, weekday, hour, minute, second
    };
    const Row rows[] = {
        {"2024-01-01 00:00:00", 0x02, 0, "24 01 01 02 00 00 00"},  // a Monday
        {"2024-01-01 00:00:00", 0x02, 59, "24 01 01 02 00 00 59"},
        {"2024-02-28 23:59:59", 0x02, 1, "24 02 29 05 00 00 00"},
        {"2023-02-28 23:59:59", 0x02, 1, "23 03 01 04 00 00 00"},
        {"1999-12-31 23:59:58", 0x02, 3, "00 01 01 07 00 00 01"},
        {"2024-01-01 00:00:00", 0x02, 100 * 86400, "24 04 10 04 00 00 00"},
        {"2024-01-01 12:34:56", 0x06, 4, "18 01 01 02 0c 23 00"},  // binary
        {"2024-01-01 11:59:59", 0x00, 1, "24 01 01 02 92 00 00"},  // noon is 12 PM
        {"2024-01-01 23:59:59", 0x00, 1, "24 01 02 03 12 00 00"},  // midnight is 12 AM
        {"2024-01-01 12:59:59", 0x00, 1, "24 01 01 02 81 00 00"},
        {"2024-01-01 12:59:59", 0x04, 1, "18 01 01 02 81 00 00"}};
    for (const Row& row : rows) {
        INFO(row.start << " + " << row.seconds);
        CHECK(isolated_text([&] {
                  TestBoard board;
                  board.plug("cmos", "cmos", {{"start", row.start}});
                  std::string text;
                  board.run(
                      [&](Script& io) {
                          // The mode is changed as software does: with the time written anew.
                          std::vector<uint8_t> time;
                          for (uint8_t at : {9, 8, 7, 6, 4, 2, 0}) {
                              uint8_t value = get(io, at);
                              if (row.b & 4)
                                  value = static_cast<uint8_t>(value / 16 * 10 + value % 16);
                              time.push_back(value);
                          }
                          put(io, 0x0b, 0x80 | row.b);
                          if (!(row.b & 2)) {
                              const unsigned hour = (time[4] & 0x10 && !(row.b & 4)) || time[4] > 15
                                                        ? time[4] / 16 * 10 + time[4] % 16
                                                        : time[4];
                              const unsigned twelve = (hour + 11) % 12 + 1;
                              const unsigned code =
                                  row.b & 4 ? twelve : twelve / 10 * 16 + twelve % 10;
                              time[4] = static_cast<uint8_t>(code | (hour >= 12 ? 0x80 : 0));
                          }
                          size_t i = 0;
                          for (uint8_t at : {9, 8, 7, 6, 4, 2, 0}) put(io, at, time[i++]);
                          put(io, 0x0b, row.b);
                          io.wait_until(Time::s(row.seconds) + 100_ms);
                          text = shown(io);
                      },
                      Time::s(10'000'000));
                  return text;
              }) == row.shown);
    }
}

TEST_CASE("update cycle - UIP 244 us before and 1984 us long") {
    TestBoard board;
    board.plug("cmos", "cmos", {{"access_time", "60ns"}});
    board.run([&](Script& io) {
        auto uip = [&] { return (get(io, 0x0a) & 0x80) != 0; };
        io.wait_until(ticks.at(second - 8) - 1_us);
        CHECK_FALSE(uip());
        io.wait_until(ticks.at(second - 8));
        CHECK(uip());
        CHECK(get(io, 0) == 0);
        CHECK(board.sim.findings().empty());
        io.wait_until(ticks.at(second + update) - 1_us);
        CHECK(uip());
        CHECK(get(io, 0) == 0);
        CHECK(board.sim.findings().list().size() == 1);
        io.wait_until(ticks.at(second + update));
        CHECK_FALSE(uip());
        CHECK(get(io, 0) == 1);
        CHECK(get(io, 0x0c) == 0x50);  // update ended, and the periodic edge of 1024 Hz
    });
}

TEST_CASE("SET holds the time, and the chain starts with half a second") {
    TestBoard board;
    board.plug("cmos", "cmos");
    board.run([&](Script& io) {
        put(io, 0x0b, 0x82);
        io.wait_until(10500_ms);
        CHECK(get(io, 0) == 0);
        CHECK((get(io, 0x0a) & 0x80) == 0);
        put(io, 0x0b, 0x02);
        io.wait_until(11500_ms);
        CHECK(get(io, 0) == 1);
        put(io, 0x0a, 0x66);
        io.wait_until(20_s);
        CHECK(get(io, 0) == 1);
        put(io, 0x0a, 0x26);
        io.wait_until(20500_ms);
        CHECK(get(io, 0) == 1);
        io.wait_until(20503_ms);
        CHECK(get(io, 0) == 2);
        io.wait_until(21503_ms);
        CHECK(get(io, 0) == 3);
    });
}

TEST_CASE("periodic interrupt rates are those of table 5, and do not drift") {
    const uint64_t period[16] = {0,   128, 256, 4,    8,    16,   32,   64,
                                 128, 256, 512, 1024, 2048, 4096, 8192, 16384};
    for (unsigned rate = 0; rate < 16; ++rate) {
        INFO(rate);
        const std::string seen = isolated_text([&] {
            TestBoard board;
            LineLog irq{board.sim, board.board.line("irq8")};
            board.plug("cmos", "cmos");
            std::string text;
            board.run([&](Script& io) {
                put(io, 0x0a, static_cast<uint8_t>(0x20 + rate));
                put(io, 0x0b, 0x42);
                get(io, 0x0c);
                for (unsigned i = 0; i < 3 && rate; ++i) {
                    io.wait_for([&] { return irq.level(); }, 10_us, 1_s);
                    get(io, 0x0c);
                }
                io.wait(1_s);
            });
            for (auto [at, level] : irq.changes)
                if (level)
                    text += fmt::format("{}{} ", ticks.last(at),
                                        ticks.at(ticks.last(at)) == at ? "" : "?");
            return text;
        });
        std::string wanted;
        for (uint64_t i = 1; i <= 4 && rate; ++i) wanted += fmt::format("{} ", i * period[rate]);
        CHECK(seen == wanted);
    }
}

TEST_CASE("alarm and update interrupts come at the end of the update") {
    struct Row {
        uint8_t second, minute, hour;
        uint64_t at;  // seconds after the start at 10:20:30
    };
    for (const Row& row :
         {Row{0x31, 0x20, 0x10, 1}, Row{0x30, 0x21, 0x10, 60}, Row{0x30, 0x20, 0x10, 86400},
          Row{0xff, 0xc0, 0xff, 1}, Row{0x15, 0xff, 0xff, 45}, Row{0x00, 0x00, 0xff, 2370},
          Row{0x00, 0x00, 0x09, 81570}, Row{0x99, 0x00, 0x00, 0}}) {
        const std::string seen = isolated_text([&] {
            TestBoard board;
            LineLog irq{board.sim, board.board.line("irq8")};
            board.plug("cmos", "cmos", {{"start", "2024-05-05 10:20:30"}});
            board.run(
                [&](Script& io) {
                    put(io, 1, row.second);
                    put(io, 3, row.minute);
                    put(io, 5, row.hour);
                    put(io, 0x0b, 0x22);
                    io.wait(Time::s(90'000));
                    if (row.at) CHECK((get(io, 0x0c) & 0xa0) == 0xa0);
                },
                Time::s(100'000));
            return irq.changes.empty() ? "" : std::to_string(irq.changes[0].first.ps());
        });
        CHECK(seen == (row.at ? std::to_string(ticks.at(row.at * second + update).ps()) : ""));
    }
    TestBoard board;
    LineLog irq{board.sim, board.board.line("irq8")};
    board.plug("cmos", "cmos");
    board.run([&](Script& io) {
        put(io, 0x0b, 0x12);
        io.wait(1500_ms);
        CHECK(irq.changes.at(0).first == ticks.at(second + update));
        CHECK((get(io, 0x0c) & 0x90) == 0x90);
        CHECK_FALSE(irq.level());
        CHECK((get(io, 0x0c) & 0x90) == 0);
    });
}

TEST_CASE("CMOS memory tells firmware what there is") {
    TestBoard board;
    LineLog mask{board.sim, board.board.line("nmi.mask")};
    board.add_memory(0, 48 << 20);
    board.plug("cmos", "cmos", {{"boot", "cdrom,disk,floppy"}, {"cpus", "4"}});
    board.run([&](Script& io) {
        struct Row {
            uint8_t at;
            unsigned value;
        };
        const Row rows[]{{0x15, 0x80}, {0x16, 0x02},                              // 640 KiB
                         {0x17, 0x00}, {0x18, 0xbc},                              // 47 MiB in KiB
                         {0x30, 0x00}, {0x31, 0xbc}, {0x34, 0x00}, {0x35, 0x02},  // 32 MiB
                         {0x5b, 0},    {0x5c, 0},    {0x5d, 0},    {0x3d, 0x23},
                         {0x38, 0x11}, {0x5f, 3},    {0x32, 0x20}, {0x0d, 0x80}};
        for (const Row& row : rows) {
            INFO(unsigned{row.at});
            CHECK(get(io, row.at) == row.value);
        }
        put(io, 0x7f, 0x5a);
        CHECK(get(io, 0xff) == 0x5a);  // bit 7 is the NMI mask
        CHECK(mask.level());
        get(io, 0x0d);
        CHECK_FALSE(mask.level());
    });
}

TEST_CASE("a start that is no time, and a boot order that is none, are refused") {
    for (const char* start : {"", "2024-02-30 00:00:00", "2024-01-01", "2024-01-01 24:00:00", "x"})
        CHECK_THROWS_AS(isolated_text([&] {
                            TestBoard board;
                            board.plug("cmos", "cmos", {{"start", start}});
                            return std::string{};
                        }),
                        std::runtime_error);
    CHECK_THROWS_AS(isolated_text([&] {
                        TestBoard board;
                        board.plug("cmos", "cmos", {{"boot", "disk,tape"}});
                        return std::string{};
                    }),
                    std::runtime_error);
}
