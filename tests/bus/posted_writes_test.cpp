// SPDX-License-Identifier: Apache-2.0
//
// The write buffer, LOCK#, turnaround and the synchronous bus, by closed forms: 30 ns a clock
// (33.333 MHz), a single access 60 ns, a burst of n beats (n + 1) clocks.
#include <catch2/catch.hpp>

#include "tests/bus/bus_masters.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::literals;
using sb::test::Kept;
using sb::test::Saturator;
using sb::test::Script;
using sb::test::TestBoard;

namespace {

bus::SystemBusTiming with_buffer(unsigned entries) {
    bus::SystemBusTiming timing;
    timing.posted_writes = entries;
    return timing;
}

}  // namespace

TEST_CASE("a posted write takes a clock and a read waits until the buffer is empty") {
    TestBoard board{with_buffer(4)};
    uint8_t* memory = board.add_memory(0, 0x10000);
    Kept accesses{board, observe::Kind::access};
    board.run([&](Script& io) {
        for (uint32_t n = 0; n < 4; ++n) {
            io.write32(0x100 + 4 * n, n + 1);
            CHECK(io.time() == 30_ns * (n + 1));
        }
        CHECK(io.read32(0x108) == 3);
        CHECK(io.time() == 300_ns);  // after 4 writes of 60 ns
    });
    CHECK(memory[0x10c] == 4);
    REQUIRE(accesses.events.size() == 5);
    for (size_t n = 0; n < 5; ++n) CHECK(accesses.events[n].at == 60_ns * n);
    CHECK(accesses.sources[3] == "processor.posted");
    CHECK(accesses.sources[4] == "processor");
    CHECK(board.bus.summary(300_ns).balanced());
    CHECK(board.bus.summary(300_ns).idle == Time{});
}

TEST_CASE("a write to a full buffer waits for a place") {
    TestBoard board{with_buffer(2)};
    board.add_memory(0, 0x10000);
    board.run([&](Script& io) {
        std::vector<Time> times;
        for (int n = 0; n < 5; ++n) {
            io.write32(0x100, 1);
            times.push_back(io.time());
        }
        // The third finds the first ended; the fourth waits until the second has, at 120 ns.
        CHECK(times == std::vector<Time>{30_ns, 60_ns, 90_ns, 150_ns, 210_ns});
    });
}

TEST_CASE("posted writes cost no events while nobody else wants the bus") {
    TestBoard board{with_buffer(4)};
    board.add_memory(0, 0x10000);
    uint64_t before = 0, after = 0;
    board.run([&](Script& io) {
        io.wait(1_us);
        before = board.sim.timer_calls();
        for (int n = 0; n < 10'000; ++n) io.write32(0x100, 1);
        for (int n = 0; n < 100; ++n) io.read32(0x100);
        after = board.sim.timer_calls();
        io.wait(1_us);
    });
    CHECK(after == before);
    const bus::BusSummary sum = board.bus.summary(board.sim.now());
    CHECK(sum.masters[1].transactions == 10'000);
    CHECK(sum.balanced());
}

TEST_CASE("queued writes compete with bus masters and a burst over one of them waits for it") {
    TestBoard board{with_buffer(4)};
    uint8_t* memory = board.add_memory(0, 0x10000);
    // The processor's priority is 7: both masters' bursts go first, unless they reach what is
    // queued.
    Saturator other{board, "other", 0, 0x2000, 64, false}, same{board, "same", 1, 0x100, 8, false};
    Kept accesses{board, observe::Kind::access};
    board.run([&](Script& io) {
        other.start(2);  // 0 to 510, and again
        io.write32(0x104, 0xaa);
        CHECK(io.time() == 30_ns);
        same.start(1);
        io.wait(5_us);
    });
    CHECK(other.ended == std::vector<Time>{510_ns, 1020_ns});
    REQUIRE(accesses.events.size() == 1);
    CHECK(accesses.events[0].at == 1020_ns);
    CHECK(same.ended == std::vector<Time>{1020_ns + 60_ns + 90_ns});
    CHECK(same.port.buffer()[4] == 0xaa);
    CHECK(memory[0x104] == 0xaa);
}

TEST_CASE("a write to what a burst under way reaches waits for the tenure") {
    TestBoard board{with_buffer(4)};
    board.add_memory(0, 0x10000);
    Saturator reader{board, "reader", 0, 0x100, 64, false};
    board.run([&](Script& io) {
        reader.start(1);
        io.wait(100_ns);
        io.write32(0x120, 0xbb);
        CHECK(io.time() == 540_ns);
        io.wait(5_us);
    });
    CHECK(reader.port.buffer()[0x20] == 0);  // what was there when it began
}

TEST_CASE("a locked access holds the bus from its read to its write") {
    for (const bool lock : {false, true}) {
        struct Ends {
            uint64_t dma, write;
        };
        const Ends ends = test::isolated([&] {
            TestBoard board;
            board.add_memory(0, 0x10000);
            Saturator dma{board, "dma", 0, 0x2000, 64};
            Kept locks{board, observe::Kind::bus_lock};
            Time written;
            board.run([&](Script& io) {
                if (lock) board.processor.lock();
                io.wait(1_us);
                io.read32(0x100);  // to 1060
                dma.start(1);      // asks at 1000, while that is under way
                io.write32(0x100, 1);
                written = io.time();
                if (lock) board.processor.unlock(written);
                io.wait(5_us);
            });
            if (lock) {
                REQUIRE(locks.events.size() == 2);
                CHECK(locks.events[0].at == 1000_ns);
                CHECK(locks.events[1].at == 1120_ns);
            }
            return Ends{dma.ended.at(0).ps(), written.ps()};
        });
        CHECK(ends.write == (lock ? 1'120'000 : 1'630'000));
        CHECK(ends.dma == (lock ? 1'630'000 : 1'570'000));
    }
}

TEST_CASE("a locked master keeps the bus between its bursts") {
    TestBoard board;
    board.add_memory(0, 0x10000);
    Saturator dma{board, "dma", 8, 0x2000, 64};
    Time read;
    board.run([&](Script& io) {
        dma.port.lock(true);
        dma.start(2);
        io.wait(100_ns);
        io.read32(0x100);  // priority 7 is better than 8
        read = io.time();
    });
    // Nobody unlocks: the second burst was the last, and the processor waits for ever.
    CHECK(read == Time{});
    CHECK(dma.ended == std::vector<Time>{510_ns, 1020_ns});
    dma.port.lock(false);
    CHECK(board.bus.summary(board.sim.now()).balanced());
}

TEST_CASE("a turnaround is lost where the owner changes and not hidden by idle time") {
    bus::SystemBusTiming timing;
    timing.turnaround_clocks = 2;
    TestBoard board{timing};
    board.add_memory(0, 0x10000);
    Saturator dma{board, "dma", 0, 0x2000, 4};
    Kept turned{board, observe::Kind::turnaround};
    board.run([&](Script& io) {
        io.read32(0);  // 0 to 60
        io.read32(0);  // to 120: the same owner
        dma.start(1);  // asks at 60 (the kernel's time is that of the access): 120, begins at 180
        io.wait_until(1_us);
        io.read32(0);  // long after it: no turnaround
        CHECK(io.time() == 1060_ns);
        dma.start(1);
        io.wait_until(2_us);
    });
    REQUIRE(dma.ended.size() == 2);
    CHECK(dma.ended[0] == 240_ns);
    CHECK(dma.ended[1] == 1180_ns);
    const bus::BusSummary sum = board.bus.summary(2_us);
    CHECK(sum.turnaround == 120_ns);
    CHECK(sum.balanced());
    REQUIRE(turned.events.size() == 2);
    CHECK(turned.events[0].at == 120_ns);
    CHECK(turned.events[0].values[0] == 60'000);
    CHECK(dma.port.stats().worst_wait == 180_ns);
}

TEST_CASE("on a synchronous bus transactions begin on clock edges and a rival in time wins") {
    bus::SystemBusTiming timing;
    timing.synchronous = true;
    TestBoard board{timing};
    board.add_memory(0, 0x10000);
    Saturator dma{board, "dma", 0, 0x2000, 4};
    Kept accesses{board, observe::Kind::access};
    board.run([&](Script& io) {
        io.wait(10_ns);
        io.read32(0);
        CHECK(io.time() == 90_ns);
        io.wait(40_ns);  // 130
        dma.start(1);    // asks at 130, for the edge at 150; so does the processor
        io.read32(0);
        CHECK(io.time() == 270_ns);
    });
    CHECK(dma.ended == std::vector<Time>{210_ns});
    for (const auto& e : accesses.events) CHECK(e.at % 30_ns == Time{});
    CHECK(board.processor.stats().worst_wait == 80_ns);
}

TEST_CASE("events of the bus have command and data and wait") {
    TestBoard board;
    uint8_t* memory = board.add_memory(0, 0x10000);
    board.memory.find(0)->direct->first_wait_clocks = 3;
    Saturator dma{board, "dma", 0, 0x2000, 16};
    Kept accesses{board, observe::Kind::access}, bursts{board, observe::Kind::burst},
        requests{board, observe::Kind::bus_request};
    memory[0x100] = 0x77;
    using observe::Command;
    board.run([&](Script& io) {
        io.read32(0x100);
        io.write32(0x200, 0x11223344);
        io.in8(0x500);
        std::fill_n(dma.port.buffer(), 16, 0x5a);
        dma.start(1);
        io.wait(1_us);
    });
    auto row = [](const observe::Event& e) {
        return std::vector<uint64_t>(e.values.begin(), e.values.end());
    };
    auto number = [](Command c) { return static_cast<uint64_t>(c); };
    REQUIRE(accesses.events.size() == 3);
    CHECK(row(accesses.events[0]) ==
          std::vector<uint64_t>{0x100, 4, 150'000, number(Command::memory_read), 0x77, 90'000});
    CHECK(row(accesses.events[1]) == std::vector<uint64_t>{0x200, 4, 150'000,
                                                           number(Command::memory_write),
                                                           0x11223344, 90'000});
    CHECK(row(accesses.events[2]) ==
          std::vector<uint64_t>{0x500, 1, 60'000, number(Command::port_read), 0xff, 0});
    REQUIRE(bursts.events.size() == 1);
    CHECK(row(bursts.events[0]) == std::vector<uint64_t>{0x2000, 16, 240'000,
                                                         number(Command::memory_write), 0x5a5a5a5a,
                                                         90'000});
    REQUIRE(requests.events.size() == 1);
    CHECK(requests.events[0].values[1] == 16);
    const bus::BusSummary sum = board.bus.summary(board.sim.now());
    CHECK(sum.bytes_by_master() == 4 + 4 + 1 + 16);
    for (const bus::Traffic& t : sum.targets) CHECK(t.bytes == (t.name == "memory" ? 24u : 1u));
}
