// SPDX-License-Identifier: Apache-2.0
//
// What a transfer moves, in every mode of the 8237A (231466-005, "DMA Operation").
#include <catch2/catch.hpp>

#include "tests/devices/isa_dma/dma_fixture.h"

using namespace sb;
using namespace sb::literals;
using namespace sb::test;

TEST_CASE("8237A every mode moves the right bytes to and from the right places") {
    struct Row {
        const char* what;
        uint8_t mode;
        unsigned channel;
        uint8_t page;
        uint16_t address;
        std::vector<uint32_t> at;  // memory addresses of four transfers
    };
    const Row rows[] = {
        {"single", single, 1, 0x02, 0x3000, {0x23000, 0x23001, 0x23002, 0x23003}},
        {"block", block, 2, 0x01, 0x00fe, {0x100fe, 0x100ff, 0x10100, 0x10101}},
        {"demand", demand, 0, 0x00, 0x4000, {0x4000, 0x4001, 0x4002, 0x4003}},
        {"downwards", single | down, 3, 0x05, 0x0001, {0x50001, 0x50000, 0x5ffff, 0x5fffe}},
        {"the page's end", demand, 1, 0x02, 0xfffe, {0x2fffe, 0x2ffff, 0x20000, 0x20001}},
        {"words", single, 5, 0x04, 0x0800, {0x41000, 0x41002, 0x41004, 0x41006}},
        {"words, with the page's lowest bit",
         block,
         6,
         0x05,
         0x8000,
         {0x50000, 0x50002, 0x50004, 0x50006}},
        {"words at the end of 128 KiB",
         demand,
         7,
         0x06,
         0xffff,
         {0x7fffe, 0x60000, 0x60002, 0x60004}},
        {"words downwards", block | down, 5, 0x02, 0x0001, {0x20002, 0x20000, 0x3fffe, 0x3fffc}},
    };
    for (const Row& row : rows) {
        for (const uint8_t type : {to_memory, from_memory, verify}) {
            INFO(row.what << ", type " << unsigned{type});
            const uint64_t wrong = isolated([&] {
                DmaBoard board;
                DmaDevice client{board, row.channel};
                const bool wide = row.channel > 4;
                for (unsigned i = 0; i < 0x100000; ++i)
                    board.memory_bytes[i] = static_cast<uint8_t>(i * 7 + (i >> 8) * 3);
                const std::vector<uint8_t> before(board.memory_bytes,
                                                  board.memory_bytes + 0x100000);
                board.run([&](Script& io) {
                    program(io, {row.channel, static_cast<uint8_t>(row.mode | type), row.page,
                                 row.address, 3});
                    board.synchronise(io);
                    client.want(4);
                    io.wait(50_us);
                });
                uint64_t bad = 0;
                std::vector<uint8_t> expected = before;
                for (unsigned i = 0; i < 4; ++i) {
                    const uint32_t at = row.at[i];
                    const unsigned sent = 0x5a01 + i;
                    if (type == to_memory) {
                        expected[at] = static_cast<uint8_t>(sent);
                        if (wide) expected[at + 1] = static_cast<uint8_t>(sent >> 8);
                    }
                    if (type == from_memory) {
                        const unsigned high = wide ? before[at + 1] : 0u;
                        bad += client.received.size() <= i ||
                               client.received[i] != (before[at] | high << 8);
                    }
                }
                bad += !std::equal(expected.begin(), expected.end(), board.memory_bytes);
                bad += client.ended.size() != 4 || client.counted_out.size() != 1;
                bad += client.sent.size() != (type == to_memory ? 4 : 0);
                bad += client.received.size() != (type == from_memory ? 4 : 0);
                return bad;
            });
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("8237A block mode needs DRQ only until DACK and demand mode goes on where it stopped") {
    DmaBoard board;
    DmaDevice client{board, 1};
    board.run([&](Script& io) {
        client.drop_at_dack = true;
        program(io, {.channel = 1, .mode = block | to_memory, .address = 0x100, .count = 9});
        board.synchronise(io);
        client.want(1);
        io.wait(50_us);
        CHECK(client.ended.size() == 10);
        CHECK(client.acknowledged.size() == 1);

        client.drop_at_dack = false;
        program(io, {.channel = 1, .mode = demand | to_memory, .address = 0x200, .count = 9});
        board.synchronise(io);
        client.want(4);
        io.wait(50_us);
        CHECK(client.ended.size() == 14);
        CHECK(read_word(io, 0x0c, 0x02) == 0x204);
        CHECK(read_word(io, 0x0c, 0x03) == 5);
        board.synchronise(io);
        client.want(100);  // terminal count stops it
        io.wait(50_us);
        CHECK(client.ended.size() == 20);
        CHECK(client.counted_out.size() == 2);
        CHECK(io.in8(0x08) == 0x22);
    });
    CHECK(board.memory_bytes[0x205] != 0);
    CHECK(board.memory_bytes[0x209] != 0);
    CHECK(board.memory_bytes[0x20a] == 0);
    CHECK(board.findings() == 0);
}

TEST_CASE("8237A auto-initialise begins again where the block began") {
    DmaBoard board;
    DmaDevice client{board, 5};
    board.run([&](Script& io) {
        program(io, {.channel = 5,
                     .mode = single | to_memory | automatic,
                     .page = 2,
                     .address = 0x0080,
                     .count = 2});
        board.synchronise(io);
        client.want(7);
        io.wait(100_us);
    });
    CHECK(client.ended.size() == 7);
    CHECK(client.counted_out.size() == 2);
    CHECK(board.memory_bytes[0x20100] == 0x07);  // the seventh: 5a01h + 6
    CHECK(board.memory_bytes[0x20102] == 0x05);
    CHECK(board.memory_bytes[0x20104] == 0x06);
}

TEST_CASE("8237A memory to memory copies and fills") {
    DmaBoard board;
    for (unsigned i = 0; i < 0x100; ++i)
        board.memory_bytes[0x8000 + i] = static_cast<uint8_t>(i ^ 0x5c);
    auto copy = [&](Script& io, uint8_t command, uint16_t target, uint16_t count) {
        io.out8(0x08, command);
        program(io, {.channel = 0, .mode = block | from_memory, .address = 0x8000, .count = count});
        program(io, {.channel = 1,
                     .mode = block | to_memory,
                     .page = 3,
                     .address = target,
                     .count = count});
        io.out8(0x0f, 0x0f);  // requests by software are not masked
        io.out8(0x09, 0x04);
        io.wait(1_ms);
    };
    board.run([&](Script& io) {
        copy(io, 0x01, 0x0040, 99);
        CHECK(io.in8(0x08) == 0x02);  // terminal count of channel 1 and no request left
        CHECK(io.in8(0x0d) == (99 ^ 0x5c));
        CHECK(read_word(io, 0x0c, 0x02) == 0x0040 + 100);
        CHECK(read_word(io, 0x0c, 0x00) == 0x8000 + 100);
        copy(io, 0x03, 0x0400, 63);  // channel 0 holds its address
        CHECK(read_word(io, 0x0c, 0x00) == 0x8000);
    });
    for (unsigned i = 0; i < 100; ++i) {
        INFO(i);
        CHECK(board.memory_bytes[0x30040 + i] == (i ^ 0x5c));
    }
    CHECK(board.memory_bytes[0x30040 + 100] == 0);
    for (unsigned i = 0; i < 64; ++i) CHECK(board.memory_bytes[0x30400 + i] == 0x5c);
    CHECK(board.memory_bytes[0x30440] == 0);
    CHECK(board.findings() == 0);
}

TEST_CASE("8237A priority is fixed or rotates after each service") {
    struct Row {
        const char* what;
        uint8_t command1, command2;
        std::vector<unsigned> order;
    };
    // Three channels want three single transfers each, at the same time.
    const Row rows[] = {
        {"fixed: the cascade first", 0x00, 0x00, {1, 1, 1, 3, 3, 3, 6, 6, 6}},
        {"rotating in the first controller", 0x10, 0x00, {1, 3, 1, 3, 1, 3, 6, 6, 6}},
        {"rotating in the second", 0x00, 0x10, {1, 6, 1, 6, 1, 6, 3, 3, 3}},
        {"rotating in both", 0x10, 0x10, {1, 6, 3, 6, 1, 6, 3, 1, 3}},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        const std::string order = isolated_text([&] {
            DmaBoard board;
            DmaDevice one{board, 1}, three{board, 3}, six{board, 6};
            std::map<Time, unsigned> ends;
            board.run([&](Script& io) {
                io.out8(0x08, row.command1);
                io.out8(0xd0, row.command2);
                for (unsigned channel : {1u, 3u, 6u})
                    program(io, {.channel = channel, .mode = single | to_memory, .count = 20});
                board.synchronise(io);
                for (DmaDevice* d : {&six, &three, &one}) d->want(3);
                io.wait(100_us);
            });
            for (auto [device, channel] : {std::pair{&one, 1u}, {&three, 3u}, {&six, 6u}})
                for (Time t : device->ended) ends[t] = channel;
            std::string text;
            for (auto [t, channel] : ends) text += std::to_string(channel);
            return text;
        });
        std::string expected;
        for (unsigned c : row.order) expected += std::to_string(c);
        CHECK(order == expected);
    }
}

TEST_CASE("8237A a service is not interrupted and the highest at HLDA is served") {
    DmaBoard board;
    DmaDevice one{board, 1}, zero{board, 0};
    board.run([&](Script& io) {
        program(io, {.channel = 0, .mode = single | to_memory, .count = 0});
        program(io, {.channel = 1, .mode = block | to_memory, .count = 7});
        const Time t = board.synchronise(io);
        one.want(100);
        io.wait_until(t + dma_clocks(8));
        zero.want(1);  // in the middle of the block
        io.wait(50_us);
        CHECK(zero.ended.at(0) > one.ended.at(7));

        board.synchronise(io);
        one.want(0);
        // Both within the clock until HRQ: the later one has the higher priority.
        program(io, {.channel = 0, .mode = single | to_memory, .count = 0});
        program(io, {.channel = 1, .mode = single | to_memory, .count = 0});
        const Time u = board.synchronise(io);
        one.want(1);
        io.wait_until(u + 100_ns);
        zero.want(1);
        io.wait(50_us);
        CHECK(zero.ended.at(1) == u + dma_clocks(6));
        CHECK(one.ended.at(8) == u + dma_clocks(12));
    });
}

TEST_CASE("8237A a request that goes before HRQ is forgotten") {
    DmaBoard board;
    DmaDevice client{board, 1};
    board.run([&](Script& io) {
        program(io, {.channel = 1});
        board.synchronise(io);
        client.want(1);
        io.wait(100_ns);
        client.want(0);
        io.wait(50_us);
        CHECK(client.ended.empty());
        board.synchronise(io);
        client.want(1);
        io.wait(50_us);
        CHECK(client.ended.size() == 1);
    });
}

TEST_CASE("8237A a channel in cascade mode gives DACK for as long as DRQ stays") {
    DmaBoard board;
    DmaDevice card{board, 6}, other{board, 1};
    LineLog dack{board.sim, board.board.line("dack6")};
    board.run([&](Script& io) {
        io.out8(0xd6, cascaded | 2);
        io.out8(0xd4, 2);
        program(io, {.channel = 1});
        const Time t = board.synchronise(io);
        card.want(1);
        io.wait_until(t + 3_us);
        other.want(1);
        io.wait_until(t + 20_us);
        CHECK(other.ended.empty());
        card.want(0);
        io.wait(20_us);
        REQUIRE(dack.changes.size() == 2);
        CHECK(dack.changes[0].first == t + dma_clocks(1));
        CHECK(dack.changes[1].first == t + 20_us);
        REQUIRE(other.ended.size() == 1);
        CHECK(other.ended[0] == t + 20_us + dma_clocks(6));
    });
    CHECK(card.ended.empty());
}

TEST_CASE("8237A nothing comes through while channel 4 is masked") {
    DmaBoard board{TestBoard::Settings{{"handoff", "none"}}};
    DmaDevice client{board, 2};
    board.run([&](Script& io) {
        program(io, {.channel = 2});
        board.synchronise(io);
        client.want(1);
        io.wait(100_us);
        CHECK(client.ended.empty());
        io.out8(0xd6, 0xc0);  // as firmware does
        io.out8(0xd4, 0x00);
        io.wait(10_us);
        CHECK(client.ended.size() == 1);
    });
    CHECK(board.findings() == 0);
}

TEST_CASE("8237A an address without memory reads all ones and is a finding") {
    DmaBoard board;
    DmaDevice client{board, 1};
    board.run([&](Script& io) {
        program(io, {.channel = 1, .mode = single | from_memory, .page = 0x80});
        board.synchronise(io);
        client.want(1);
        io.wait(10_us);
    });
    REQUIRE(client.received.size() == 1);
    CHECK(client.received[0] == 0xffff);
    CHECK(board.sim.findings().count("a DMA cycle went to an address that nothing claims") == 1);
}

TEST_CASE("8237A a transfer past the end of its page is a finding") {
    DmaBoard board;
    DmaDevice client{board, 1};
    board.run([&](Script& io) {
        program(io, {.channel = 1, .address = 0xfffe, .count = 1});
        board.synchronise(io);
        client.want(2);  // up to the end, and no further
        io.wait(10_us);
        CHECK(board.findings() == 0);
        program(io, {.channel = 1, .address = 0xfffe, .count = 2});
        board.synchronise(io);
        client.want(3);
        io.wait(10_us);
        CHECK(board.findings() == 1);
    });
}

TEST_CASE("a DMA channel has one device") {
    DmaBoard board;
    DmaDevice client{board, 1};
    CHECK_THROWS_WITH(board.plug("sound-blaster", "card"),
                      "card: DMA channel 1 is taken by another device");
}
