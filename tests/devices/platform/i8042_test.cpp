// SPDX-License-Identifier: Apache-2.0
//
// The keyboard controller and keyboard. A frame is 11 bits of 80 us; commands take 10 us here.
#include <catch2/catch.hpp>

#include "bus/keyboard.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::isolated;
using sb::test::isolated_text;
using sb::test::LineLog;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

constexpr uint16_t data = 0x60, status = 0x64, command = 0x64;
constexpr uint8_t obf = 0x01, ibf = 0x02, aux = 0x20, timeout = 0x40;

void wait_taken(Script& io) {
    REQUIRE(io.wait_for([&] { return !(io.in8(status) & ibf); }, 1_us, 100_ms));
}
void order(Script& io, uint8_t code) {
    io.out8(command, code);
    wait_taken(io);
}
void order(Script& io, uint8_t code, uint8_t value) {
    order(io, code);
    io.out8(data, value);
    wait_taken(io);
}
int next(Script& io, Time limit = 2_s) {
    if (!io.wait_for([&] { return (io.in8(status) & obf) != 0; }, 10_us, limit)) return -1;
    return io.in8(data);
}
std::string bytes(Script& io, size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += fmt::format("{:02x} ", next(io));
    if (!text.empty()) text.pop_back();
    return text;
}

const TestBoard::Settings ready{{"handoff", "firmware"}};

}  // namespace

TEST_CASE("8042 commands answer as documented") {
    struct Row {
        const char* what;
        uint8_t code;
        int parameter;
        int answer;
    };
    const Row rows[] = {{"command byte at power-on: both devices held", 0x20, -1, 0x30},
                        {"no password", 0xa4, -1, 0xf1},
                        {"auxiliary interface test", 0xa9, -1, 0x00},
                        {"self test", 0xaa, -1, 0x55},
                        {"keyboard interface test", 0xab, -1, 0x00},
                        {"output port: A20 works, no reset", 0xd0, -1, 0xcf},
                        {"write the keyboard's output buffer", 0xd2, 0x5a, 0x5a},
                        {"write the auxiliary output buffer", 0xd3, 0xa5, 0xa5}};
    for (const Row& row : rows) {
        INFO(row.what);
        CHECK(isolated([&] {
                  TestBoard board;
                  board.plug("i8042", "kbc");
                  int answer = -2;
                  board.run([&](Script& io) {
                      order(io, row.code);
                      if (row.parameter >= 0) io.out8(data, static_cast<uint8_t>(row.parameter));
                      answer = next(io, 1_ms);
                  });
                  return answer;
              }) == row.answer);
    }
}

TEST_CASE("8042 command byte and memory keep what is written") {
    TestBoard board;
    board.plug("i8042", "kbc");
    board.run([&](Script& io) {
        order(io, 0x60, 0x47);
        order(io, 0x20);
        CHECK(next(io) == 0x47);
        CHECK((io.in8(status) & 0x04) != 0);
        order(io, 0xad);
        order(io, 0xa7);
        order(io, 0x20);
        CHECK(next(io) == 0x77);
        order(io, 0xae);
        order(io, 0xa8);
        order(io, 0x20);
        CHECK(next(io) == 0x47);
        order(io, 0x71, 0x99);
        order(io, 0x31);
        CHECK(next(io) == 0x99);
    });
}

TEST_CASE("8042 takes a byte out of its input buffer after the processing time") {
    TestBoard board;
    board.plug("i8042", "kbc", {{"access_time", "60ns"}});
    board.run([&](Script& io) {
        const Time start = io.time();
        io.out8(command, 0xaa);
        CHECK((io.in8(status) & (ibf | obf | 0x08)) == (ibf | 0x08));
        io.wait_until(start + 10_us - 1_ps);
        CHECK((io.in8(status) & (ibf | obf)) == ibf);
        io.wait_until(start + 11_us);
        CHECK((io.in8(status) & (ibf | obf)) == obf);
        CHECK(io.in8(data) == 0x55);
        CHECK((io.in8(status) & obf) == 0);
        // A second write before the first was taken.
        io.out8(command, 0xae);
        io.out8(command, 0xad);
        CHECK(board.sim.findings().list().size() == 1);
    });
}

TEST_CASE("8042 A20, reset line and port 92h") {
    TestBoard board;
    LineLog a20{board.sim, board.board.line("a20")}, reset{board.sim, board.board.line("reset")};
    board.plug("i8042", "kbc", {{"access_time", "60ns"}});
    board.plug("port92", "port92");
    board.run([&](Script& io) {
        CHECK(a20.level());
        order(io, 0xd1, 0xdd);
        CHECK_FALSE(a20.level());
        io.out8(0x92, 0x02);
        CHECK(a20.level());
        CHECK(io.in8(0x92) == 0x02);
        io.out8(0x92, 0x00);
        CHECK_FALSE(a20.level());
        order(io, 0xd1, 0xdf);
        CHECK(a20.level());
        CHECK(reset.changes.empty());
        const Time start = io.time();
        io.out8(command, 0xfe);
        io.wait(1_ms);
        REQUIRE(reset.changes.size() == 2);
        CHECK(reset.changes[0].first == start + 10_us);
        CHECK(reset.changes[1].first == start + 16_us);
        io.out8(0x92, 0x01);
        io.wait(1_ms);
        CHECK(reset.changes.size() == 4);
        io.out8(0x92, 0x01);
        io.wait(1_ms);
        CHECK(reset.changes.size() == 4);
        order(io, 0xf1);  // pulses other bits only
        io.wait(1_ms);
        CHECK(reset.changes.size() == 4);
    });
}

TEST_CASE("8042 an auxiliary device that is not there times out") {
    TestBoard board;
    LineLog irq12{board.sim, board.board.line("irq12")};
    board.plug("i8042", "kbc");
    board.run([&](Script& io) {
        order(io, 0x60, 0x47);
        order(io, 0xd4);
        const Time start = io.time();
        io.out8(data, 0xff);
        CHECK(next(io) == 0xfe);
        CHECK(irq12.changes.at(0).first == start + 10_us + 15_ms);
        order(io, 0xd4, 0xf4);
        io.wait(20_ms);
        CHECK((io.in8(status) & (obf | aux | timeout)) == (obf | aux | timeout));
    });
}

TEST_CASE("keyboard commands are answered") {
    struct Row {
        const char* what;
        std::vector<uint8_t> sent;
        size_t count;
        const char* answer;
    };
    // Without translation.
    const Row rows[] = {{"lights", {0xed, 0x07}, 2, "fa fa"},
                        {"echo", {0xee}, 1, "ee"},
                        {"which scan code set", {0xf0, 0x00}, 3, "fa fa 02"},
                        {"scan code set 1", {0xf0, 0x01, 0xf0, 0x00}, 5, "fa fa fa fa 01"},
                        {"scan code set 3 is not there", {0xf0, 0x03}, 2, "fa fe"},
                        {"identify", {0xf2}, 3, "fa ab 83"},
                        {"rate", {0xf3, 0x00}, 2, "fa fa"},
                        {"enable", {0xf4}, 1, "fa"},
                        {"disable", {0xf5}, 1, "fa"},
                        {"defaults", {0xf6}, 1, "fa"},
                        {"resend", {0xee, 0xfe}, 2, "ee ee"},
                        {"reset and self test", {0xff}, 2, "fa aa"},
                        {"a command in place of a parameter", {0xed, 0xee}, 2, "fa ee"},
                        {"an unknown command", {0xef}, 1, "fe"}};
    for (const Row& row : rows) {
        INFO(row.what);
        CHECK(isolated_text([&] {
                  TestBoard board;
                  board.plug("i8042", "kbc", ready);
                  std::string text;
                  board.run([&](Script& io) {
                      order(io, 0x60, 0x24);
                      size_t left = row.count;
                      for (uint8_t byte : row.sent) {
                          io.out8(data, byte);
                          text += fmt::format("{}{}", text.empty() ? "" : " ", bytes(io, 1));
                          --left;
                      }
                      if (left > 0) text += fmt::format(" {}", bytes(io, left));
                  });
                  return text;
              }) == row.answer);
    }
}

TEST_CASE("keyboard self test and frames take their time") {
    TestBoard board;
    LineLog irq1{board.sim, board.board.line("irq1")};
    board.plug("i8042", "kbc", {{"access_time", "60ns"}});
    board.run([&](Script& io) {
        order(io, 0x60, 0x45);
        // 500 ms after power-on the keyboard has AAh, which takes a frame of 880 us.
        CHECK(next(io) == 0xaa);
        CHECK(irq1.changes.at(0).first == 500_ms + 880_us);
        CHECK_FALSE(irq1.level());
        // A command's frame, the response time, and the reply's frame.
        const Time start = io.time();
        io.out8(data, 0xee);
        CHECK(next(io) == 0xee);
        CHECK(irq1.changes.at(2).first == start + 10_us + 880_us + 1_ms + 880_us);
        // Held, it keeps the byte; released, it sends it.
        order(io, 0xad);
        board.board.find<bus::Keyboard>("keyboard")->press("a");
        io.wait(100_ms);
        CHECK((io.in8(status) & obf) == 0);
        const Time released = io.time();
        io.out8(command, 0xae);
        CHECK(next(io) == 0x1e);
        CHECK(irq1.changes.at(4).first == released + 10_us + 880_us);
    });
}

TEST_CASE("keys have the published scan codes in both sets") {
    struct Row {
        const char* key;
        size_t count2;
        const char* set2;
        size_t count1;
        const char* set1;
    };
    // Keyboard Scan Code Specification (Microsoft, 2000), appendix B and C.
    const Row rows[] = {
        {"a", 3, "1c f0 1c", 2, "1e 9e"},
        {"escape", 3, "76 f0 76", 2, "01 81"},
        {"f7", 3, "83 f0 83", 2, "41 c1"},
        {"f12", 3, "07 f0 07", 2, "58 d8"},
        {"space", 3, "29 f0 29", 2, "39 b9"},
        {"enter", 3, "5a f0 5a", 2, "1c 9c"},
        {"right control", 5, "e0 14 e0 f0 14", 4, "e0 1d e0 9d"},
        {"up", 5, "e0 75 e0 f0 75", 4, "e0 48 e0 c8"},
        {"delete", 5, "e0 71 e0 f0 71", 4, "e0 53 e0 d3"},
        {"keypad 5", 3, "73 f0 73", 2, "4c cc"},
        {"print screen", 10, "e0 12 e0 7c e0 f0 7c e0 f0 12", 8, "e0 2a e0 37 e0 b7 e0 aa"},
        {"pause", 8, "e1 14 77 e1 f0 14 f0 77", 6, "e1 1d 45 e1 9d c5"}};
    for (const Row& row : rows) {
        INFO(row.key);
        for (bool translated : {false, true}) {
            CHECK(isolated_text([&] {
                      TestBoard board;
                      board.plug("i8042", "kbc", ready);
                      std::string text;
                      board.run([&](Script& io) {
                          order(io, 0x60, translated ? 0x64 : 0x24);
                          board.board.find<bus::Keyboard>("keyboard")->stroke(row.key);
                          text = bytes(io, translated ? row.count1 : row.count2);
                          CHECK(next(io, 50_ms) == -1);
                      });
                      return text;
                  }) == (translated ? row.set1 : row.set2));
        }
    }
}

TEST_CASE("a text is typed with shift and control, at its pace") {
    TestBoard board;
    board.plug("i8042", "kbc", ready);
    auto& keyboard = *board.board.find<bus::Keyboard>("keyboard");
    board.run([&](Script& io) {
        CHECK(keyboard.type("aB\n\x03\xff") == 4);
        CHECK_FALSE(keyboard.press("no such key"));
        CHECK(bytes(io, 2) == "1e 9e");
        CHECK(bytes(io, 4) == "2a 30 b0 aa");
        CHECK(bytes(io, 2) == "1c 9c");
        CHECK(bytes(io, 4) == "1d 2e ae 9d");
        CHECK(next(io, 50_ms) == -1);
        CHECK(io.time() >= 5_ms * 11);
        // More than the keyboard's buffer holds: all of it arrives.
        CHECK(keyboard.type(std::string(100, 'x')) == 100);
        io.wait(1_s);
        for (int i = 0; i < 100; ++i) CHECK(bytes(io, 2) == "2d ad");
    });
}

TEST_CASE("a held key repeats after the delay at the rate of F3h") {
    // PS/2 Hardware Interface Technical Reference: delay (1 + D) * 250 ms, period (8 + A) * 2^B *
    // 4.17 ms. By default 500 ms and 91.74 ms.
    struct Row {
        int rate;
        Time delay, period;
    };
    for (const Row& row :
         {Row{-1, 500_ms, 91740_us}, Row{0x00, 250_ms, 33360_us}, Row{0x7f, 1_s, 500400_us}}) {
        struct Seen {
            Time delay, period;
        };
        const Seen seen = isolated([&] {
            TestBoard board;
            LineLog irq1{board.sim, board.board.line("irq1")};
            board.plug("i8042", "kbc", ready);
            board.run([&](Script& io) {
                if (row.rate >= 0)
                    for (int byte : {0xf3, row.rate}) {
                        io.out8(data, static_cast<uint8_t>(byte));
                        CHECK(next(io) == 0xfa);
                    }
                irq1.changes.clear();
                auto& keyboard = *board.board.find<bus::Keyboard>("keyboard");
                keyboard.press("z");
                CHECK(bytes(io, 3) == "2c 2c 2c");
                keyboard.release("z");
                CHECK(bytes(io, 1) == "ac");
                CHECK(next(io, 3_s) == -1);
            });
            return Seen{irq1.changes.at(2).first - irq1.changes.at(0).first,
                        irq1.changes.at(4).first - irq1.changes.at(2).first};
        });
        CHECK(seen.delay == row.delay);
        CHECK(seen.period == row.period);
    }
}

TEST_CASE("a key that repeats into a full buffer leaves the overrun code") {
    TestBoard board;
    board.plug("i8042", "kbc", ready);
    board.run([&](Script& io) {
        order(io, 0x60, 0x24);
        order(io, 0xad);
        board.board.find<bus::Keyboard>("keyboard")->press("q");
        io.wait(20_s);
        order(io, 0xae);
        for (int i = 0; i < 16; ++i) CHECK(next(io) == 0x15);
        CHECK(next(io) == 0x00);
        CHECK(next(io, 2_s) == -1);
    });
}
