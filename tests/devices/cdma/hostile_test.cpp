// SPDX-License-Identifier: Apache-2.0
//
// Guests that do what no driver should: random registers, random rings of any content and address.
// Nothing may crash, hang, or loop without time passing, and after a soft reset the core must work.
#include <random>

#include "tests/devices/cdma/cdma_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::cdma;

namespace {

bool works(Script& io, CdmaBoard& board) {
    board.enable();
    io.write32(cr, reset);
    io.wait(50_us);
    if ((io.read32(cr) & reset) || io.read32(sr) != 0x0001000a) return false;
    fill(board.ram + 0x10000, 1000);
    std::memset(board.ram + 0x20000, 0, 1000);
    return copy(io, 0x10000, 0x20000, 1000) == (rest | ioc) &&
           differing(board.ram + 0x20000, 1000) == 0;
}

}  // namespace

TEST_CASE("random transfers and chains move what memcpy would") {
    for (uint32_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        const bool right = isolated([&] {
            std::mt19937 random{seed};
            auto below = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
            const char* const widths[]{"32", "64", "128", "256", "512"};
            const char* const bursts[]{"2", "4", "8", "16", "32", "64", "128", "256"};
            CdmaBoard board{{{"data_width", widths[below(5)]},
                             {"burst_length", bursts[below(8)]},
                             {"buffer_bursts", std::to_string(2 + below(15))},
                             {"prefetch", std::to_string(below(9))}}};
            fill(board.ram + 0x100000, 0x100000);
            std::vector<uint8_t> expected(board.ram + 0x200000, board.ram + 0x300000);
            bool good = true;
            board.run([&](Script& io) {
                for (unsigned i = 0; i < 40 && good; ++i) {
                    std::vector<Bd> bds(1 + below(12));
                    for (Bd& bd : bds) {
                        bd.control = 1 + below(below(4) ? 300 : 20'000);
                        bd.from = 0x100000 + below(0xf0000);
                        bd.to = 0x200000 + below(0xf0000);
                        std::memcpy(&expected[bd.to - 0x200000], board.ram + bd.from, bd.control);
                    }
                    const uint32_t last = board.put_chain(0x1000 + 64 * below(100), bds);
                    const auto first = static_cast<uint32_t>(last - 64 * (bds.size() - 1));
                    good &= (run_chain(io, first, last) & ~ioc) == rest;
                }
            });
            good &= std::memcmp(expected.data(), board.ram + 0x200000, expected.size()) == 0;
            return good && board.findings() == 0;
        });
        CHECK(right);
    }
}

TEST_CASE("random registers and descriptors break nothing") {
    for (uint32_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        const bool right = isolated([&] {
            std::mt19937 random{seed};
            auto below = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
            CdmaBoard board{{{"address_width", seed % 2 ? "32" : "64"},
                             {"prefetch", std::to_string(seed % 5)}}};
            board.plug("axi-stream-fifo", "fifo");
            pci::Function* fifo = board.pci.find(5, 0);
            fifo->bank.write(0x10, 4, 0xe0001000);
            fifo->bank.write(0x04, 2, 2);
            auto address = [&]() -> uint64_t {
                switch (below(8)) {
                    case 0:
                        return cdma::at + below(0x40);  // the core's own registers
                    case 1:
                        return 0xe0001000 + below(0x30);
                    case 2:
                        return random();
                    case 3:
                        return uint64_t{random()} << 32 | random();
                    default:
                        return below(CdmaBoard::memory_bytes);
                }
            };
            bool good = true;
            board.run([&](Script& io) {
                for (unsigned i = 0; i < 1500; ++i) {
                    Bd bd{.next = below(4) ? 0x1000 + 64 * below(64) : address(),
                          .from = address(),
                          .to = address(),
                          .control = below(8) ? below(3000) : static_cast<uint32_t>(random()),
                          .status = below(8) ? 0 : static_cast<uint32_t>(random())};
                    board.put(0x1000 + 64 * below(64), bd);
                    if (below(3) == 0) io.write32(cr, static_cast<uint32_t>(random()) & ~reset);
                    io.write32(cdma::at + 4 * below(11), below(4)
                                                             ? 0x1000 + 64 * below(64)
                                                             : static_cast<uint32_t>(address()));
                    if (below(30) == 0) io.write32(cr, reset);
                    if (below(50) == 0) board.enable(static_cast<uint16_t>(2 | below(2) << 2));
                    if (below(3) == 0) io.wait(Time::ns(below(20'000)));
                    if (i % 100 == 99) good &= works(io, board);
                }
            });
            return good && board.sim.outcome().kind == Outcome::Kind::guest_exit;
        });
        CHECK(right);
    }
}
