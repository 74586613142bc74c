// SPDX-License-Identifier: Apache-2.0
//
// The rules of the guest's network that need no machine.
#include <catch2/catch.hpp>

#include "network/checksum.h"
#include "network/ipv4.h"
#include "network/moderation/dim_rules.h"
#include "network/moderation/itr_classes.h"

using namespace guest;
using Motion = DimState::Motion;

TEST_CASE("the checksum of RFC 1071's example, whole, in parts and with an odd end") {
    const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    // The sum is ddf2 with the first byte of each word as the high one (section 3); here it is the
    // low one.
    CHECK(checksum::fold(checksum::add(bytes, 8)) == 0xf2dd);
    CHECK(checksum::fold(checksum::add(bytes + 2, 6, checksum::add(bytes, 2))) == 0xf2dd);
    // 0001 + f203 + f400, as an odd end is the first byte of its word: 1e604, so e605.
    CHECK(checksum::fold(checksum::add(bytes, 5)) == 0x05e6);
    CHECK(checksum::fold(checksum::add(bytes, 0)) == 0);
    const uint8_t ones[1500] = {0xff};
    CHECK(checksum::fold(checksum::add(ones, sizeof ones)) == 0x00ff);
}

TEST_CASE("a checksum follows the change of one word, with RFC 1624's example") {
    CHECK(checksum::replaced(0xdd2f, 0x5555, 0x3285) == 0x0000);
    CHECK(checksum::kRight == checksum::fold(0xffffull << 32 | 0xffff0000ull));
}

TEST_CASE("addresses are read, and what is none is not") {
    CHECK(parse_ipv4("10.0.1.255") == ipv4(10, 0, 1, 255));
    for (const char* text : {"", "10", "10.0.1", "10.0.1.", "10.0.1.256", "10.0.1.2.3", "10..1.2",
                             "10.0.1.x", "0010.0.0.1"})
        CHECK_FALSE(parse_ipv4(text));
}

TEST_CASE("traffic moves between the classes of the e1000's dynamic moderation") {
    using enum ItrClass;
    struct Row {
        ItrClass now;
        uint32_t packets, bytes;
        ItrClass next;
    };
    for (const Row& row : {Row{kLowLatency, 0, 0, kLowLatency},       // nothing came
                           Row{kLowLatency, 2, 120, kLowestLatency},  // a little
                           Row{kLowLatency, 3, 180, kLowLatency},     // three are no longer that
                           Row{kLowLatency, 8, 12'000, kBulk},        // big ones
                           Row{kLowLatency, 20, 30'000, kBulk},       // likewise, 1500 each
                           Row{kLowLatency, 40, 20'000, kLowestLatency},  // many small ones
                           Row{kLowLatency, 15, 15'000, kLowLatency},     // in between
                           Row{kLowestLatency, 4, 600, kLowLatency},      //
                           Row{kLowestLatency, 4, 512, kLowestLatency},   //
                           Row{kLowestLatency, 1, 9000, kBulk},  // a segment of several frames
                           Row{kBulk, 4, 5999, kLowLatency},     // less
                           Row{kBulk, 4, 6000, kBulk},           //
                           Row{kBulk, 36, 25'001, kLowLatency},  // small ones again
                           Row{kBulk, 35, 25'001, kBulk}}) {
        CAPTURE(row.packets, row.bytes);
        CHECK(next_class(row.now, row.packets, row.bytes) == row.next);
    }
}

TEST_CASE("the interrupt rate falls at once and rises by a quarter of its aim") {
    CHECK(next_rate(70'000, 4000) == 4000);
    uint32_t rate = 4000;
    for (const uint32_t expected : {9000, 14'000, 19'000, 20'000, 20'000}) {
        rate = next_rate(rate, rate_of(ItrClass::kLowLatency));
        CHECK(rate == expected);
    }
    CHECK(itr_of(4000) == 976);  // 249.9 us
    CHECK(itr_of(20'000) == 195);
    CHECK(itr_of(70'000) == 55);
}

TEST_CASE("DIM climbs to the delay with the highest throughput, and parks there") {
    const uint32_t bytes[DimRules::kSteps] = {1000, 1200, 1500, 2000, 1700};
    DimState state;
    const auto measure = [&] {
        return DimRules::decide(state, {bytes[state.step], bytes[state.step] / 100, 10});
    };
    for (const unsigned expected : {2, 3, 4, 3}) {  // one too far, and back
        CHECK(measure());
        CHECK(state.step == expected);
    }
    CHECK_FALSE(measure());
    CHECK(state.motion == Motion::kParkedOnTop);
    for (int i = 0; i < 100; ++i) CHECK_FALSE(measure());
    // 10 % is not significant, a little more is: it looks for a better one.
    CHECK_FALSE(DimRules::decide(state, {2200, 20, 10}));
    CHECK(DimRules::decide(state, {2201, 20, 10}));
    CHECK(state.step == 2);
    CHECK(state.motion == Motion::kLeft);
}

TEST_CASE("DIM parks at the end where more is always better, and where it gets tired") {
    DimState state;
    for (uint32_t bytes : {1000, 2000, 3000}) CHECK(DimRules::decide(state, {bytes, 10, 10}));
    CHECK(state.step == 4);
    CHECK_FALSE(DimRules::decide(state, {4000, 10, 10}));
    CHECK(state.motion == Motion::kParkedOnTop);

    DimState tired;
    for (int i = 0; i < 10; ++i) CHECK(DimRules::decide(tired, {1000, 10, 10}));  // to and fro
    CHECK_FALSE(DimRules::decide(tired, {1000, 10, 10}));
    CHECK(tired.motion == Motion::kParkedTired);
    for (int i = 0; i < 9; ++i) CHECK_FALSE(DimRules::decide(tired, {1000, 10, 10}));
    CHECK(DimRules::decide(tired, {1000, 10, 10}));
}

TEST_CASE("DIM takes fewer interrupts for better where the throughput is the same") {
    DimState state;
    CHECK(DimRules::decide(state, {1000, 10, 100}));
    CHECK(DimRules::decide(state, {1000, 10, 80}));
    CHECK(state.motion == Motion::kRight);
    CHECK(DimRules::decide(state, {1000, 10, 120}));
    CHECK(state.motion == Motion::kLeft);
}
