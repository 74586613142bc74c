// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "sim/kernel/config.h"

using namespace sb;

namespace {

struct Row {
    ValueType type;
    const char* text;
    uint64_t value;
};

}  // namespace

TEST_CASE("values with units are read exactly") {
    const Row rows[] = {
        {ValueType::frequency, "66MHz", 66'000'000},
        {ValueType::frequency, "33.333333MHz", 33'333'333},
        {ValueType::frequency, "1GHz", 1'000'000'000},
        {ValueType::frequency, "18.2 kHz", 18'200},
        {ValueType::size, "4KiB", 4096},
        {ValueType::size, "1.5MiB", 1'572'864},
        {ValueType::size, "512B", 512},
        {ValueType::duration, "150ns", 150'000},
        {ValueType::duration, "0.4us", 400'000},
        {ValueType::duration, "2.2ms", 2'200'000'000},
        {ValueType::duration, "1s", 1'000'000'000'000},
        {ValueType::bit_rate, "10Mbps", 10'000'000},
        {ValueType::bit_rate, "2.5Gbps", 2'500'000'000},
        {ValueType::probability, "0", 0},
        {ValueType::probability, "1", 1'000'000'000},
        {ValueType::probability, "1%", 10'000'000},
        {ValueType::probability, "0.25%", 2'500'000},
        {ValueType::probability, "1e-6", 1'000},
        {ValueType::probability, "2.5e-3", 2'500'000},
        {ValueType::probability, "3ppb", 3},
        {ValueType::integer, "0x3f8", 0x3f8},
        {ValueType::integer, "1_000", 1000},
    };
    for (const Row& row : rows) {
        INFO(row.text);
        Key key{"k", row.type, "", ""};
        CHECK(std::get<uint64_t>(parse_value(key, row.text)) == row.value);
    }
}

TEST_CASE("values that are not of their type are refused and say what was expected") {
    const Row rows[] = {
        {ValueType::frequency, "66", 0},
        {ValueType::frequency, "66mhz", 0},
        {ValueType::frequency, "fast", 0},
        {ValueType::size, "4KB", 0},
        {ValueType::duration, "0.0001ps", 0},
        {ValueType::duration, "-5ns", 0},
        {ValueType::duration, "1e30s", 0},
        {ValueType::duration, "99999999999999999999s", 0},
        {ValueType::integer, "", 0},
        {ValueType::integer, "0x", 0},
        {ValueType::integer, "12three", 0},
        {ValueType::boolean, "yes", 0},
        {ValueType::integer, "18446744073709551616", 0},
    };
    for (const Row& row : rows) {
        INFO(row.text);
        Key key{"k", row.type, "", ""};
        CHECK_THROWS_WITH(parse_value(key, row.text), Catch::Contains(expected(key)));
    }
}

TEST_CASE("bounds and choices are checked") {
    Key bounded{"n", ValueType::integer, "1", "", {}, 1, 8};
    CHECK_THROWS_WITH(parse_value(bounded, "9"), Catch::Contains("from 1 to 8"));
    CHECK_THROWS_WITH(parse_value(bounded, "0"), Catch::Contains("from 1 to 8"));
    Key choice{"c", ValueType::choice, "a", "", {"a", "b"}};
    CHECK_THROWS_WITH(parse_value(choice, "c"), Catch::Contains("one of a, b"));
}
