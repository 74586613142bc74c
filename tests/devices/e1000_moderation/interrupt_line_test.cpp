// SPDX-License-Identifier: Apache-2.0
//
// INTA# where nobody serves it: what asserts and releases it (SDM 13.4.17 to 13.4.21), and the
// receiver's overrun.
#include "tests/devices/e1000_moderation/bench.h"

using namespace sb;
using namespace sb::test;
using namespace sb::test::nic;

namespace {

constexpr Time zero = Time::ms(1);

struct Line {
    explicit Line(bool with_descriptors = true) {
        bench.at(Time::us(1), [=, this] { bench.start(with_descriptors); });
        bench.at(Time::us(900), [this] {
            bench.read(icr);
            bench.write(ims, rxt0 | lsc);
        });
    }
    void write(uint64_t ns, uint32_t reg, uint32_t value) {
        bench.at(zero + Time::ns(ns), [=, this] { bench.write(reg, value); });
    }
    void frame(uint64_t ns, uint32_t bytes = 60) {
        bench.at(zero + Time::ns(ns), [=, this] { bench.wire->deliver(TestWire::frame(bytes)); });
    }
    void read(uint64_t ns, uint32_t reg, uint32_t& into) {
        bench.at(zero + Time::ns(ns), [=, this, &into] { into = bench.read(reg); });
    }
    static std::vector<uint64_t> ns(const std::vector<Time>& times) {
        std::vector<uint64_t> list;
        for (Time t : times) list.push_back((t - zero).ps() / 1000);
        return list;
    }
    std::vector<uint64_t> asserted() const { return ns(bench.interrupts); }
    std::vector<uint64_t> released() const { return ns(bench.releases); }
    NicBench bench;
};

using List = std::vector<uint64_t>;

}  // namespace

TEST_CASE("INTA# stays asserted until ICR is read, however many causes come") {
    Line line;
    uint32_t causes = 0, again = 0;
    for (uint64_t t : {0, 10'000, 20'000}) line.frame(t);
    line.read(30'000, icr, causes);
    line.read(30'001, icr, again);
    line.frame(40'000);
    line.bench.play(zero + 100_us);
    const Time stored = line.bench.stored.at(0).at - zero;
    CHECK(line.asserted() == List{stored.ps() / 1000, 40'000 + stored.ps() / 1000});
    CHECK(line.released() == List{30'000});
    CHECK((causes & (rxt0 | lsc)) == rxt0);
    CHECK((again & (rxt0 | lsc)) == 0);
}

TEST_CASE("A one written to ICR clears that cause, and INTA# goes with the last enabled one") {
    Line line;
    line.write(0, ics, lsc | rxt0 | rxo);
    line.write(10'000, icr, lsc);
    line.write(20'000, icr, rxt0);
    uint32_t left = 0;
    line.read(30'000, icr, left);
    line.bench.play(zero + 100_us);
    CHECK(line.asserted() == List{0});
    CHECK(line.released() == List{20'000});
    CHECK((left & (lsc | rxt0 | rxo)) == rxo);
}

TEST_CASE("Masking releases INTA#, unmasking asserts it: the cause stays") {
    Line line;
    line.write(0, ics, rxt0);
    line.write(10'000, imc, rxt0);
    line.write(20'000, ims, rxt0);
    line.write(30'000, imc, lsc);  // another one's
    line.bench.play(zero + 100_us);
    CHECK(line.asserted() == List{0, 20'000});
    CHECK(line.released() == List{10'000});
}

TEST_CASE("IMS reads as the mask; reading ICR masks nothing") {
    Line line;
    uint32_t before = 0, after = 0, less = 0;
    line.write(0, ics, rxt0);
    line.read(1'000, ims, before);
    line.bench.at(zero + 2_us, [&] { line.bench.read(icr); });
    line.read(3'000, ims, after);
    line.write(4'000, imc, lsc);
    line.read(5'000, ims, less);
    line.bench.play(zero + 100_us);
    CHECK(before == (rxt0 | lsc));
    CHECK(after == (rxt0 | lsc));
    CHECK(less == rxt0);
}

TEST_CASE("FPD reads as 0, and the delay that came with it is kept") {
    Line line;
    uint32_t value = 1;
    line.write(0, rdtr, fpd | 77);
    line.read(1'000, rdtr, value);
    line.bench.play(zero + 100_us);
    CHECK(value == 77);
}

TEST_CASE("Frames at the wire's rate: the timer counts from the last that is stored") {
    Line line;
    line.write(0, rdtr, 20);
    for (uint64_t i = 0; i < 30; ++i) line.frame(1'000 + 672 * i);
    line.bench.play(zero + 200_us);
    REQUIRE(line.bench.stored.size() == 30);
    CHECK(line.bench.interrupts ==
          std::vector<Time>{line.bench.stored.back().data + Time::ns(20'480)});
}

TEST_CASE(
    "Without descriptors the packet buffer fills; the first frame that finds no room raises RXO at "
    "once") {
    Line line{false};
    line.bench.at(Time::us(950), [&] { line.bench.write(ims, rxo); });
    constexpr uint64_t frames = 50;
    for (uint64_t i = 0; i < frames; ++i) line.frame(15'000 * i, 1514);
    uint32_t missed = 0, causes = 0;
    line.read(999'000, 0x4010, missed);  // MPC
    line.read(999'001, icr, causes);
    line.bench.play(zero + Time::ms(2));
    CHECK(line.bench.stored.empty());
    // 48 KiB of the buffer are the receiver's (PBA, 13.4.21 "default 0030h"): 32 frames of 1,518
    // bytes fit into them without anything kept beside them.
    uint64_t lost = 0;
    for (const auto& [place, n] : line.bench.dropped) lost += n;
    CHECK(line.bench.buffered + lost == frames);
    CHECK(line.bench.buffered >= 30);
    CHECK(line.bench.buffered <= 32);
    CHECK(missed == lost);
    CHECK((causes & rxo) != 0);
    CHECK(line.asserted() == List{15'000 * line.bench.buffered});
}

TEST_CASE("Frames that waited for descriptors are stored, and interrupt, when there are some") {
    Line line{false};
    for (uint64_t i = 0; i < 5; ++i) line.frame(10'000 * i);
    line.bench.at(zero + 100_us, [&] { line.bench.refill(); });
    line.bench.play(zero + Time::ms(1));
    REQUIRE(line.bench.stored.size() == 5);
    CHECK(line.bench.stored[0].at > zero + 100_us);
    CHECK(line.bench.interrupts == std::vector<Time>{line.bench.stored[0].at});
}
