// SPDX-License-Identifier: Apache-2.0
//
// Random numbers: the published generators' own outputs, and distributions within bounds that a
// right generator passes (the seeds are fixed, so these do not fail by chance).
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "devices/traffic/size_mix.h"
#include "sim/kernel/random.h"

using namespace sb;

namespace {

double as_double(Random::Wide v) { return static_cast<double>(v) / 18446744073709551616.0; }

}  // namespace

TEST_CASE("xoshiro256** seeded by splitmix64 gives the published sequence") {
    // splitmix64 with state 0: the first four outputs of the authors' splitmix64.c.
    const Random random{0};
    CHECK(random.state()[0] == 0xe220a8397b1dcdaf);
    CHECK(random.state()[1] == 0x6e789e6aa1b965f4);
    CHECK(random.state()[2] == 0x06c45d188009454f);
    CHECK(random.state()[3] == 0xf88bb8a8724c81ec);
    // One step by hand from the reference's lines: rotl(s[1] * 5, 7) * 9.
    Random once{0};
    const uint64_t x = 0x6e789e6aa1b965f4ull * 5;
    CHECK(once.next() == (x << 7 | x >> 57) * 9);
    CHECK(once.next() == 0xbf6e1f784956452a);
}

TEST_CASE("each name has numbers of its own, and each seed") {
    Random a{1, "peer"}, b{1, "peer"}, c{1, "peer2"}, d{2, "peer"};
    const uint64_t first = a.next();
    CHECK(first == b.next());
    CHECK(first != c.next());
    CHECK(first != d.next());
}

TEST_CASE("exponential variates: mean, variance and Kolmogorov-Smirnov distance") {
    constexpr size_t n = 200'000;
    Random random{1, "test"};
    std::vector<double> drawn;
    for (size_t i = 0; i < n; ++i) drawn.push_back(as_double(random.exponential()));
    double sum = 0, squares = 0, above = 0;
    for (const double x : drawn) {
        sum += x;
        squares += (x - 1) * (x - 1);
        above += x > 5;
    }
    // Standard errors: of the mean 1/sqrt(n), of the variance sqrt(8/n), of a share p
    // sqrt(p(1-p)/n); 3.3 of each.
    CHECK(std::abs(sum / n - 1) < 3.3 / std::sqrt(n));
    CHECK(std::abs(squares / n - 1) < 3.3 * std::sqrt(8.0 / n));
    const double p = std::exp(-5.0);
    CHECK(std::abs(above / n - p) < 3.3 * std::sqrt(p * (1 - p) / n));
    std::sort(drawn.begin(), drawn.end());
    double distance = 0;
    for (size_t i = 0; i < n; ++i) {
        const double f = 1 - std::exp(-drawn[i]);
        distance = std::max(
            {distance, std::abs(f - static_cast<double>(i) / n), std::abs(f - (i + 1.0) / n)});
    }
    CHECK(distance < 1.628 / std::sqrt(n));  // 1 % level
}

TEST_CASE("exponential variates of neighbours are not correlated") {
    constexpr int n = 200'000;
    Random random{2, "test"};
    double last = 0, sum = 0;
    for (int i = 0; i < n; ++i) {
        const double x = as_double(random.exponential()) - 1;
        sum += x * last;
        last = x;
    }
    CHECK(std::abs(sum / n) < 3.3 / std::sqrt(n));
}

TEST_CASE("exponential times keep their mean, and do not overflow") {
    Random random{3};
    uint64_t sum = 0;
    constexpr int n = 100'000;
    for (int i = 0; i < n; ++i) sum += random.exponential_gap(200'000).ps();
    CHECK(std::abs(static_cast<double>(sum) / n / 5e6 - 1) < 3.3 / std::sqrt(n));
    sum = 0;
    for (int i = 0; i < n; ++i) sum += random.exponential(Time::us(7)).ps();
    CHECK(std::abs(static_cast<double>(sum) / n / 7e6 - 1) < 3.3 / std::sqrt(n));
    CHECK(random.exponential_gap(0) == Time::max());
    CHECK(random.exponential(Time{}) == Time{});
    for (int i = 0; i < 1000; ++i) CHECK(random.exponential(Time::max()) > Time{});
}

TEST_CASE("numbers below a bound are even, chances as stated, geometric numbers of their mean") {
    Random random{4};
    unsigned seen[7] = {};
    constexpr int n = 700'000;
    for (int i = 0; i < n; ++i) ++seen[random.below(7)];
    double chi = 0;
    for (const unsigned count : seen) chi += (count - 1e5) * (count - 1e5) / 1e5;
    CHECK(chi < 16.8);  // chi square, 6 degrees of freedom, 1 %
    CHECK(random.below(0) == 0);
    CHECK(random.below(1) == 0);
    int hits = 0;
    for (int i = 0; i < n; ++i) hits += random.chance(10'000'000);
    CHECK(std::abs(hits - 7000) < 3.3 * std::sqrt(7000 * 0.99));
    CHECK_FALSE(random.chance(0));
    CHECK(random.chance(certain));
    uint64_t trials = 0;
    for (int i = 0; i < 100'000; ++i) trials += random.geometric(8);
    CHECK(std::abs(static_cast<double>(trials) / 1e5 - 8) <
          3.3 * std::sqrt(56.0 / 1e5));  // variance m(m-1)
    CHECK(random.geometric(1) == 1);
    CHECK(random.geometric(0) == 1);
}

TEST_CASE("size mixes: one, a range, IMIX, weights; and what is none") {
    using devices::SizeMix;
    Random random{5};
    CHECK(SizeMix{"64"}.draw(random) == 64);
    const SizeMix range{"64-1518"};
    double sum = 0;
    uint32_t least = 9999, most = 0;
    constexpr int n = 120'000;
    for (int i = 0; i < n; ++i) {
        const uint32_t size = range.draw(random);
        sum += size;
        least = std::min(least, size);
        most = std::max(most, size);
    }
    CHECK(least == 64);
    CHECK(most == 1518);
    CHECK(std::abs(sum / n - 791) < 3.3 * 420.0 / std::sqrt(n));  // (1455^2 - 1) / 12 = 420.02^2
    std::map<uint32_t, int> seen;
    const SizeMix imix{"imix"};
    for (int i = 0; i < n; ++i) ++seen[imix.draw(random)];
    REQUIRE(seen.size() == 3);
    CHECK(std::abs(seen[64] - 70'000) < 3.3 * std::sqrt(n * 7 / 12.0 * 5 / 12));
    CHECK(std::abs(seen[594] - 40'000) < 3.3 * std::sqrt(n * 4 / 12.0 * 8 / 12));
    CHECK(std::abs(seen[1518] - 10'000) < 3.3 * std::sqrt(n * 1 / 12.0 * 11 / 12));
    CHECK_NOTHROW(SizeMix{"64-128:3, 1518"});
    for (const char* bad : {"", "63", "1519", "64-", "-64", "128-64", "64:0", "64:", "64,,65", "64,", "a",
                            "64 65", "64:1:1", "99999999999"}) {
        INFO(bad);
        CHECK_THROWS_AS(SizeMix{bad}, Error);
    }
}
