// SPDX-License-Identifier: Apache-2.0
//
// The NE2000 against drivers and peers that mean ill: frames of any kind into a ring that a driver
// keeps, and into one whose registers, remote DMA and pointers are anybody's. Nothing but findings
// and counted drops, and every frame is accounted for. Registers: National DP8390D, section 10.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <optional>

#include "tests/hostile/network_fuzz.h"

using namespace sb;
using namespace sb::test;
using namespace sb::literals;

namespace {

constexpr uint16_t base = 0x300, data = base + 0x10, reset_port = base + 0x1f;
constexpr uint16_t cr = base, pstart = base + 1, pstop = base + 2, bnry = base + 3, tpsr = base + 4,
                   tbcr0 = base + 5, tbcr1 = base + 6, isr = base + 7, rsar0 = base + 8,
                   rsar1 = base + 9, rbcr0 = base + 10, rbcr1 = base + 11, rcr = base + 12,
                   tcr = base + 13, dcr = base + 14, imr = base + 15,
                   curr = base + 7;  // page 1
constexpr uint8_t stop = 0x01, start = 0x02, txp = 0x04, remote_read = 0x08, remote_write = 0x10,
                  no_dma = 0x20, page_1 = 0x40;
constexpr uint8_t first = 0x46, end = 0x80;  // pages of the ring

class Attack {
  public:
    explicit Attack(uint64_t seed) : chance_{seed} {
        wire_.emplace(board_, "lan", 10'000'000);
        wire_->keep = false;
        board_.plug("ne2000", "nic", {{"wire", "lan"}});
        account_.emplace(board_);
    }

    std::string frames(uint64_t count) {
        board_.run([&](Script& io) {
            set_up(io);
            while (account_->given_ < count) {
                for (uint64_t i = 1 + chance_.below(8); i > 0; --i) give(io);
                if (!chance_.one_in(4)) take(io);
                if (chance_.one_in(100)) io.out8(rcr, static_cast<uint8_t>(chance_.bits()));
                // What an overflow asks for: stop, start again (DP8390D, "buffer ring overflow").
                if (io.in8(isr) & 0x10 || chance_.one_in(40)) set_up(io);
            }
            settle(io);
        });
        return verdict();
    }

    std::string registers(uint64_t count) {
        board_.run([&](Script& io) {
            while (account_->given_ < count) {
                if (chance_.one_in(3)) set_up(io);
                for (uint64_t i = chance_.below(16); i > 0; --i) spoil(io);
                for (uint64_t i = chance_.below(8); i > 0; --i) give(io);
            }
            settle(io);
        });
        return verdict();
    }

  private:
    void set_up(Script& io) {
        io.out8(cr, no_dma | stop);
        io.out8(dcr, 0x49);
        io.out8(rbcr0, 0);
        io.out8(rbcr1, 0);
        io.out8(rcr, 0x1f);  // promiscuous, and damaged and short ones too
        io.out8(tcr, 0);
        io.out8(pstart, first);
        io.out8(bnry, first);
        io.out8(pstop, end);
        io.out8(isr, 0xff);
        io.out8(imr, 0x7f);
        io.out8(cr, no_dma | page_1 | stop);
        io.out8(curr, first + 1);
        io.out8(cr, no_dma | start);
    }
    void give(Script& io) {
        io.wait(Time::ps(chance_.below(chance_.one_in(4) ? 2'000'000'000 : 60'000'000)));
        account_->given(wire_->deliver(chance_.frame()));
        const bool up = wire_->bits_per_second() != 0;
        if (chance_.one_in(up ? 2000 : 10)) wire_->set_rate(up ? 0 : 10'000'000);
    }
    /// Reads some of the ring, and frees all of it.
    void take(Script& io) {
        io.out8(cr, no_dma | page_1 | start);
        const uint8_t at = io.in8(curr);
        io.out8(cr, no_dma | start);
        io.out8(rsar0, 0);
        io.out8(rsar1, at == first ? end - 1 : at - 1);
        io.out8(rbcr0, 8);
        io.out8(rbcr1, 0);
        io.out8(cr, remote_read | start);
        for (int i = 0; i < 4; ++i) io.in16(data);
        io.out8(cr, no_dma | start);
        io.out8(bnry, at == first ? end - 1 : at - 1);
        io.out8(isr, 0xff);
    }
    void spoil(Script& io) {
        const auto v = static_cast<uint8_t>(chance_.value());
        switch (chance_.below(8)) {
            case 0:
                io.out8(cr, v);
                return;
            case 1:
                io.out8(cr, (chance_.one_in(2) ? remote_read : remote_write) | start | (v & 0xc0));
                return;
            case 2:
                for (uint64_t i = chance_.below(40); i > 0; --i)
                    io.out16(data, static_cast<uint16_t>(chance_.bits()));
                return;
            case 3:
                for (uint64_t i = chance_.below(40); i > 0; --i) io.in16(data);
                return;
            case 4:
                io.out8(tpsr, v);
                io.out8(tbcr0, static_cast<uint8_t>(chance_.bits()));
                io.out8(tbcr1, static_cast<uint8_t>(chance_.one_in(4) ? chance_.bits()
                                                                      : chance_.below(6)));
                io.out8(cr, no_dma | start | txp);
                return;
            case 5:
                if (chance_.one_in(8))
                    chance_.one_in(2) ? void(io.in8(reset_port)) : io.out8(reset_port, v);
                return;
            default: {
                const auto port = static_cast<uint16_t>(base + chance_.below(32));
                if (chance_.one_in(4))
                    io.in(port, 1u << chance_.below(3));
                else
                    io.out(port, chance_.value(), 1u << chance_.below(3));
            }
        }
    }
    void settle(Script& io) {
        io.wait(Time::ms(100));
        inside_before_reset_ = account_->inside();
        io.in8(reset_port);
        io.out8(reset_port, 0);
        io.wait(Time::ms(100));
    }
    std::string verdict() const {
        const FrameAccount& a = *account_;
        std::string text;
        auto zero = [&](const char* what, uint64_t n) {
            if (n != 0) text += fmt::format("{}: {}\n", what, n);
        };
        zero("frames that ended twice", a.twice);
        zero("frames that vanished in a reset", a.inside());
        zero("dropped nowhere", a.nowhere);
        zero("nothing was stored", a.stored == 0);
        zero("nothing was dropped", a.dropped == 0);
        if (std::getenv("SOUTHBRIDGE_PRINT")) {
            std::string places;
            for (auto& [place, n] : a.places) places += fmt::format(" {}: {};", place, n);
            fmt::print("{} frames: {} stored, {} inside before the reset, {} dropped:{} sent {}\n",
                       a.given_, a.stored, inside_before_reset_, a.dropped, places,
                       wire_->transmitted);
            for (const Finding& f : board_.sim.findings().list())
                fmt::print("  {} x {}\n", f.count, f.what);
        }
        return text;
    }

    Chance chance_;
    TestBoard board_;
    std::optional<TestWire> wire_;
    std::optional<FrameAccount> account_;
    uint64_t inside_before_reset_ = 0;
};

}  // namespace

TEST_CASE("NE2000: frames of any kind") {
    CHECK(isolated_text([] {
              bound_run();
              return Attack{fuzz_seed()}.frames(fuzz_frames() / 2);
          }) == "");
}

TEST_CASE("NE2000: registers and remote DMA of any content") {
    constexpr uint64_t boards = 4;
    for (uint64_t i = 0; i < boards; ++i)
        CHECK(isolated_text([&] {
                  bound_run();
                  return Attack{fuzz_seed() * 100 + i}.registers(fuzz_frames() / boards / 4);
              }) == "");
}
