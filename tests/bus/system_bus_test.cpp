// SPDX-License-Identifier: Apache-2.0
//
// Timing of the system bus against its contract: 33.333 MHz (30000 ps), one address clock, one data
// clock a beat, 4 bytes wide.
#include <catch2/catch.hpp>

#include "tests/support/test_board.h"

using namespace sb;
using namespace sb::literals;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

struct Dma : Component {
    Dma(TestBoard& board, const std::string& name, unsigned priority)
        : Component{board.sim, name},
          port{*this, board.bus, board.stream, "dma", priority, [this](auto r) {
                   result = r;
                   ended.push_back(now());
                   if (again-- > 0) port.request(true, 0x1000, 64);
               }} {}
    bus::MasterPort port;
    std::vector<Time> ended;
    bus::MasterPort::Result result{};
    int again = 0;
};

}  // namespace

TEST_CASE("a single access takes the address clock, its beats and the memory's wait states") {
    TestBoard board;
    board.add_memory(0, 0x10000);
    board.run([&](Script& io) {
        io.read32(0x100);
        CHECK(io.time() == 60_ns);
        io.read32(0x102);  // straddles: two beats
        CHECK(io.time() == 150_ns);
        io.write(0x200, 1, 1);
        CHECK(io.time() == 210_ns);
    });
    CHECK(board.bus.held() == 210_ns);
}

TEST_CASE("a burst pays the address once per tenure and is cut at the longest tenure") {
    TestBoard board;
    uint8_t* memory = board.add_memory(0, 0x10000);
    Dma dma{board, "engine", 1};
    board.run([&](Script& io) {
        std::fill_n(dma.port.buffer(), 128, 0xab);
        dma.port.request(true, 0x2000, 128);
        io.wait(10_us);
    });
    REQUIRE(dma.ended.size() == 1);
    CHECK(dma.ended[0] == Time::ns(30) * (17 + 17));
    CHECK(memory[0x2000] == 0xab);
    CHECK(memory[0x207f] == 0xab);
    CHECK(memory[0x2080] == 0);
}

TEST_CASE("a processor waits for the tenure under way, and a master for the processor") {
    TestBoard board;
    board.add_memory(0, 0x10000);
    Dma dma{board, "engine", 1};
    board.run([&](Script& io) {
        dma.port.request(true, 0x2000, 64);  // 0 to 510 ns
        io.wait(100_ns);
        io.read32(0);
        CHECK(io.time() == 570_ns);
        dma.port.request(true, 0x2000, 4);  // asked at 0+510, when the access began
        io.wait(1_us);
    });
    CHECK(dma.ended == std::vector<Time>{510_ns, 630_ns});
    CHECK(board.processor.stats().waited == 410_ns);
}

TEST_CASE("a request of higher priority that comes before the grant wins") {
    TestBoard board;
    board.add_memory(0, 0x10000);
    Dma low{board, "low", 3}, high{board, "high", 1};
    board.run([&](Script& io) {
        io.wait(1_us);
        low.port.request(true, 0x2000, 64);  // at 1000, ends 1510
        low.again = 1;
        io.wait(100_ns);
        high.port.request(true, 0x3000, 64);  // waits; the low one's next request loses to it
        io.wait(10_us);
    });
    CHECK(high.ended == std::vector<Time>{2020_ns});
    CHECK(low.ended == std::vector<Time>{1510_ns, 2530_ns});
}

TEST_CASE("a burst to where nothing is ends as a master abort") {
    TestBoard board;
    board.add_memory(0, 0x1000);
    Dma dma{board, "engine", 1};
    board.run([&](Script& io) {
        dma.port.request(false, 0x80000000, 64);
        io.wait(10_us);
    });
    CHECK(dma.result == bus::MasterPort::Result::master_abort);
}

TEST_CASE("a write across the ends of memory tells of the pages that it reached and no others") {
    struct Watcher : bus::CodeWatcher {
        std::vector<uint64_t> pages;
        void code_written(uint64_t page) override { pages.push_back(page); }
    };
    TestBoard board;
    uint8_t* memory = board.add_memory(0x10000, 0x1000);
    Watcher watcher;
    board.memory.add_code_watcher(watcher);
    bus::DirectMemory* direct = board.memory.find(0x10000)->direct;
    direct->page_flags[0] = bus::DirectMemory::has_code;
    board.run([&](Script& io) {
        io.write32(0xfffe, 0x44332211);  // begins in a hole
        CHECK(watcher.pages == std::vector<uint64_t>{0x10});
        io.write32(0x10ffe, 0x44332211);  // ends in one
        CHECK(watcher.pages == std::vector<uint64_t>{0x10, 0x10});
    });
    CHECK(memory[0] == 0x33);
    CHECK(memory[0xfff] == 0x22);
}
