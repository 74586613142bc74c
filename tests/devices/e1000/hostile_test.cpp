// SPDX-License-Identifier: Apache-2.0
//
// Rings of any content, size and address, frames of any size and content, registers of any value,
// all at once. Nothing breaks, and packets add up: what arrived is stored, in the packet buffer, or
// dropped at a named place.
#include <cstdlib>
#include <random>

#include "bus/pci_bus.h"
#include "tests/devices/e1000/nic_fixture.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::e1000;
using observe::Stage;

namespace {

uint64_t setting(const char* name, uint64_t fallback) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 0) : fallback;
}

class Chaos {
  public:
    Chaos(NicBoard& board, Script& io, uint64_t seed) : board_{board}, io_{io}, random_{seed} {}

    void run(unsigned steps) {
        for (unsigned i = 0; i < steps; ++i) step();
    }
    uint64_t delivered() const { return delivered_; }

  private:
    uint64_t below(uint64_t n) { return random_() % n; }
    bool one_in(uint64_t n) { return below(n) == 0; }

    /// Mostly memory, sometimes nothing, the controller itself, or the end of all addresses.
    uint64_t address() {
        switch (below(12)) {
            case 0:
                return 0;
            case 1:
                return random_();
            case 2:
                return e1000::at + below(0x6000);
            case 3:
                return ~uint64_t{0} - below(64);
            case 4:
                return 0xffffffff - below(64);
            default:
                return below(NicBoard::memory_bytes);
        }
    }

    uint64_t descriptor_word() {
        uint64_t word = random_();
        if (!one_in(4)) word &= ~uint64_t{0xff000};  // lengths that fit
        if (one_in(2)) word &= 0xffffffffffff0fff;   // shorter ones
        if (one_in(2)) word |= eop;
        if (one_in(2)) word &= ~(uint64_t{0xe} << 20);  // a known type
        return word;
    }

    void spoil_memory() {
        const uint64_t ring = one_in(2) ? receive_ring : transmit_ring;
        for (uint64_t i = 0, n = below(64); i < n; ++i) {
            const uint64_t at = ring + 16 * below(256);
            board_.put_quad(at, address());
            board_.put_quad(at + 8, descriptor_word());
        }
    }

    void write_register() {
        static constexpr uint32_t plain[]{
            ctrl, eecd, eerd,  mdic,   itr,    ics,   ims,   imc,
            rctl, tctl, pba,   rdbal,  rdbah,  rdlen, rdh,   rdt,
            rdtr, radv, rsrpd, rxdctl, tdbal,  tdbah, tdlen, tdh,
            tdt,  tidv, tadv,  txdctl, rxcsum, vet,   icr,   e1000::at + 0x3830};
        const uint32_t reg = plain[below(std::size(plain))];
        uint32_t value = static_cast<uint32_t>(random_());
        if (one_in(2)) value &= 0xff;
        if (reg == ctrl && !one_in(16)) value = (value & ~rst) | slu;
        if (reg == rctl && !one_in(8)) value |= r_en | r_upe | r_mpe;
        if (reg == tctl && !one_in(8)) value |= t_en;
        if (reg == rdlen || reg == tdlen) value = one_in(8) ? value : 128 * below(32);
        if ((reg == rdbal || reg == tdbal) && !one_in(8))
            value = reg == rdbal ? receive_ring : transmit_ring;
        if ((reg == rdbah || reg == tdbah) && !one_in(8)) value = 0;
        io_.write32(reg, value);
    }

    void set_right() {
        io_.write32(ctrl, 0x201 | slu | (one_in(2) ? vme : 0));
        io_.write32(rdbal, receive_ring), io_.write32(rdbah, 0);
        io_.write32(tdbal, transmit_ring), io_.write32(tdbah, 0);
        io_.write32(rdlen, 4096), io_.write32(tdlen, 4096);
        io_.write32(rctl, r_en | r_upe | r_mpe | (below(4) << 16));
        io_.write32(tctl, t_en | t_psp);
        io_.write32(rdt, below(256)), io_.write32(tdt, below(256));
    }

    void deliver() {
        const size_t size = one_in(8) ? below(17000) : one_in(4) ? below(70) : 60 + below(1500);
        Bytes bytes(size);
        for (auto& b : bytes) b = static_cast<uint8_t>(random_());
        if (size > 60 && one_in(2)) {  // something like IP
            static constexpr uint8_t start[]{0x08, 0x00, 0x45};
            std::copy(std::begin(start), std::end(start), bytes.begin() + 12);
            bytes[23] = one_in(2) ? 6 : 17;
        }
        if (size > 20 && one_in(4)) bytes[12] = 0x81, bytes[13] = 0;
        ++delivered_;
        board_.deliver(io_, bytes, one_in(16));
    }

    void step() {
        switch (below(8)) {
            case 0:
                return write_register();
            case 1:
                return spoil_memory();
            case 2:
                return io_.wait(Time::ps(below(one_in(16) ? 2'000'000'000 : 20'000'000)));
            case 3:
                if (one_in(8)) return set_right();
                return io_.write32(one_in(2) ? rdt : tdt, static_cast<uint32_t>(below(256)));
            case 4:
                if (one_in(64)) board_.wire.set_rate(below(3) * 500'000'000);
                if (one_in(16)) board_.pci.find(4, 0)->bank.write(0x04, 2, one_in(4) ? 3 : 7);
                io_.read32(icr);
                return;
            default:
                return deliver();
        }
    }

    NicBoard& board_;
    Script& io_;
    std::mt19937_64 random_;
    uint64_t delivered_ = 0;
};

void survive(uint64_t seed, bool timed_bus) {
    CAPTURE(seed, timed_bus);
    in_row([&] {
        NicBoard board{{}, {}, timed_bus};
        // It may write over its own configuration, and itself.
        board.run([&](Script& io) {
            Chaos chaos{board, io, seed};
            chaos.run(static_cast<unsigned>(setting("SOUTHBRIDGE_NIC_STEPS", 20'000)));
            // What is in the packet buffer ends with a reset.
            board.pci.find(4, 0)->bank.write(0x10, 4, e1000::at);
            board.pci.find(4, 0)->bank.write(0x04, 2, 7);
            io.wait(10_us);
            io.write32(ctrl, rst);
            io.wait(10_us);
            uint64_t dropped = 0, received_dropped = 0;
            for (const auto& e : board.log.entries)
                if (e.stage == Stage::dropped) ++dropped, received_dropped += e.packet >> 24 == 0;
            const uint64_t counted =
                board.counter("dropped_off") + board.counter("dropped_length") +
                board.counter("dropped_fcs") + board.counter("dropped_filter") +
                board.counter("dropped_full") + board.counter("dropped_bus") +
                board.counter("dropped_reset");
            REQUIRE(chaos.delivered() > 0);
            REQUIRE(counted == dropped);
            // Frames that were looped back have arrived, too: their numbers are the plug's.
            uint64_t stored = 0;
            for (const auto& e : board.log.entries)
                stored += e.stage == Stage::stored && e.packet >> 24 == 0;
            REQUIRE(chaos.delivered() == stored + received_dropped);
        });
    });
}

}  // namespace

TEST_CASE("hostile rings, frames and registers - system bus") {
    for (uint64_t seed = 1; seed <= 6; ++seed)
        survive(setting("SOUTHBRIDGE_FUZZ_SEED", 0) + seed, false);
}
TEST_CASE("hostile rings, frames and registers - PCI bus") {
    for (uint64_t seed = 7; seed <= 12; ++seed)
        survive(setting("SOUTHBRIDGE_FUZZ_SEED", 0) + seed, true);
}

TEST_CASE("rings whose tail or length is out of bounds stand still") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io, 8, 0, 0);
        io.write32(rdt, 200);
        board.deliver(io, frame());
        io.wait(20_us);
        CHECK(board.counter("received") == 0);
        CHECK(board.found("tail lies outside"));
        io.write32(rdt, 7);
        io.wait(20_us);
        CHECK(board.counter("received") == 1);
        io.write32(rdlen, 0);
        board.deliver(io, frame());
        io.wait(20_us);
        CHECK(board.counter("received") == 1);
    });
}

TEST_CASE("a ring where nothing is stands still, and the next one goes") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io, 8, 0, 0);
        io.write32(rdbal, 0xc0000000);
        io.write32(rdt, 7);
        board.deliver(io, frame());
        io.wait(50_us);
        CHECK(board.found("descriptors could not be fetched"));
        CHECK(board.counter("received") == 0);
        io.write32(rdbal, receive_ring);
        io.wait(50_us);
        CHECK(board.counter("received") == 1);
        CHECK((board.pci.find(4, 0)->bank.read(0x06, 2) & 1u << 13) != 0);  // received master abort
    });
}

TEST_CASE("a buffer where nothing is loses the packet, and its descriptor says so") {
    NicBoard board;
    board.run([&](Script& io) {
        board.start_receive(io, 8, 0, 0);
        board.put_quad(receive_ring, 0xc0000000);
        io.write32(rdt, 7);
        board.deliver(io, frame());
        board.deliver(io, frame());
        io.wait(50_us);
        CHECK(board.receive_errors(0) == 0x80);
        CHECK(board.log.dropped("nic bus error") == 1);
        CHECK(board.receive_errors(1) == 0);
        CHECK(board.counter("received") == 1);
    });
}
