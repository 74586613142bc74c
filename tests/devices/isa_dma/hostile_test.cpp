// SPDX-License-Identifier: Apache-2.0
//
// Random programs of controllers, clients and the sound card, more often sensible than the generic
// fuzz test's: nothing breaks, the bus's account is kept, and every cycle is in it.
#include <catch2/catch.hpp>

#include <random>

#include "tests/devices/isa_dma/dma_fixture.h"

using namespace sb;
using namespace sb::literals;
using namespace sb::test;

namespace {

class Hostile {
  public:
    Hostile(DmaBoard& board, uint64_t seed) : random_{seed} {
        for (unsigned channel : {0u, 2u, 3u, 5u, 6u, 7u})
            clients_.push_back(std::make_unique<DmaDevice>(board, channel));
    }

    void run(Script& io) {
        for (int i = 0; i < 1500; ++i) {
            switch (below(8)) {
                case 0:
                    program(io, {.channel = channels[below(7)],
                                 .mode = static_cast<uint8_t>(byte() & 0xfc),
                                 .page = byte(),
                                 .address = static_cast<uint16_t>(random_()),
                                 .count = static_cast<uint16_t>(below(300))});
                    break;
                case 1:
                    io.out8(static_cast<uint16_t>(below(16)), byte());
                    break;
                case 2:
                    io.out8(static_cast<uint16_t>(0xc0 + 2 * below(16)), byte());
                    break;
                case 3:
                    dsp(io);
                    break;
                case 4:
                case 5: {
                    io.wait(Time{});
                    DmaDevice& client = *clients_[below(clients_.size())];
                    client.hold = below(16) == 0;
                    client.drop_at_dack = below(2);
                    client.want(static_cast<unsigned>(below(20)));
                    break;
                }
                case 6:
                    io.wait(Time::ps(below(4'000'000)));
                    break;
                default:
                    // Ways out of a mode in which nothing else would come through.
                    io.wait(Time{});
                    for (auto& client : clients_) client->want(0);
                    io.out8(0xd6, 0xc0);
                    io.out8(0xd4, 0);
                    io.out8(0x08, 0);
                    io.out8(0xd0, 0);
            }
        }
        io.wait(500_ms);  // software requests may stand for whole blocks
    }

    uint64_t cycles() const {
        uint64_t sum = 0;
        for (const auto& client : clients_) sum += client->ended.size();
        return sum;
    }

  private:
    static constexpr std::array<unsigned, 7> channels{0, 1, 2, 3, 5, 6, 7};
    uint64_t below(uint64_t n) { return random_() % n; }
    uint8_t byte() { return static_cast<uint8_t>(random_()); }
    void dsp(Script& io) {
        static constexpr std::array<uint8_t, 12> commands{0x14, 0x1c, 0x24, 0x2c, 0x40, 0x48,
                                                          0x80, 0x91, 0xd0, 0xd4, 0xda, 0xf2};
        if (below(8) == 0) {
            io.out8(0x226, 1);
            io.wait(4_us);
            io.out8(0x226, 0);
            io.wait(100_us);
        }
        io.out8(0x22c, below(4) ? commands[below(commands.size())] : byte());
        for (uint64_t n = below(3); n > 0; --n) io.out8(0x22c, byte());
        io.in8(0x22e);
    }

    std::mt19937_64 random_;
    std::vector<std::unique_ptr<DmaDevice>> clients_;
};

}  // namespace

TEST_CASE("random programs of DMA and sound break nothing") {
    uint64_t cycles = 0;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        struct Seen {
            bool balanced, counted;
            uint64_t cycles;
        };
        const Seen seen = isolated([&] {
            DmaBoard board;
            board.plug("sound-blaster", "card", {{"input", seed % 2 ? "sine" : "pattern"}});
            Hostile hostile{board, seed};
            board.run([&](Script& io) { hostile.run(io); });
            const bus::BusSummary s = board.bus.summary(board.sim.now());
            uint64_t transactions = 0, moved = 0;
            for (const auto& m : s.masters)
                if (m.name == "dma.port") transactions = m.transactions;
            for (const Counter* c : board.controller->counters())
                if (std::string{c->name()} == "transfers") moved = c->value();
            return Seen{s.held() + s.turnaround + s.idle == s.elapsed,
                        // A transfer from memory to memory is two; one may be cut off by the end.
                        moved <= transactions && transactions <= 2 * moved + 2, hostile.cycles()};
        });
        CHECK(seen.balanced);
        CHECK(seen.counted);
        cycles += seen.cycles;
    }
    CHECK(cycles > 10'000);
}
