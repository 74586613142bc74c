// SPDX-License-Identifier: Apache-2.0
//
// The 16550A against the National PC16550D datasheet (June 1995), section 8.
#include <catch2/catch.hpp>

#include "devices/uart16550/uart16550.h"
#include "tests/support/isolated.h"
#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::isolated;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

constexpr uint16_t data = 0x3f8, ier = 0x3f9, iir = 0x3fa, fcr = 0x3fa, lcr = 0x3fb, mcr = 0x3fc,
                   lsr = 0x3fd, msr = 0x3fe;
const TickClock ticks{1'843'200};

struct Port {
    TestBoard board;
    devices::Uart16550& uart =
        static_cast<devices::Uart16550&>(board.plug("uart16550", "com1", {{"output", "none"}}));
    std::vector<std::pair<Time, uint8_t>> put;
    Port() {
        uart.output().listen([this](uint8_t c) { put.emplace_back(board.sim.now(), c); });
    }
    static void format(Script& io, uint16_t divisor, uint8_t line) {
        io.out8(lcr, 0x80);
        io.out8(data, static_cast<uint8_t>(divisor));
        io.out8(ier, static_cast<uint8_t>(divisor >> 8));
        io.out8(lcr, line);
    }
    bool irq() { return board.board.line("irq4").asserted(); }
};

}  // namespace

TEST_CASE("16550 a frame lasts its bits times 16 times the divisor") {
    struct Row {
        uint16_t divisor;
        uint8_t line;
        uint64_t half_bits;
    };
    const Row rows[] = {
        {1, 0x03, 20},   // 115200 8N1: 10 bits
        {12, 0x03, 20},  // 9600 8N1
        {12, 0x07, 22},  // 8N2
        {12, 0x1b, 22},  // 8E1
        {12, 0x00, 14},  // 5N1: 7 bits
        {12, 0x04, 15},  // 5 bits, 1.5 stop bits
        {96, 0x0e, 22},  // 7O2
        {0x0417, 0x03, 20},
    };
    for (const Row& row : rows) {
        const bool right = isolated([&] {
            Port p;
            Time start;
            p.board.run([&](Script& io) {
                Port::format(io, row.divisor, row.line);
                start = io.time();
                io.out8(data, 'A');
                io.wait(1_s);
            });
            const Time end = ticks.at(ticks.next(start) + row.half_bits * 8 * row.divisor);
            return p.put.size() == 1 && p.put[0].first == end && p.put[0].second == 'A';
        });
        INFO("divisor " << row.divisor << " LCR " << unsigned{row.line});
        CHECK(right);
    }
}

TEST_CASE("16550 a FIFO is sent back to back without drift") {
    Port p;
    Time start;
    p.board.run([&](Script& io) {
        Port::format(io, 1, 0x03);
        io.out8(fcr, 0x01);
        start = io.time();
        for (int i = 0; i < 17; ++i) io.out8(data, static_cast<uint8_t>('a' + i));
        CHECK(io.in8(lsr) == 0x00);
        io.wait(10_ms);
        CHECK(io.in8(lsr) == 0x60);
    });
    REQUIRE(p.put.size() == 17);
    CHECK(p.put[16].first == ticks.at(ticks.next(start) + 17 * 160));
    CHECK(p.board.sim.findings().empty());
}

TEST_CASE("16550 holding register - one byte waits and another one replaces it") {
    Port p;
    p.board.run([&](Script& io) {
        Port::format(io, 12, 0x03);
        io.out8(data, 'a');
        CHECK(io.in8(lsr) == 0x20);  // in the shift register
        io.out8(data, 'b');
        CHECK(io.in8(lsr) == 0x00);
        io.out8(data, 'c');
        io.wait(10_ms);
    });
    REQUIRE(p.put.size() == 2);
    CHECK(p.put[1].second == 'c');
    CHECK(p.board.sim.findings().count("a byte was written to a full transmitter") == 1);
}

TEST_CASE("16550 transmitter interrupt - raised by emptiness and ended by reading IIR") {
    Port p;
    p.board.run([&](Script& io) {
        Port::format(io, 12, 0x03);
        io.out8(ier, 0x02);
        CHECK_FALSE(p.irq());  // OUT2 is off
        io.out8(mcr, 0x08);
        CHECK(p.irq());
        CHECK(io.in8(iir) == 0x02);
        CHECK_FALSE(p.irq());
        CHECK(io.in8(iir) == 0x01);
        io.out8(data, 'a');  // goes to the shift register at once
        CHECK(p.irq());
        io.out8(data, 'b');
        CHECK_FALSE(p.irq());
    });
}

TEST_CASE("16550 receiver - data arrive a frame later and IIR has its priorities") {
    Port p;
    p.board.run([&](Script& io) {
        Port::format(io, 12, 0x03);
        io.out8(mcr, 0x0b);
        io.out8(ier, 0x0f);
        io.in8(iir);
        io.in8(msr);
        const Time start = io.time();
        io.wait_until(start);
        p.uart.receive('x');
        p.uart.receive('y');
        const Time first = ticks.at(ticks.next(start) + 1920);
        io.wait_until(first - 1_ps);
        CHECK_FALSE(p.irq());
        io.wait_until(first);
        CHECK(p.irq());
        CHECK(io.in8(iir) == 0x04);
        io.wait_until(ticks.at(ticks.next(start) + 2 * 1920));
        CHECK(io.in8(iir) == 0x06);  // overrun comes before data
        CHECK(io.in8(lsr) == 0x63);
        CHECK(io.in8(lsr) == 0x61);
        CHECK(io.in8(iir) == 0x04);
        CHECK(io.in8(data) == 'y');
        CHECK(io.in8(iir) == 0x01);
        CHECK(io.in8(lsr) == 0x60);
    });
}

TEST_CASE("16550 receiver FIFO - trigger level and time-out after four characters") {
    Port p;
    p.board.run([&](Script& io) {
        Port::format(io, 12, 0x03);
        io.out8(fcr, 0x41);  // 4
        io.out8(mcr, 0x08);
        io.out8(ier, 0x01);
        io.wait(1_ms);
        const uint64_t k = ticks.next(io.time());
        for (char c : {'a', 'b', 'c', 'd', 'e'}) p.uart.receive(static_cast<uint8_t>(c));
        io.wait_until(ticks.at(k + 3 * 1920));
        CHECK_FALSE(p.irq());
        io.wait_until(ticks.at(k + 4 * 1920));
        CHECK(p.irq());
        CHECK(io.in8(iir) == 0xc4);
        io.in8(data);
        CHECK_FALSE(p.irq());
        io.wait_until(ticks.at(k + 5 * 1920));
        CHECK(io.in8(iir) == 0xc4);
        io.in8(data);
        const uint64_t read = ticks.next(io.time() - 720_ns);
        io.wait_until(ticks.at(read + 4 * 1920) - 1_ps);
        CHECK_FALSE(p.irq());
        io.wait_until(ticks.at(read + 4 * 1920));
        CHECK(p.irq());
        CHECK(io.in8(iir) == 0xcc);
        CHECK(io.in8(data) == 'c');
        CHECK_FALSE(p.irq());
    });
}

TEST_CASE("16550 receiver FIFO holds 16 and loses the seventeenth") {
    Port p;
    p.board.run([&](Script& io) {
        Port::format(io, 1, 0x03);
        io.out8(fcr, 0x01);
        io.wait(1_us);
        for (int i = 0; i < 17; ++i) p.uart.receive(static_cast<uint8_t>(i));
        io.wait(10_ms);
        CHECK(io.in8(lsr) == 0x63);
        for (int i = 0; i < 16; ++i) CHECK(io.in8(data) == i);
        CHECK(io.in8(lsr) == 0x60);
        io.out8(fcr, 0x00);
        CHECK(io.in8(iir) == 0x01);
    });
}

TEST_CASE("16550 loopback - data and modem outputs come back and nothing goes out") {
    Port p;
    p.board.run([&](Script& io) {
        Port::format(io, 1, 0x03);
        io.out8(mcr, 0x1a);  // RTS, OUT2
        CHECK((io.in8(msr) & 0xf0) == 0x90);
        CHECK((io.in8(msr) & 0x0f) == 0);
        io.out8(mcr, 0x15);  // DTR, OUT1
        CHECK(io.in8(msr) == 0x6b);
        io.out8(mcr, 0x10);
        CHECK(io.in8(msr) == 0x06);  // DSR changed, ring ended
        io.out8(data, 0x5a);
        io.wait(1_ms);
        CHECK(io.in8(lsr) == 0x61);
        CHECK(io.in8(data) == 0x5a);
    });
    CHECK(p.put.empty());
}

TEST_CASE("16550 registers - divisor latch behind DLAB and scratch") {
    Port p;
    p.board.run([&](Script& io) {
        Port::format(io, 0x1234, 0x03);
        io.out8(ier, 0xff);
        CHECK(io.in8(ier) == 0x0f);
        io.out8(lcr, 0x83);
        CHECK(io.in8(data) == 0x34);
        CHECK(io.in8(ier) == 0x12);
        io.out8(0x3ff, 0xa5);
        CHECK(io.in8(0x3ff) == 0xa5);
        const Time before = io.time();
        io.in8(lsr);
        CHECK(io.time() - before == 720_ns);
    });
}

TEST_CASE("16550 writes a file and refuses an output that can not be") {
    const std::string path = std::string{SOUTHBRIDGE_BINARY_DIR} + "/uart_test.txt";
    {
        TestBoard board;
        board.plug("uart16550", "com1", {{"output", "file:" + path}});
        CHECK_THROWS_AS(board.plug("uart16550", "com2", {{"output", "printer"}, {"port", "0x2f8"}}),
                        Error);
        board.run([&](Script& io) {
            Port::format(io, 1, 0x03);
            io.out8(data, 'h');
            io.out8(data, 'i');
            io.wait(1_ms);
        });
    }
    std::FILE* file = std::fopen(path.c_str(), "rb");
    REQUIRE(file);
    char text[8] = {};
    CHECK(std::fread(text, 1, sizeof text, file) == 2);
    CHECK(std::string{text} == "hi");
    std::fclose(file);
    std::remove(path.c_str());
}
