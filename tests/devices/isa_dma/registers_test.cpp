// SPDX-License-Identifier: Apache-2.0
//
// The 8237A's registers against its data sheet (231466-005), and the page registers of the PC/AT.
#include <catch2/catch.hpp>

#include "tests/devices/isa_dma/dma_fixture.h"

using namespace sb;
using namespace sb::literals;
using namespace sb::test;

namespace {

/// Runs a script on a fresh board in a process of its own, and gives what it returns.
template <typename F>
auto on_board(F&& body) {
    return isolated([&] {
        DmaBoard board;
        std::invoke_result_t<F, Script&, DmaBoard&> result{};
        board.run([&](Script& io) { result = body(io, board); });
        return result;
    });
}

}  // namespace

TEST_CASE("8237A addresses and counts pass low byte first through one flip-flop") {
    for (unsigned channel : {0u, 1u, 2u, 3u, 5u, 6u, 7u}) {
        INFO("channel " << channel);
        const DmaPorts p = dma_ports(channel);
        struct Seen {
            unsigned address, count, crossed, swapped;
        };
        const Seen seen = on_board([&](Script& io, DmaBoard&) {
            Seen s{};
            io.out8(p.flip_flop, 0);
            io.out8(p.address, 0x34);
            io.out8(p.address, 0x12);
            io.out8(p.count, 0x78);
            io.out8(p.count, 0x56);
            s.address = read_word(io, p.flip_flop, p.address);
            s.count = read_word(io, p.flip_flop, p.count);
            // The flip-flop is one for all: the low byte of the one, the high byte of the other.
            io.out8(p.flip_flop, 0);
            s.crossed = io.in8(p.address);
            s.crossed |= unsigned{io.in8(p.count)} << 8;
            // Left in the middle, it takes the next byte as a high one.
            io.out8(p.flip_flop, 0);
            io.in8(p.address);
            io.out8(p.address, 0xab);
            s.swapped = read_word(io, p.flip_flop, p.address);
            return s;
        });
        CHECK(seen.address == 0x1234);
        CHECK(seen.count == 0x5678);
        CHECK(seen.crossed == 0x5634);
        CHECK(seen.swapped == 0xab34);
    }
}

TEST_CASE("8237A each controller has a flip-flop of its own") {
    DmaBoard board;
    board.run([&](Script& io) {
        io.out8(0x0c, 0);
        io.out8(0xd8, 0);
        io.out8(0x02, 0x11);
        io.out8(0xc4, 0x22);  // a low byte too
        io.out8(0xc4, 0x33);
        io.out8(0x02, 0x44);
        CHECK(read_word(io, 0x0c, 0x02) == 0x4411);
        CHECK(read_word(io, 0xd8, 0xc4) == 0x3322);
    });
    CHECK(board.findings() == 0);
}

TEST_CASE("8237A mask bits - one by one and together and at reset") {
    struct Row {
        const char* what;
        std::vector<std::pair<uint8_t, uint8_t>> writes;  // port, value
        unsigned masks;
    };
    const Row rows[] = {
        {"reset masks all", {}, 0xf},
        {"one is cleared", {{0x0a, 0x02}}, 0xb},
        {"one is set", {{0x0e, 0}, {0x0a, 0x05}}, 0x2},
        {"clear mask register", {{0x0e, 0xff}}, 0x0},
        {"all at once", {{0x0f, 0x06}}, 0x6},
        {"upper bits do nothing", {{0x0f, 0xf9}}, 0x9},
        {"master clear sets them", {{0x0e, 0}, {0x0d, 0}}, 0xf},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        CHECK(on_board([&](Script& io, DmaBoard&) {
                  for (auto [port, value] : row.writes) io.out8(port, value);
                  return unsigned{io.in8(0x0f)};
              }) == row.masks);
    }
}

TEST_CASE("8237A status - requests show and terminal counts clear when read") {
    DmaBoard board;
    DmaDevice one{board, 1};
    board.run([&](Script& io) {
        CHECK(io.in8(0x08) == 0);
        board.synchronise(io);
        one.want(1);  // masked: it shows, and nothing happens
        io.wait(10_us);
        CHECK(io.in8(0x08) == 0x20);
        CHECK(one.ended.empty());
        program(io, {.channel = 1, .mode = single | to_memory});
        io.wait(10_us);
        CHECK(one.ended.size() == 1);
        CHECK(io.in8(0x08) == 0x02);
        CHECK(io.in8(0x08) == 0x00);
    });
    CHECK(board.findings() == 0);
}

TEST_CASE("8237A terminal count masks a channel or reloads it") {
    struct Seen {
        unsigned address, count, masks;
    };
    auto after = [](uint8_t mode, unsigned transfers) {
        return isolated([=] {
            DmaBoard board;
            DmaDevice client{board, 3};
            Seen s{};
            board.run([&](Script& io) {
                program(io, {.channel = 3, .mode = mode, .address = 0x2000, .count = 2});
                board.synchronise(io);
                client.want(transfers);
                io.wait(50_us);
                s.address = read_word(io, 0x0c, 0x06);
                s.count = read_word(io, 0x0c, 0x07);
                s.masks = io.in8(0x0f);
            });
            return s;
        });
    };
    Seen s = after(single | to_memory, 2);
    CHECK(s.address == 0x2002);
    CHECK(s.count == 0);
    CHECK(s.masks == 0x7);
    s = after(single | to_memory, 3);  // count 2 is three transfers
    CHECK(s.address == 0x2003);
    CHECK(s.count == 0xffff);
    CHECK(s.masks == 0xf);
    s = after(single | to_memory | automatic, 3);
    CHECK(s.address == 0x2000);
    CHECK(s.count == 2);
    CHECK(s.masks == 0x7);
    s = after(single | to_memory | automatic, 4);
    CHECK(s.address == 0x2001);
    CHECK(s.count == 1);
    s = after(single | to_memory | automatic | down, 2);
    CHECK(s.address == 0x1ffe);
}

TEST_CASE("8237A master clear is a reset but for modes and addresses") {
    DmaBoard board;
    DmaDevice client{board, 1};
    board.run([&](Script& io) {
        program(io, {.channel = 1, .mode = single | to_memory, .address = 0x1234, .count = 5});
        io.out8(0x08, 0x04);  // disabled
        io.out8(0x02, 0x00);  // the flip-flop is in the middle
        io.out8(0x0d, 0x00);
        CHECK(io.in8(0x02) == 0x00);
        CHECK(io.in8(0x02) == 0x12);
        CHECK(io.in8(0x0d) == 0x00);
        io.out8(0x0a, 0x01);
        board.synchronise(io);
        client.want(1);  // it is enabled again, and the mode is still there
        io.wait(10_us);
        CHECK(client.sent.size() == 1);
    });
}

TEST_CASE("8237A a disabled controller serves nobody until it is enabled") {
    DmaBoard board;
    DmaDevice client{board, 1};
    board.run([&](Script& io) {
        program(io, {.channel = 1});
        io.out8(0x08, 0x04);
        board.synchronise(io);
        client.want(1);
        io.wait(100_us);
        CHECK(client.sent.empty());
        io.out8(0x08, 0x00);
        io.wait(10_us);
        CHECK(client.sent.size() == 1);
        // The second controller disabled blocks the first one's channels as well.
        io.out8(0xd0, 0x04);
        program(io, {.channel = 1});
        board.synchronise(io);
        client.want(1);
        io.wait(100_us);
        CHECK(client.sent.size() == 1);
        io.out8(0xd0, 0x00);
        io.wait(10_us);
        CHECK(client.sent.size() == 2);
    });
}

TEST_CASE("page registers are storage and port 80h too") {
    DmaBoard board;
    board.run([&](Script& io) {
        for (unsigned i = 0; i < 16; ++i)
            io.out8(static_cast<uint16_t>(0x80 + i), static_cast<uint8_t>(0xf0 ^ i));
        for (unsigned i = 0; i < 16; ++i)
            CHECK(io.in8(static_cast<uint16_t>(0x80 + i)) == (0xf0 ^ i));
    });
    CHECK(board.findings() == 0);
}

TEST_CASE("8237A what the part leaves undefined is a finding") {
    struct Row {
        const char* what;
        std::vector<std::pair<uint8_t, uint8_t>> writes;
        const char* finding;
    };
    const Row rows[] = {
        {"type 3",
         {{0x0b, 0x4d}},
         "a DMA channel was given the illegal transfer type 3 (taken as verify)"},
        {"polarity",
         {{0x08, 0x40}},
         "a DMA controller was given a polarity of DREQ or DACK that this board does not have: "
         "ignored"},
        {"request in single mode",
         {{0x0b, 0x45}, {0x09, 0x05}},
         "a DMA request was made by software on a channel that is not in block mode"},
        {"request of the cascade",
         {{0xd2, 0x04}},
         "a DMA request was made by software on channel 4, the cascade: ignored"},
        {"nobody there",
         {{0x0b, 0x81}, {0x09, 0x05}},
         "a DMA channel was served that no device is on"},
        {"memory to memory in words",
         {{0xd0, 0x01}},
         "memory-to-memory transfers were enabled on the 16-bit DMA controller, whose channel 0 is "
         "the "
         "cascade: ignored"},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        CHECK(on_board([&](Script& io, DmaBoard& board) {
                  for (auto [port, value] : row.writes) io.out8(port, value);
                  io.wait(200_ms);
                  return board.sim.findings().count(row.finding);
              }) > 0);
    }
}
