// SPDX-License-Identifier: Apache-2.0
//
// The PCI bus against its closed forms (PCI Local Bus Specification 2.2, chapter 3), at 30 ns a clock:
//
//     clocks = 1 address + 1 turnaround (read) + initial latency + N data + wait states + 1 idle
#include "tests/bus/pci_fixture.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::test;
using Result = pci::MasterPort::Result;

namespace {

constexpr Time pci_clock = Time::ns(30);
constexpr unsigned arbitration = 2;

pci::LocalBusTiming with_devsel(unsigned clock) {
    pci::LocalBusTiming timing;
    timing.bridge_devsel = clock;
    return timing;
}

void fill(Card& card, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i)
        card.port.buffer()[i] = static_cast<uint8_t>(i * 3 + i / 256 + 1);
}

struct BurstRow {
    unsigned devsel, width, beats;
    bool write;
};
struct Burst {
    Time ended, length, held;
    uint64_t sum, devsel, turnaround, beats, waits, transactions;
    bool right, balanced;
};

Burst burst(const BurstRow& row) {
    pci::LocalBusTiming timing = with_devsel(row.devsel);
    timing.width = row.width;
    PciBoard board{timing};
    Card card{board, "card", 3, true};
    PciLog log{board.stream};
    card.map(0xe0000000);
    const unsigned bytes = row.beats * row.width;
    fill(card, bytes);
    const std::vector<uint8_t> before(board.ram + 0x4000, board.ram + 0x4000 + bytes);
    board.run([&](Script& io) {
        io.wait(300_ns);
        card.port.request(row.write, 0x4000, bytes, {.early = true});
        io.wait(100_us);
    });
    const auto& one = log.rows.at(0);
    const uint8_t* expected = row.write ? board.ram + 0x4000 : before.data();
    const bus::BusSummary s = board.summary();
    return {card.ended.at(0) - 300_ns, one.length, s.held(), one.sum(), one.phases[0],
            one.phases[1], one.phases[3], one.phases[4], log.rows.size(),
            card.result == Result::done &&
                std::memcmp(expected, card.port.buffer(), bytes) == 0,
            s.balanced() && s.bytes_by_master() == bytes};
}

}  // namespace

TEST_CASE("a burst takes the clocks of the closed form by width and decode speed and direction") {
    for (const unsigned devsel : {2u, 3u, 4u})
        for (const unsigned width : {4u, 8u})
            for (const unsigned beats : {1u, 2u, 8u, 32u})
                for (const bool write : {false, true}) {
                    CAPTURE(devsel, width, beats, write);
                    const Burst b =
                        isolated([&] { return burst({devsel, width, beats, write}); });
                    // A read waits for its first line: an address clock and a beat a dword of 10 ns
                    // on the system bus, from the clock in which the bridge claimed.
                    const unsigned line = std::min(beats * width, 32u);
                    const unsigned fetch = (10 * (1 + line / 4) + 29) / 30;
                    const unsigned clocks =
                        write ? devsel - 1 + beats : devsel + fetch + beats;
                    CHECK(b.ended == pci_clock * (arbitration + clocks));
                    CHECK(b.length == pci_clock * (clocks + 1));
                    CHECK(b.held == pci_clock * clocks);
                    CHECK(b.sum == clocks + 1);
                    CHECK(b.devsel == devsel);
                    CHECK(b.turnaround == (write ? 0 : 1));
                    CHECK(b.beats == beats);
                    CHECK(b.waits == 0);
                    CHECK(b.transactions == 1);
                    CHECK(b.right);
                    CHECK(b.balanced);
                }
}

TEST_CASE("66 MHz halves the time") {
    pci::LocalBusTiming timing;
    timing.clock = Clock{66'666'667};
    PciBoard board{timing, fast_system(200'000'000)};
    Card card{board, "card", 3};
    card.map(0xe0000000);
    board.run([&](Script& io) {
        card.port.request(true, 0x4000, 128, {.early = true});
        io.wait(10_us);
    });
    CHECK(card.ended == std::vector<Time>{15_ns * (2 + 2 + 32)});
}

TEST_CASE("a write is complete when its last byte is in memory") {
    // Of memory at 10 MHz: a line of 8 dwords takes 9 clocks of 100 ns there, a PCI clock is 30 ns.
    PciBoard board{{}, fast_system(10'000'000)};
    Card card{board, "card", 3};
    card.map(0xe0000000);
    fill(card, 64);
    board.run([&](Script& io) {
        card.port.request(true, 0x4000, 64);
        io.wait(100_us);
    });
    // Arbitration, address and claim, the first line's 8 beats; then two lines one after the other.
    CHECK(card.ended == std::vector<Time>{pci_clock * (2 + 2 + 8) + 100_ns * 9 * 2});
    CHECK(std::memcmp(board.ram + 0x4000, card.port.buffer(), 64) == 0);
}

namespace {

struct Tenure {
    uint64_t bytes;
    Time length;
};

/// A master that wants all it can get, and another one that asks in the middle.
Tenure first_tenure(unsigned latency_timer, Time asked, unsigned first_wait = 5) {
    pci::LocalBusTiming timing;
    timing.write_latency = first_wait;  // claimed in clock 3
    timing.posting = 2048;
    PciBoard board{timing};
    Card greedy{board, "greedy", 3}, other{board, "other", 4};
    PciLog log{board.stream};
    greedy.map(0xe0000000, static_cast<uint8_t>(latency_timer));
    other.map(0xe0010000, 64);
    board.run([&](Script& io) {
        greedy.port.request(true, 0x8000, 4096);
        if (asked > Time{}) io.wait(pci_clock * 2 + asked);
        other.port.request(true, 0x4000, 4);
        io.wait(100_us);
    });
    CHECK(board.summary().balanced());
    return {log.rows.at(0).bytes, log.rows.at(0).length};
}

}  // namespace

TEST_CASE("the latency timer gives the throughput of PCI 2.2 table 3-4") {
    // With an 8-clock first data phase: data phases, total clocks, latency timer.
    struct Row {
        unsigned phases, clocks, timer;
    };
    for (const Row& row : {Row{8, 16, 14}, {16, 24, 22}, {32, 40, 38}, {64, 72, 70}}) {
        CAPTURE(row.timer);
        const Tenure t = isolated([&] { return first_tenure(row.timer, Time{}); });
        CHECK(t.bytes == row.phases * 4);
        CHECK(t.length == pci_clock * row.clocks);
    }
}

TEST_CASE("a tenure is at most the latency timer and 8 clocks") {
    for (const unsigned timer : {0u, 1u, 8u, 16u, 40u, 64u, 248u}) {
        CAPTURE(timer);
        const Tenure t = isolated([&] { return first_tenure(timer, Time{}); });
        CHECK(t.length > pci_clock * timer);
        CHECK(t.length <= pci_clock * (std::max(timer, 8u) + 8));
    }
}

TEST_CASE("a request that comes after the timer has expired ends the tenure with the next data phase") {
    // Claimed in clock 3 without waits: data phase k ends 2 + k clocks after the address phase began.
    struct Row {
        Time asked;
        unsigned phases;
    };
    for (const Row& row : {Row{300_ns, 9}, {310_ns, 9}, {329_ns, 9}, {330_ns, 10}, {900_ns, 29}}) {
        CAPTURE(row.asked.ps());
        const Tenure t = isolated([&] { return first_tenure(4, row.asked, 0); });
        CHECK(t.bytes == row.phases * 4);
        CHECK(t.length == pci_clock * (2 + row.phases + 1));
    }
}

TEST_CASE("saturated masters share the bus by turns to the clock") {
    pci::LocalBusTiming timing;
    timing.write_latency = 5;
    timing.posting = 2048;
    PciBoard board{timing, fast_system(200'000'000)};
    Card a{board, "a", 3}, b{board, "b", 4}, c{board, "c", 5};
    for (Card* card : {&a, &b, &c}) {
        card->map(0xe0000000 + 0x10000 * card->function.slot().device, 38);
        card->next = [card] { card->port.request(true, 0x8000, 65536, {.early = true}); };
    }
    PciLog log{board.stream};
    board.run([&](Script& io) {
        for (Card* card : {&a, &b, &c}) card->next();
        io.wait_until(pci_clock * (2 + 40 * 300) - 1_ns);  // 300 tenures
    });
    REQUIRE(log.rows.size() >= 299);
    for (size_t i = 0; i + 1 < log.rows.size(); ++i) {
        REQUIRE(log.rows[i].bytes == 128);
        REQUIRE(log.rows[i].length == pci_clock * 40);
        REQUIRE(log.rows[i + 1].at == log.rows[i].at + pci_clock * 40);
    }
    CHECK(a.port.stats().transactions == 100);
    CHECK(b.port.stats().transactions == 100);
    CHECK(c.port.stats().transactions == 100);
    CHECK(a.port.stats().worst_wait <= pci_clock * 81);
    CHECK(board.summary().balanced());
}

TEST_CASE("nobody claims an address: the master aborts after 5 clocks and its status says so") {
    PciBoard board;
    Card card{board, "card", 3};
    card.map(0xe0000000);
    board.run([&](Script& io) {
        card.port.request(false, 0x80000000, 64);
        io.wait(10_us);
    });
    CHECK(card.result == Result::master_abort);
    CHECK(card.ended == std::vector<Time>{pci_clock * (2 + 5)});
    CHECK(card.function.received_master_abort == 1);
    CHECK(card.function.received_target_abort == 0);
    CHECK(board.summary().balanced());
}

TEST_CASE("a burst past the end of memory moves what there is and then aborts") {
    PciBoard board;
    Card card{board, "card", 3};
    PciLog log{board.stream};
    card.map(0xe0000000);
    fill(card, 64);
    board.run([&](Script& io) {
        card.port.request(true, PciBoard::size - 32, 64);
        io.wait(10_us);
    });
    CHECK(card.result == Result::master_abort);
    CHECK(std::memcmp(board.ram + PciBoard::size - 32, card.port.buffer(), 32) == 0);
    CHECK(log.count("disconnect") == 1);
    CHECK(log.count("master-abort") == 1);
}

TEST_CASE("a target that answers with an error ends the request as a target abort") {
    PciBoard board;
    Card card{board, "card", 3}, target{board, "target", 4};
    PciLog log{board.stream};
    card.map(0xe0000000);
    target.map(0xe0010000);
    board.run([&](Script& io) {
        card.port.request(true, 0xe0011000, 16);
        io.wait(10_us);
    });
    CHECK(card.result == Result::target_abort);
    CHECK(card.function.received_target_abort == 1);
    CHECK(target.function.signalled_target_abort == 1);
    CHECK(log.count("target-abort") == 1);
}

TEST_CASE("a read whose first data can not come within 16 clocks is retried and finds its data") {
    // A line takes 9 clocks of 200 ns: 60 PCI clocks.
    PciBoard board{{}, fast_system(5'000'000)};
    Card card{board, "card", 3};
    PciLog log{board.stream};
    card.map(0xe0000000);
    const std::vector<uint8_t> before(board.ram + 0x4000, board.ram + 0x4020);
    board.run([&](Script& io) {
        card.port.request(false, 0x4000, 32);
        io.wait(100_us);
    });
    CHECK(card.result == Result::done);
    CHECK(std::memcmp(before.data(), card.port.buffer(), 32) == 0);
    // Retries of 16 clocks, an idle one, one more without a request, 2 of arbitration: every 19.
    REQUIRE(log.rows.size() == 4);
    for (size_t i = 0; i < 3; ++i) {
        CHECK(log.rows[i].end == "retry");
        CHECK(log.rows[i].length == pci_clock * 17);
        CHECK(log.rows[i].bytes == 0);
        CHECK(log.rows[i + 1].at == log.rows[i].at + pci_clock * 19);
    }
    // Asked for once: 3 + 60 clocks after the first address phase; the fourth begins at 57.
    CHECK(log.rows[3].end == "completion");
    CHECK(card.ended[0] == pci_clock * (2 + 3 + 60 + 8));
    CHECK(board.bus.held() == 200_ns * 9);
}

TEST_CASE("a read that has to wait more than 8 clocks for its next line is disconnected") {
    // The first line of one dword: 2 clocks of 100 ns, 7 of PCI; the next: 30 clocks of PCI.
    PciBoard board{{}, fast_system(10'000'000)};
    Card card{board, "card", 3};
    PciLog log{board.stream};
    card.map(0xe0000000);
    const std::vector<uint8_t> before(board.ram + 0x401c, board.ram + 0x4040);
    board.run([&](Script& io) {
        card.port.request(false, 0x401c, 36);
        io.wait(100_us);
    });
    CHECK(card.result == Result::done);
    CHECK(std::memcmp(before.data(), card.port.buffer(), 36) == 0);
    REQUIRE(log.rows.size() >= 2);
    CHECK(log.rows[0].end == "disconnect");
    CHECK(log.rows[0].bytes == 4);
    CHECK(log.rows[0].length == pci_clock * (3 + 7 + 1 + 8 + 1));
    CHECK(log.rows.back().end == "completion");
    CHECK(board.summary().balanced());
}

TEST_CASE("a write flows at PCI's speed until the posting buffer is full and then at memory's") {
    // A line takes 9 clocks of 50 ns there (15 clocks of PCI), 8 clocks of PCI to write.
    PciBoard board{{}, fast_system(20'000'000)};
    Card card{board, "card", 3};
    PciLog log{board.stream};
    card.map(0xe0000000);
    fill(card, 4096);
    board.run([&](Script& io) {
        card.port.request(true, 0x4000, 4096);
        io.wait(200_us);
    });
    CHECK(card.result == Result::done);
    CHECK(std::memcmp(board.ram + 0x4000, card.port.buffer(), 4096) == 0);
    // Memory is never idle from the first line's end on.
    CHECK(card.ended[0] == pci_clock * (2 + 2 + 8) + 50_ns * 9 * 128);
    CHECK(log.rows[0].phases[4] > 0);
    CHECK(board.summary().balanced());
    CHECK(board.summary().bytes_by_target() == 4096);
}

TEST_CASE("a write of which the next line has no room within 8 clocks is disconnected") {
    pci::LocalBusTiming timing;
    timing.posting = 32;
    PciBoard board{timing, fast_system(10'000'000)};
    Card card{board, "card", 3};
    PciLog log{board.stream};
    card.map(0xe0000000);
    fill(card, 64);
    board.run([&](Script& io) {
        card.port.request(true, 0x4000, 64);
        io.wait(100_us);
    });
    CHECK(std::memcmp(board.ram + 0x4000, card.port.buffer(), 64) == 0);
    CHECK(log.rows[0].end == "disconnect");
    CHECK(log.rows[0].bytes == 32);
    CHECK(log.rows[0].length == pci_clock * (2 + 8 + 8 + 1));
}

TEST_CASE("requests that are cancelled leave the bus and the memory in order") {
    // Cancelled at any clock of a write and of a read; then another one works.
    for (const bool write : {false, true})
        for (unsigned at = 0; at < 40; at += 3) {
            CAPTURE(write, at);
            const bool right = isolated([&] {
                PciBoard board{{}, fast_system(20'000'000)};
                Card card{board, "card", 3}, other{board, "other", 4};
                card.map(0xe0000000);
                other.map(0xe0010000);
                board.run([&](Script& io) {
                    card.port.request(write, 0x8000, 256);
                    other.port.request(true, 0x6000, 4);
                    io.wait(pci_clock * at + 1_ns);
                    card.port.cancel();
                    fill(card, 64);
                    card.port.request(true, 0x4000, 64);
                    io.wait(100_us);
                });
                return card.ended.size() == 1 && other.ended.size() == 1 &&
                       board.summary().balanced() &&
                       std::memcmp(board.ram + 0x4000, card.port.buffer(), 64) == 0;
            });
            CHECK(right);
        }
}

namespace {

/// Masters with random widths and timers write and read back regions of their own while a processor
/// accesses their registers, on a random bus. True where all data is right and the accounts balance.
bool random_machine(unsigned seed) {
    uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;
    auto below = [&](uint64_t n) {
        state = state * 6364136223846793005 + 1442695040888963407;
        return static_cast<uint32_t>((state >> 33) % n);
    };
    pci::LocalBusTiming timing;
    timing.clock = Clock{below(2) ? 33'333'333u : 66'666'667u};
    timing.width = below(2) ? 4 : 8;
    timing.bridge_devsel = 2 + below(3);
    timing.write_latency = below(6);
    timing.read_latency = below(4);
    timing.posting = 32u << below(4);
    timing.prefetch = 32u << below(3);
    const uint64_t system[]{3'000'000, 10'000'000, 33'333'333, 100'000'000};
    PciBoard board{timing, fast_system(system[below(4)])};
    struct Work {
        std::unique_ptr<Card> card;
        uint32_t region = 0, bytes = 0, at = 0, left = 0;
        bool reads = false, right = true;
    };
    std::vector<Work> all(1 + below(4));
    for (unsigned n = 0; n < all.size(); ++n) {
        Work& w = all[n];
        w.card = std::make_unique<Card>(board, "card" + std::to_string(n), 3 + n, below(2) == 0,
                                        Time::ns(below(4) * 40));
        w.card->map(0xe0000000 + 0x10000 * n, static_cast<uint8_t>(below(80)));
        w.region = 0x10000 * (n + 1);
        w.left = 5 + below(20);
        w.card->next = [&w, &below, &board, n] {
            uint8_t* data = w.card->port.buffer();
            if (w.reads && w.bytes > 0)
                w.right = w.right && w.card->result == Result::done &&
                          std::memcmp(data, board.ram + w.at, w.bytes) == 0;
            if (w.left-- == 0) return;
            w.reads = !w.reads || w.bytes == 0;
            if (!w.reads || below(2)) {
                w.at = w.region + below(2000);
                w.bytes = 1 + below(3000);
            }
            if (w.reads)
                for (unsigned i = 0; i < w.bytes; ++i)
                    board.ram[w.at + i] = static_cast<uint8_t>(below(256));
            else
                for (unsigned i = 0; i < w.bytes; ++i) data[i] = static_cast<uint8_t>(i + n);
            w.card->port.request(!w.reads, w.at, w.bytes);
        };
    }
    board.run(
        [&](Script& io) {
            for (Work& w : all) w.card->next();
            auto busy = [&] {
                for (Work& w : all)
                    if (w.card->port.busy()) return true;
                return false;
            };
            while (busy()) {
                if (below(2)) io.write32(0xe0000000 + 4 * below(4), below(1000));
                if (below(2)) io.read32(0xe0000000 + 4 * below(4));
                io.wait(Time::ns(below(20000)));
            }
        },
        Time::s(1));
    bool right = board.summary().balanced();
    for (Work& w : all) right = right && w.right && !w.card->port.busy();
    return right;
}

}  // namespace

TEST_CASE("random machines move the right data and their accounts balance") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        CAPTURE(seed);
        CHECK(isolated([&] { return random_machine(seed); }));
    }
}
