// SPDX-License-Identifier: Apache-2.0
//
// How runs end, and what is said of it: never as a hang, never as a fault of the simulator.

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "tests/scenarios/guest_run.h"
#include "tests/support/elf.h"

using namespace sb;
using namespace sb::test;

namespace {

GuestRun run_code(const std::string& code, const Sets& sets = {}) {
    const TempFile file{elf(code)};
    return run_guest(file.path(), sets);
}

std::string bytes(std::initializer_list<unsigned> list) {
    std::string text;
    for (unsigned byte : list) text.push_back(static_cast<char>(byte));
    return text;
}

/// A failed run's words have the place and the way there.
void check_explained(const GuestRun& run) {
    CHECK_THAT(run.text(), Catch::Contains("EIP"));
    CHECK_THAT(run.text(), Catch::Contains("last instructions:"));
    CHECK_THAT(run.report(), Catch::Contains("FAILED"));
    CHECK_THAT(run.report(), Catch::Contains(run.text()));
}

/// The time that a run took is the time of its cycles.
void check_time(const GuestRun& run) {
    const auto& total = run.results.at("total");
    CHECK(total.at("elapsed_ps") == run.results.at("elapsed_ps"));
    // With cpu.clock=1GHz a cycle is 1000 ps.
    CHECK(run.elapsed_ps() == total.at("total_cycles").get<uint64_t>() * 1000);
}

}  // namespace

TEST_CASE("a triple fault is reported as one") {
    const GuestRun run = run_guest("triple_fault", {"cpu.clock=1GHz"});
    CHECK(run.outcome() == "shutdown");
    CHECK(run.status() == 4);
    CHECK(run.console() == "going down\n");
    CHECK_THAT(run.text(), Catch::Contains("triple fault"));
    check_explained(run);
    check_time(run);
}

TEST_CASE("a halt that nothing can end is reported as one") {
    const GuestRun run = run_guest("halt_forever", {"cpu.clock=1GHz"});
    CHECK(run.outcome() == "halted");
    CHECK(run.status() == 4);
    CHECK(run.console() == "halting\n");
    CHECK_THAT(run.text(), Catch::Contains("halted with interrupts disabled"));
    CHECK_THAT(run.text(), Catch::Contains("hlt"));  // the last of the last instructions
    check_explained(run);
    check_time(run);
}

TEST_CASE("an endless loop ends at the time limit") {
    const GuestRun run =
        run_code(bytes({0xeb, 0xfe}), {"run.time_limit=3ms", "cpu.clock=1GHz"});  // jmp $
    CHECK(run.outcome() == "time limit");
    CHECK(run.status() == 4);
    CHECK_THAT(run.text(), Catch::Contains("3.000 ms") && Catch::Contains("run.time_limit"));
    CHECK(run.elapsed_ps() == 3'000'000'000);
    CHECK_THAT(run.report(), Catch::Contains("FAILED: time limit"));
}

TEST_CASE("a guest that waits for an interrupt that nobody sends is idle") {
    const GuestRun run = run_code(bytes({0xfb, 0xf4, 0xeb, 0xfd}), {"cpu.clock=1GHz"});  // sti; hlt
    CHECK(run.outcome() == "idle");
    CHECK(run.status() == 4);
    CHECK_THAT(run.text(), Catch::Contains("no device will ever interrupt it"));
    check_explained(run);
    check_time(run);
}

TEST_CASE("a guest that sleeps at the time limit has slept until then") {
    // At 1 s it waits for a drive's interrupt, woken by the timer's ticks alone.
    const GuestRun run = run_guest("lost_interrupt", {"run.time_limit=1s", "cpu.clock=1GHz"});
    CHECK(run.outcome() == "time limit");
    CHECK(run.elapsed_ps() == 1'000'000'000'000);
    check_time(run);
}

TEST_CASE("a guest's exit value is the exit status") {
    // mov eax, VALUE; out 0xf4, eax; hlt
    for (unsigned value : {0u, 1u, 2u, 3u, 60u, 127u}) {
        const GuestRun run =
            run_code(bytes({0xb8, value, 0, 0, 0, 0xe7, 0xf4, 0xf4}), {"cpu.clock=1GHz"});
        CHECK(run.outcome() == "guest exit");
        CHECK(run.results.at("outcome").at("code") == (value << 1 | 1));
        CHECK(run.status() == (value == 0 ? 0 : static_cast<int>(value << 1 | 1)));
        check_time(run);
    }
}

TEST_CASE("a failure's exit status is never that of success") {
    // Values whose low eight bits of (value << 1) | 1 are 1.
    for (const auto& code : {bytes({0xb8, 0x80, 0, 0, 0, 0xe7, 0xf4, 0xf4}),
                             bytes({0xb8, 0, 0x80, 0, 0, 0xe7, 0xf4, 0xf4}),
                             bytes({0xb8, 0, 0, 0, 0x80, 0xe7, 0xf4, 0xf4})})
        CHECK(run_code(code).status() != 0);
}

TEST_CASE("a guest whose code is not there ends with a reason") {
    // jmp to where no memory is: 0x70000000 reads as all ones, an undefined instruction.
    const GuestRun run =
        run_code(bytes({0xb8, 0, 0, 0, 0x70, 0xff, 0xe0}), {"run.time_limit=10ms"});
    CHECK(run.outcome() == "shutdown");
    check_explained(run);
}

TEST_CASE("random bytes as a guest end in some way that is reported") {
    const std::string kinds[] = {"guest exit", "halted", "shutdown", "time limit", "idle"};
    std::mt19937 random{7};
    std::map<std::string, unsigned> seen;
    for (unsigned round = 0; round < 60; ++round) {
        std::string code(2048, '\0');
        for (char& byte : code) byte = static_cast<char>(random());
        const GuestRun run = run_code(code, {"run.time_limit=2ms"});
        INFO("round " << round << ": " << run.outcome());
        CHECK(std::count(std::begin(kinds), std::end(kinds), run.outcome()) == 1);
        CHECK(run.status() != 130);
        ++seen[run.outcome()];
    }
    CHECK(seen["shutdown"] > 0);
}
