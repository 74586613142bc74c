// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/time.h"

#include <fmt/format.h>

#include <array>

namespace sb {

std::string to_string(Time t) {
    struct Unit {
        uint64_t ps;
        const char* name;
    };
    static constexpr std::array units{Unit{1'000'000'000'000, "s"}, Unit{1'000'000'000, "ms"},
                                      Unit{1'000'000, "us"}, Unit{1'000, "ns"}};
    if (t == Time::max()) return "never";
    for (const Unit& unit : units)
        if (t.ps() >= unit.ps)
            return fmt::format("{}.{:03} {}", t.ps() / unit.ps, t.ps() % unit.ps * 1000 / unit.ps,
                               unit.name);
    return fmt::format("{} ps", t.ps());
}

}  // namespace sb
