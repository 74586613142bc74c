// SPDX-License-Identifier: Apache-2.0
//
// The 8254x against drivers and peers that mean ill: descriptor rings of any content, size and
// address, registers of any value, and frames of any kind. Nothing but findings and counted drops,
// and every frame is accounted for.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <stdexcept>

#include "bus/pci_bus.h"
#include "tests/hostile/network_fuzz.h"

using namespace sb;
using namespace sb::test;
using namespace sb::literals;

namespace {

constexpr uint32_t memory_bytes = 0x40000;
constexpr uint32_t at = 0xe0000000, io_at = 0xc000;
constexpr uint32_t ctrl = 0x0000, icr = 0x00c0, ims = 0x00d0, rctl = 0x0100, tctl = 0x0400,
                   rdbal = 0x2800, rdtr = 0x2820, tdbal = 0x3800, rxcsum = 0x5000;

class Attack {
  public:
    Attack(uint64_t seed, bool timed_pci) : chance_{seed} {
        if (timed_pci) board_.pci.time({});
        ram_ = board_.add_memory(0, memory_bytes);
        wire_.emplace(board_);
        wire_->keep = false;
        device_ = &board_.plug("intel-8254x", "nic", {{"wire", "lan"}});
        for (pci::Function* f : board_.pci.functions())
            if (f->device_id == 0x100e) function_ = f;
        if (!function_) throw std::runtime_error("no 82540EM");
        enable();
        account_.emplace(board_);
    }

    /// A driver that keeps its rings in order; what comes in is not.
    std::string frames(uint64_t count) {
        board_.run([&](Script& io) {
            set_up(io, 0x1000, 64);
            while (account_->given_ < count) {
                const uint64_t burst = 1 + chance_.below(40);
                for (uint64_t i = 0; i < burst; ++i) give(io);
                if (chance_.one_in(8)) change_filters(io);
                if (!chance_.one_in(4))
                    io.write32(at + rdbal + 0x18, (io.read32(at + rdbal + 0x10) + 63) % 64);
                io.read32(at + icr);
            }
            settle(io);
        });
        return verdict();
    }

    /// A driver that does anything.
    std::string rings(uint64_t count) {
        board_.run([&](Script& io) {
            while (account_->given_ < count) {
                if (chance_.one_in(3))
                    set_up(io, static_cast<uint32_t>(chance_.below(memory_bytes / 16)) * 16,
                           static_cast<uint32_t>(8 * (1 + chance_.below(32))));
                spoil_memory();
                spoil_rings(io, rdbal);
                spoil_rings(io, tdbal);
                for (uint64_t i = chance_.below(12); i > 0; --i) spoil_register(io);
                for (uint64_t i = chance_.below(12); i > 0; --i) give(io);
                io.wait(Time::ps(chance_.below(40'000'000)));
                if (chance_.one_in(20)) toggle_mastering(io);
            }
            settle(io);
        });
        return verdict();
    }

  private:
    void enable() {
        function_->bank.write(0x10, 4, at);
        function_->bank.write(0x14, 4, io_at);
        function_->bank.write(0x18, 4, io_at);
        function_->bank.write(0x04, 2, 0x07);
    }
    void toggle_mastering(Script& io) {
        io.wait(Time{});
        function_->bank.write(0x04, 2, 0x03);
        give(io);
        io.wait(10_us);
        enable();
    }
    void give(Script& io) {
        io.wait(Time::ps(chance_.below(chance_.one_in(4) ? 20'000'000 : 500'000)));
        account_->given(wire_->deliver(chance_.frame()));
        const bool up = wire_->bits_per_second() != 0;
        if (chance_.one_in(up ? 2000 : 10)) wire_->set_rate(up ? 0 : 1'000'000'000);
    }
    void set_up(Script& io, uint32_t ring, uint32_t descriptors) {
        for (uint32_t i = 0; i < descriptors; ++i) {
            const uint64_t buffer = (0x8000 + 2048 * i) % (memory_bytes - 2048);
            const uint32_t place = (ring + 16 * i) % memory_bytes;
            std::memcpy(ram_ + place, &buffer, 8);
        }
        for (uint32_t base : {rdbal, tdbal}) {
            io.write32(at + base, ring);
            io.write32(at + base + 4, 0);
            io.write32(at + base + 8, 16 * descriptors);
            io.write32(at + base + 0x10, 0);
            io.write32(at + base + 0x18, 0);
        }
        io.write32(at + ctrl, 1u << 0 | 1u << 5 | 1u << 6);
        io.write32(at + tctl, 1u << 1 | 1u << 3);
        io.write32(at + rctl, 1u << 1 | 1u << 3 | 1u << 4 | 1u << 15);
        io.write32(at + rxcsum, 0x300);
        io.write32(at + ims, 0xffff);
        io.write32(at + rdbal + 0x18, descriptors - 1);
    }
    void change_filters(Script& io) {
        // EN stays; the rest, of which buffer sizes, long packets, bad packets and loopback, is
        // anybody's.
        const uint32_t sane = 1u << 1 | 1u << 3 | 1u << 4 | 1u << 15;
        io.write32(at + rctl,
                   sane | (chance_.one_in(2) ? 0 : static_cast<uint32_t>(chance_.bits())));
        io.write32(at + rxcsum, static_cast<uint32_t>(chance_.bits()));
        io.write32(at + 0x0038, static_cast<uint32_t>(chance_.bits()));  // VET
    }
    void spoil_memory() {
        for (uint64_t i = chance_.below(64); i > 0; --i) {
            const uint64_t where = chance_.below(memory_bytes / 8) * 8;
            const uint64_t v = chance_.one_in(2) ? chance_.bits() : chance_.below(memory_bytes);
            std::memcpy(ram_ + where, &v, 8);
        }
    }
    void spoil_rings(Script& io, uint32_t base) {
        const bool transmit = base == tdbal;
        uint64_t ring = chance_.one_in(4) ? chance_.bits() : chance_.below(memory_bytes);
        if (chance_.one_in(8)) return;
        if (chance_.one_in(2)) {
            io.write32(at + base, static_cast<uint32_t>(ring));
            io.write32(at + base + 4,
                       chance_.one_in(8) ? static_cast<uint32_t>(chance_.value()) : 0);
        } else {
            ring = io.read32(at + base);
        }
        if (chance_.one_in(2)) io.write32(at + base + 8, static_cast<uint32_t>(chance_.value()));
        for (uint64_t i = 0, n = chance_.below(32); transmit && i < n; ++i)
            put_descriptor(ring + 16 * i);
        for (uint32_t pointer : {0x10u, 0x18u})
            if (chance_.one_in(2))
                io.write32(
                    at + base + pointer,
                    static_cast<uint32_t>(chance_.one_in(4) ? chance_.value() : chance_.below(64)));
    }
    /// Legacy, context or data, for any of the features, with lengths that are mostly too much.
    void put_descriptor(uint64_t where) {
        if (where + 16 > memory_bytes) return;
        uint64_t words[2]{chance_.one_in(8) ? chance_.bits() : chance_.below(memory_bytes),
                          chance_.bits()};
        if (!chance_.one_in(4)) words[1] = (words[1] & ~uint64_t{0xffff}) | chance_.below(2000);
        if (chance_.one_in(2)) words[1] |= uint64_t{1} << 24;  // EOP
        std::memcpy(ram_ + where, words, sizeof words);
    }
    void spoil_register(Script& io) {
        static constexpr uint32_t registers[]{
            0x0000, 0x0010, 0x0014, 0x0018, 0x0020, 0x0028, 0x002c, 0x0030, 0x0038,
            0x00c0, 0x00c4, 0x00c8, 0x00d0, 0x00d8, 0x0100, 0x0170, 0x0178, 0x0400,
            0x0410, 0x1000, 0x2160, 0x2168, 0x2820, 0x2828, 0x282c, 0x2c00, 0x3820,
            0x3828, 0x382c, 0x3830, 0x5000, 0x5200, 0x5400, 0x5404, 0x5600};
        uint32_t reg = registers[chance_.below(std::size(registers))];
        if (chance_.one_in(8)) reg = static_cast<uint32_t>(chance_.below(0x20000)) & ~3u;
        uint32_t v = static_cast<uint32_t>(chance_.value());
        if (reg == ctrl && !chance_.one_in(16)) v &= ~(1u << 26);  // not always reset
        if (reg == rctl || reg == tctl) v |= chance_.one_in(4) ? 0 : 1u << 1;
        if (chance_.one_in(4))
            io.read32(at + reg);
        else if (chance_.one_in(8)) {
            io.out32(io_at, reg);
            io.out32(io_at + 4, v);
        } else {
            io.write32(at + reg, v);
        }
    }
    /// Whatever is still inside is lost by a reset, and is accounted for.
    void settle(Script& io) {
        enable();
        io.wait(Time::ms(5));
        inside_before_reset_ = account_->inside();
        io.write32(at + ctrl, 1u << 26);
        io.wait(Time::ms(5));
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
        // The packet buffer has 64 KiB, and a frame takes 16 bytes of it at the least.
        zero("more inside than there is room",
             inside_before_reset_ > 4096 ? inside_before_reset_ : 0);
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
    uint8_t* ram_ = nullptr;
    std::optional<TestWire> wire_;
    bus::Device* device_ = nullptr;
    pci::Function* function_ = nullptr;
    std::optional<FrameAccount> account_;
    uint64_t inside_before_reset_ = 0;
};

}  // namespace

TEST_CASE("8254x: frames of any kind") {
    for (bool timed : {false, true})
        CHECK(isolated_text([&] {
                  bound_run();
                  return Attack{fuzz_seed() * 2 + timed, timed}.frames(fuzz_frames() / 2);
              }) == "");
}

TEST_CASE("8254x: rings and registers of any content, size and address") {
    // A round costs about ten frames' time, and gives six.
    constexpr uint64_t boards = 8;
    for (uint64_t i = 0; i < boards; ++i)
        CHECK(
            isolated_text([&] {
                bound_run();
                return Attack{fuzz_seed() * 100 + i, i % 2 == 1}.rings(fuzz_frames() / boards / 4);
            }) == "");
}
