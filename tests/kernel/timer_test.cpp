// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "sim/kernel/component.h"

using namespace sb;
using namespace sb::literals;

namespace {

struct Owner : Component {
    explicit Owner(Simulation& sim) : Component{sim, "owner"} {}
    std::vector<std::pair<char, uint64_t>> log;
    void note(char c) { log.emplace_back(c, now().ps()); }
    Timer a{*this, "a", [this] { note('a'); }};
    Timer b{*this, "b", [this] { note('b'); }};
    Timer last{*this, "last", [this] { note('z'); }, Timer::Rank::processor};
};
using Log = std::vector<std::pair<char, uint64_t>>;

}  // namespace

TEST_CASE("timers of one time run in the order of arming, a processor's after all") {
    Simulation sim;
    Owner owner{sim};
    owner.last.arm_at(10_ns);
    owner.b.arm_at(10_ns);
    owner.a.arm_at(10_ns);
    sim.run();
    CHECK(owner.log == Log{{'b', 10'000}, {'a', 10'000}, {'z', 10'000}});
}

TEST_CASE("a timer can be moved earlier, later, and cancelled") {
    Simulation sim;
    Owner owner{sim};
    owner.a.arm_at(10_ns);
    owner.a.arm_at(5_ns);
    owner.b.arm_at(5_ns);
    owner.b.arm_at(20_ns);
    owner.last.arm_at(1_ns);
    owner.last.cancel();
    sim.run();
    CHECK(owner.log == Log{{'a', 5'000}, {'b', 20'000}});
}

TEST_CASE("a timer armed in a register access counts from the access's local time") {
    Simulation sim;
    Owner owner{sim};
    {
        Simulation::LocalTime local{sim, 7_ns};
        CHECK(owner.now() == 7_ns);
        owner.a.arm_after(3_ns);
    }
    CHECK(owner.now() == 0_ns);
    CHECK(sim.next_event() == 10_ns);
    sim.run();
    CHECK(owner.log == Log{{'a', 10'000}});
}
