// SPDX-License-Identifier: Apache-2.0
//
// Random registers, remote DMA and frames, more often sensible than the generic fuzz test's:
// nothing breaks, and every frame that came was stored or dropped at a place with a name, once.
#include <catch2/catch.hpp>

#include <random>

#include "tests/devices/ne2000/ne2000_fixture.h"

using namespace sb;
using namespace sb::literals;
using namespace sb::test;
using observe::Stage;

namespace {

class Hostile {
  public:
    Hostile(NicBoard& board, uint64_t seed) : board_{board}, random_{seed} {}

    void run(Script& io, unsigned steps) {
        for (unsigned i = 0; i < steps; ++i) step(io);
        io.wait(200_ms);
    }
    size_t frames = 0;

  private:
    uint64_t below(uint64_t n) { return random_() % n; }
    uint8_t byte() { return static_cast<uint8_t>(random_()); }
    void step(Script& io) {
        switch (below(10)) {
            case 0:
                // Rarely, so that rings fill; with room for errors, broadcast and monitor mode.
                if (below(24) == 0) initialise(io, below(4) ? 0x05 : byte(), byte());
                return;
            case 1:
                return remote(io, static_cast<uint8_t>(byte() & 0xfb),
                              static_cast<uint16_t>(random_()), static_cast<uint16_t>(below(600)));
            case 2:
                for (unsigned i = 0; i < 64; ++i)
                    below(2) ? void(io.in(data_port, 1u << below(3)))
                             : io.out(data_port, random_(), 1u << below(3));
                return;
            case 3:
                return io.out8(static_cast<uint16_t>(base + below(32)), byte());
            case 4:
                return void(io.in8(static_cast<uint16_t>(base + below(below(64) ? 24 : 32))));
            case 5:
                io.out8(tbcr1, static_cast<uint8_t>(below(8) ? below(6) : byte()));
                return io.out8(cr, static_cast<uint8_t>(byte() | 4));
            case 6:
                return io.wait(Time::ps(below(3'000'000'000)));
            default:
                return frame(io);
        }
    }
    void frame(Script& io) {
        size_t bytes = below(4) ? 60 + below(1500) : below(below(8) ? 200 : 70'000);
        Bytes to = below(3) ? own : below(2) ? everyone : other;
        ++frames;
        board_.bring(io, frame_of(to, bytes), static_cast<uint32_t>(frames), below(8) == 0);
        if (below(4)) io.wait(10_us);
    }

    NicBoard& board_;
    std::mt19937_64 random_;
};

struct Account {
    bool balanced = false;
    uint64_t received = 0, full = 0;
};

Account account(const NicBoard& b, size_t frames) {
    std::map<uint32_t, unsigned> ends;
    size_t interrupts = 0;
    for (const auto& e : b.stages.log) {
        if (e.stage == Stage::interrupt) ++interrupts;
        // What the card itself sends has other numbers.
        if ((e.stage == Stage::stored || e.stage == Stage::dropped) && e.packet <= frames)
            ++ends[e.packet];
    }
    uint64_t counted = 0;
    for (const char* name : {"received", "dropped_off", "dropped_filter", "dropped_length",
                             "dropped_fcs", "dropped_full", "dropped_overrun"})
        counted += b.counter(name);
    Account a{ends.size() == frames && counted == frames && interrupts == b.counter("interrupts"),
              b.counter("received"), b.counter("dropped_full")};
    for (const auto& [packet, times] : ends) a.balanced = a.balanced && times == 1;
    return a;
}

}  // namespace

TEST_CASE("ne2000 withstands random programs, and accounts for every frame") {
    uint64_t received = 0, full = 0;
    for (uint64_t seed = 1; seed <= 6; ++seed) {
        INFO("seed " << seed);
        const Account got = isolated([&] {
            NicBoard b;
            Account a;
            b.run([&](Script& io) {
                Hostile hostile{b, seed};
                hostile.run(io, 4000);
                io.in8(reset_port);  // nothing is left in the middle
                a = account(b, hostile.frames);
            });
            return a;
        });
        CHECK(got.balanced);
        received += got.received;
        full += got.full;
    }
    CHECK(received > 100);
    CHECK(full > 0);
}
