// SPDX-License-Identifier: Apache-2.0
//
// The VGA's text screen, planes and beam. Mode 3: 900 dots by 449 lines at 28.322 MHz, the picture
// 720 by 400, vertical retrace in lines 412 and 413.
#include <catch2/catch.hpp>

#include "bus/text_screen.h"
#include "sim/kernel/tick_clock.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

constexpr uint64_t text = 0xb8000;
const TickClock dots{28'322'000};
const TestBoard::Settings ready{{"handoff", "firmware"}};

void set(Script& io, uint16_t port, uint8_t index, uint8_t value) {
    io.out16(port, static_cast<uint16_t>(value << 8 | index));
}
uint8_t get(Script& io, uint16_t port, uint8_t index) {
    io.out8(port, index);
    return io.in8(static_cast<uint16_t>(port + 1));
}

}  // namespace

TEST_CASE("what is written to B8000 is on the screen") {
    TestBoard board;
    board.plug("vga", "vga", ready);
    auto& screen = *board.board.find<bus::TextScreen>("screen");
    unsigned calls = 0;
    screen.listen([&] { ++calls; });
    board.run([&](Script& io) {
        CHECK(screen.text_mode());
        CHECK(screen.columns() == 80);
        CHECK(screen.rows() == 25);
        CHECK(screen.text(0).empty());
        const std::string words = "Hello \x82\xdb";
        for (size_t i = 0; i < words.size(); ++i)
            io.write(text + 2 * (80 * 24 + 2 + i), 0x1e00u | static_cast<uint8_t>(words[i]), 2);
        CHECK(screen.text(24) == "  Hello \u00e9\u2588");
        CHECK(screen.cell(2, 24) == bus::TextScreen::Cell{'H', 0x1e});
        CHECK(calls == 1);
        screen.seen();
        io.write(text, 'x', 1);
        CHECK(calls == 2);
        CHECK(io.read(text, 2) == 0x0778);
        CHECK(screen.text().substr(0, 2) == "x\n");
        // Cursor and start address.
        set(io, 0x3d4, 0x0e, 80 * 3 / 256);
        set(io, 0x3d4, 0x0f, 80 * 3 + 5);
        CHECK(screen.cursor() == bus::TextScreen::Cursor{5, 3, true});
        set(io, 0x3d4, 0x0a, 0x20);
        CHECK_FALSE(screen.cursor().visible);
        set(io, 0x3d4, 0x0d, 80);
        CHECK(screen.text(23) == "  Hello \u00e9\u2588");
        CHECK(screen.cursor().row == 2);
        // Above B8000 nothing answers in this map.
        CHECK(io.read(0xa0000, 1) == 0xff);
        set(io, 0x3ce, 6, 0x05);
        CHECK_FALSE(screen.text_mode());
    });
}

TEST_CASE("a font is loaded into plane 2 and leaves the text alone") {
    TestBoard board;
    board.plug("vga", "vga", ready);
    auto& screen = *board.board.find<bus::TextScreen>("screen");
    board.run([&](Script& io) {
        io.write(text, 0x0741, 2);
        set(io, 0x3c4, 2, 0x04);
        set(io, 0x3c4, 4, 0x06);
        set(io, 0x3ce, 4, 0x02);
        set(io, 0x3ce, 5, 0x00);
        set(io, 0x3ce, 6, 0x04);
        for (uint32_t i = 0; i < 64; ++i) io.write(0xa0000 + i, 0xc0 + i, 1);
        CHECK(io.read(0xa0005, 1) == 0xc5);
        set(io, 0x3ce, 4, 0x00);
        CHECK(io.read(0xa0000, 1) == 0x41);
        set(io, 0x3c4, 2, 0x03);
        set(io, 0x3c4, 4, 0x02);
        set(io, 0x3ce, 5, 0x10);
        set(io, 0x3ce, 6, 0x0e);
        CHECK(io.read(text, 2) == 0x0741);
        CHECK(screen.text(0) == "A");
    });
}

TEST_CASE("write modes and logical functions of the planes") {
    TestBoard board;
    board.plug("vga", "vga", ready);
    board.run([&](Script& io) {
        set(io, 0x3c4, 2, 0x0f);
        set(io, 0x3c4, 4, 0x06);
        set(io, 0x3ce, 6, 0x05);
        auto plane = [&](uint8_t number, uint32_t at) {
            set(io, 0x3ce, 4, number);
            return io.read(0xa0000 + at, 1);
        };
        auto planes = [&](uint32_t at) {
            uint64_t value = 0;
            for (uint8_t i = 4; i-- > 0;) value = value * 256 + plane(i, at);
            return value;
        };
        set(io, 0x3ce, 5, 0x00);
        io.write(0xa0000, 0x5a, 1);
        CHECK(planes(0) == 0x5a5a5a5a);
        set(io, 0x3ce, 3, 0x04);  // rotate
        io.write(0xa0001, 0x12, 1);
        CHECK(planes(1) == 0x21212121);
        set(io, 0x3ce, 3, 0x18);  // exclusive or with what was read last
        io.read(0xa0000, 1);
        io.write(0xa0000, 0xff, 1);
        CHECK(planes(0) == 0xa5a5a5a5);
        set(io, 0x3ce, 3, 0x00);
        set(io, 0x3ce, 0, 0x05);
        set(io, 0x3ce, 1, 0x0f);
        io.write(0xa0002, 0x77, 1);  // set/reset
        CHECK(planes(2) == 0x00ff00ff);
        set(io, 0x3ce, 1, 0x00);
        set(io, 0x3ce, 5, 0x02);  // mode 2: a colour
        set(io, 0x3ce, 8, 0x0f);
        io.read(0xa0002, 1);
        io.write(0xa0002, 0x0a, 1);
        CHECK(planes(2) == 0x0ff00ff0);
        set(io, 0x3ce, 5, 0x01);  // mode 1: the latches
        io.read(0xa0002, 1);
        io.write(0xa0009, 0x00, 1);
        CHECK(planes(9) == 0x0ff00ff0);
        set(io, 0x3ce, 5, 0x0b);  // mode 3, and read mode 1
        set(io, 0x3ce, 8, 0xff);
        io.read(0xa0009, 1);
        io.write(0xa0009, 0x3c, 1);
        set(io, 0x3ce, 2, 0x05);
        set(io, 0x3ce, 7, 0x0f);
        CHECK(io.read(0xa0009, 1) == 0xfc);
    });
}

TEST_CASE("input status 1 follows the beam to the dot") {
    TestBoard board;
    board.plug("vga", "vga", {{"handoff", "firmware"}, {"access_time", "0ns"}});
    board.run([&](Script& io) {
        struct Row {
            const char* what;
            uint64_t line, dot;
            uint8_t status;
        };
        const Row rows[] = {{"the picture begins", 0, 0, 0},
                            {"its last dot of a line", 0, 719, 0},
                            {"after it", 0, 720, 1},
                            {"the next line", 1, 0, 0},
                            {"the last line", 399, 719, 0},
                            {"after it", 400, 0, 1},
                            {"before the retrace", 411, 899, 1},
                            {"retrace", 412, 0, 9},
                            {"its end", 413, 899, 9},
                            {"after it", 414, 0, 1},
                            {"the last dot", 448, 899, 1}};
        for (uint64_t frame : {1, 2, 1000})
            for (const Row& row : rows) {
                INFO(row.what);
                const uint64_t dot = (frame * 449 + row.line) * 900 + row.dot;
                io.wait_until(dots.at(dot));
                CHECK((io.in8(0x3da) & 9) == row.status);
            }
        // 70.09 frames a second.
        CHECK(dots.at(uint64_t{449} * 900).ps() / 1'000'000 == 14268);
    });
}

TEST_CASE("VGA registers - indexes, protection, palette, mono alias, display interface") {
    TestBoard board;
    board.plug("vga", "vga", ready);
    board.run([&](Script& io) {
        CHECK(get(io, 0x3c4, 4) == 0x02);
        CHECK(get(io, 0x3ce, 6) == 0x0e);
        CHECK(get(io, 0x3d4, 0x13) == 0x28);
        // CR11 bit 7 protects CR00 to CR07, save bit 4 of CR07.
        set(io, 0x3d4, 0x00, 0x12);
        CHECK(get(io, 0x3d4, 0x00) == 0x5f);
        set(io, 0x3d4, 0x07, 0x00);
        CHECK(get(io, 0x3d4, 0x07) == 0x0f);
        set(io, 0x3d4, 0x11, 0x0e);
        set(io, 0x3d4, 0x00, 0x12);
        CHECK(get(io, 0x3d4, 0x00) == 0x12);
        // Attribute controller: index and value in turn, begun anew by reading 3DAh.
        io.in8(0x3da);
        io.out8(0x3c0, 0x31);
        io.out8(0x3c0, 0x2a);
        io.out8(0x3c0, 0x31);
        CHECK(io.in8(0x3c1) == 0x2a);
        CHECK(io.in8(0x3c0) == 0x31);
        io.in8(0x3da);
        // Palette.
        io.out8(0x3c8, 5);
        for (uint8_t value : {1, 2, 0xff, 4}) io.out8(0x3c9, value);
        CHECK(io.in8(0x3c7) == 0);
        io.out8(0x3c7, 5);
        CHECK(io.in8(0x3c7) == 3);
        CHECK(io.in8(0x3c9) == 1);
        CHECK(io.in8(0x3c9) == 2);
        CHECK(io.in8(0x3c9) == 0x3f);
        CHECK(io.in8(0x3c9) == 4);
        // The CRT controller moves to 3B4h.
        CHECK(io.in8(0x3cc) == 0x67);
        CHECK(io.in8(0x3b5) == 0xff);
        io.out8(0x3c2, 0x66);
        CHECK(io.in8(0x3d5) == 0xff);
        CHECK(get(io, 0x3b4, 0x13) == 0x28);
        // What firmware asks the Bochs display interface.
        io.out16(0x1ce, 0);
        CHECK(io.in16(0x1cf) == 0xb0c5);
        io.out16(0x1cf, 0xb0c0);
        CHECK(io.in16(0x1cf) == 0xb0c0);
        io.out16(0x1cf, 0x1234);
        CHECK(io.in16(0x1cf) == 0xb0c5);
        io.out16(0x1ce, 10);
        CHECK(io.in16(0x1cf) == 4);
    });
}
