// SPDX-License-Identifier: Apache-2.0
//
// A row in a process of its own fails its test where an assertion of the row fails.
#include "tests/support/isolated.h"

#include <catch2/catch.hpp>

using sb::test::isolated;

TEST_CASE("an assertion that fails in an isolated row is told to the test") {
    const int one = 1, two = 2;
    const auto checked = [&] {
        CHECK(one == two);  // said on the output, too
        return 0;
    };
    const auto required = [&] {
        REQUIRE(one == two);
        return 0;
    };
    CHECK_THROWS_WITH(isolated(checked), Catch::Contains("one == two ) with 1 == 2"));
    CHECK_THROWS_WITH(isolated(required), Catch::Contains("one == two ) with 1 == 2"));
    CHECK(isolated([&] {
              CHECK(one == 1);
              return 7;
          }) == 7);
}
