// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <random>
#include <vector>

#include "sim/observe/hdr_histogram.h"
#include "sim/observe/number_map.h"

using namespace sb::observe;

namespace {

/// The value of the rank that the histogram's contract states.
uint64_t exact(const std::vector<uint64_t>& sorted, uint64_t part, uint64_t whole) {
    const uint64_t rank = (sorted.size() * part + whole - 1) / whole;
    return sorted[rank == 0 ? 0 : rank - 1];
}

}  // namespace

TEST_CASE("buckets are log-linear: one value each up to twice 10^figures, then wider by octaves") {
    const HdrHistogram three{3};  // h = 1024
    CHECK(three.resolution(0) == 1);
    CHECK(three.resolution(2047) == 1);
    CHECK(three.resolution(2048) == 2);
    CHECK(three.resolution(4095) == 2);
    CHECK(three.resolution(4096) == 4);
    CHECK(three.resolution(1'000'000) == 512);  // 2^19 <= 10^6 < 2^20 = 1024 * 2^10
    CHECK(three.resolution(~uint64_t{0}) == uint64_t{1} << 53);
    const HdrHistogram two{2};  // h = 128
    CHECK(two.resolution(255) == 1);
    CHECK(two.resolution(256) == 2);
}

TEST_CASE("counts, least, greatest, mean and quantiles of a few values by hand") {
    HdrHistogram histogram;
    CHECK(histogram.quantile(1, 2) == 0);
    CHECK(histogram.mean() == 0);
    CHECK(histogram.least() == 0);
    for (uint64_t value : {5, 1, 4, 2, 3}) histogram.record(value);
    CHECK(histogram.count() == 5);
    CHECK(histogram.least() == 1);
    CHECK(histogram.greatest() == 5);
    CHECK(histogram.mean() == 3);
    CHECK(histogram.quantile(0, 1) == 1);
    CHECK(histogram.quantile(1, 5) == 1);
    CHECK(histogram.quantile(1, 2) == 3);
    CHECK(histogram.quantile(601, 1000) == 4);
    CHECK(histogram.quantile(1, 1) == 5);
    // 3001 shares a bucket of two with 3000: the bucket's highest; but never above the greatest.
    HdrHistogram wide;
    wide.record(3000);
    CHECK(wide.quantile(1, 2) == 3000);
    wide.record(3005, 2);
    CHECK(wide.quantile(1, 3) == 3001);
    CHECK(wide.count() == 3);
}

TEST_CASE("quantiles are never below the true ones, nor above by more than the figures say") {
    std::mt19937_64 random{42};
    for (const unsigned figures : {1u, 2u, 3u, 4u}) {
        uint64_t whole = 1;
        for (unsigned i = 0; i < figures; ++i) whole *= 10;
        for (int shape = 0; shape < 4; ++shape) {
            HdrHistogram histogram{figures}, half{figures}, other{figures};
            std::vector<uint64_t> values;
            unsigned __int128 sum = 0;
            for (int i = 0; i < 20'000; ++i) {
                const uint64_t raw = random();
                const uint64_t value = shape == 0   ? raw
                                       : shape == 1 ? raw >> (random() % 64)
                                       : shape == 2 ? raw % 3000
                                                    : 1'000'000'000 + raw % 1'000'000;
                values.push_back(value);
                sum += value;
                histogram.record(value);
                (i % 3 ? half : other).record(value);
            }
            half.add(other);
            std::sort(values.begin(), values.end());
            CHECK(histogram.least() == values.front());
            CHECK(histogram.greatest() == values.back());
            CHECK(histogram.mean() == static_cast<double>(sum) / 20'000);
            for (uint64_t part = 0; part <= 1000; part += 7) {
                const uint64_t true_value = exact(values, part, 1000);
                const uint64_t told = histogram.quantile(part, 1000);
                CHECK(half.quantile(part, 1000) == told);
                if (told < true_value || told - true_value > true_value / whole)
                    FAIL(figures << " figures, " << part << "/1000: " << true_value
                                 << " is told as " << told);
            }
            uint64_t seen = 0, before = 0;
            histogram.each([&](uint64_t lowest, uint64_t highest, uint64_t count) {
                CHECK(lowest >= before);
                before = highest;
                seen += count;
                const auto from = std::lower_bound(values.begin(), values.end(), lowest);
                const auto to = std::upper_bound(values.begin(), values.end(), highest);
                if (to - from != static_cast<ptrdiff_t>(count)) FAIL(lowest << " to " << highest);
            });
            CHECK(seen == 20'000);
        }
    }
}

TEST_CASE("a number map agrees with a plain one under any insertions and deletions") {
    std::mt19937 random{7};
    NumberMap map;
    std::vector<uint32_t> plain(5000, NumberMap::none);
    size_t size = 0;
    for (int i = 0; i < 200'000; ++i) {
        const uint32_t key = random() % 5000;
        const uint32_t number = key % 2 ? key : key << 19;  // crowded, and far apart
        REQUIRE(map.find(number) == plain[key]);
        if (plain[key] == NumberMap::none) {
            map.insert(number, plain[key] = i);
            ++size;
        } else {
            map.erase(number);
            plain[key] = NumberMap::none;
            --size;
        }
        REQUIRE(map.size() == size);
    }
}
