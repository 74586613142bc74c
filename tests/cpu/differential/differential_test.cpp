// SPDX-License-Identifier: Apache-2.0
//
// Random sequences of instructions against Unicorn: registers, defined flags, memory and which
// exception ended one must agree. By hand, more of them, with progress on stderr:
//
//     SOUTHBRIDGE_SEQUENCES=100000000 SOUTHBRIDGE_SEED=1 test_differential "random sequences*"
//
// docs/cpu.md says what is not compared, and why.
#include <catch2/catch.hpp>
#include <cstdio>

#include "tests/cpu/differential/duel.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::test;

namespace {

constexpr Setup setups[] = {
    {.big = true, .level = 3, .iopl = 0},
    {.big = true, .level = 3, .iopl = 3},
    {.big = true, .level = 0, .iopl = 0},
    {.big = false, .level = 3, .iopl = 0},
    {.big = false, .level = 0, .iopl = 0},
    {.big = true, .level = 3, .iopl = 0, .cache = "none"},
    {.big = false, .level = 3, .iopl = 3, .cache = "none"},
};

uint64_t setting(const char* name, uint64_t fallback) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 0) : fallback;
}

std::string run(const Setup& setup, uint64_t seed, uint64_t sequences, bool verbose) {
    return isolated_text([&] {
        Duel duel{setup};
        uint64_t told = 0;
        const Score score = duel.run(seed, sequences, [&](const Score& s) {
            if (!verbose || s.sequences - told < 1'000'000) return;
            told = s.sequences;
            std::fprintf(stderr,
                         "%u-bit, level %u, IOPL %u, cache %s: %llu sequences from seed %llu\n",
                         setup.big ? 32 : 16, setup.level, setup.iopl, setup.cache,
                         static_cast<unsigned long long>(s.sequences),
                         static_cast<unsigned long long>(seed));
        });
        if (verbose)
            for (unsigned v = 0; v < 65; ++v)
                if (score.faults[v])
                    std::fprintf(stderr, "  vector %u: %llu\n", v,
                                 static_cast<unsigned long long>(score.faults[v]));
        if (verbose)
            std::fprintf(stderr, "  imprecise in Unicorn: %llu, batches cut short: %llu\n",
                         static_cast<unsigned long long>(score.imprecise),
                         static_cast<unsigned long long>(score.cut_short));
        return score.difference;
    });
}

}  // namespace

TEST_CASE("random sequences agree with Unicorn") {
    const uint64_t sequences = setting("SOUTHBRIDGE_SEQUENCES", 1'000'000);
    const uint64_t seed = setting("SOUTHBRIDGE_SEED", 1);
    const uint64_t only = setting("SOUTHBRIDGE_SETUP", std::size(setups));
    const bool verbose = std::getenv("SOUTHBRIDGE_SEQUENCES") != nullptr;
    for (uint64_t n = 0; n < std::size(setups); ++n) {
        if (only < std::size(setups) && only != n) continue;
        // A process of its own for each slice: Unicorn is not reliable beyond (docs/cpu.md).
        constexpr uint64_t slice = 1'000'000;
        const uint64_t all = (sequences + std::size(setups) - 1) / std::size(setups);
        for (uint64_t done = 0; done < all; done += slice) {
            const std::string differs = run(setups[n], seed + done / most_sequences,
                                            std::min(slice, all - done), verbose);
            INFO(differs);
            CHECK(differs.empty());
        }
    }
}
