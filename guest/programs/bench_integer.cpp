// SPDX-License-Identifier: Apache-2.0
//
// How fast the machine computes: registers, a small table, branches; hardly any memory.
//
//   iterations=1000    of each part
#include "programs/benchmark.h"
#include "runtime/crc32.h"
#include "runtime/exit.h"
#include "runtime/program.h"

namespace guest {
namespace {

// Additions, shifts and exclusive-ors of one register after another.
uint32_t shifts(uint32_t iterations) {
    uint32_t x = 2463534242;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < iterations * 100; ++i) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        sum += x;
    }
    return sum;
}

// Multiplications and divisions, 32 and 64 bits wide.
uint32_t divisions(uint32_t iterations) {
    Random random;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < iterations * 10; ++i) {
        const uint32_t a = random.next();
        const uint32_t b = random.next() | 1;
        sum += a / b + a % (b >> 16 | 1) + static_cast<uint32_t>(uint64_t{a} * b >> 32);
    }
    return sum;
}

// Steps of the 3n+1 sequences: branches that no table predicts.
uint32_t branches(uint32_t iterations) {
    uint32_t steps = 0;
    for (uint32_t start = 1; start <= iterations; ++start) {
        for (uint32_t n = start; n != 1; ++steps) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    }
    return steps;
}

// A table look-up for each byte.
uint32_t checksums(uint32_t iterations) {
    uint32_t crc = 0;
    for (uint32_t i = 0; i < iterations; ++i) crc = crc32(&i, sizeof(i), crc);
    return crc;
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"iterations"});
    // 3n+1 stays below 2^32 for every start up to here.
    const uint32_t iterations = options.number("iterations", 1000, 1, 100'000);
    run_part("shifts", iterations, shifts);
    run_part("divisions", iterations, divisions);
    run_part("branches", iterations, branches);
    run_part("checksums", iterations, checksums);
    return exit_code::kSuccess;
}

}  // namespace guest
