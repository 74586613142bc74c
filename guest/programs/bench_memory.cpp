// SPDX-License-Identifier: Apache-2.0
//
// How fast the machine moves memory, in order and out of order.
//
//   iterations=4    of each part
//   kib=256         size of the region that each goes over, from 4 to 4096
#include "programs/benchmark.h"
#include "runtime/exit.h"
#include "runtime/memory.h"
#include "runtime/program.h"

namespace guest {
namespace {

constinit std::span<uint32_t> source;
constinit std::span<uint32_t> destination;

// Keeps the compiler from knowing what is in memory, so that it does every access.
void forget_memory() { asm volatile("" ::: "memory"); }

uint32_t copy(uint32_t iterations) {
    for (uint32_t i = 0; i < iterations; ++i) {
        source[i % source.size()] = i;
        memcpy(destination.data(), source.data(), source.size_bytes());
        report_work(source.size_bytes());
    }
    return destination[0] + destination.back();
}

uint32_t fill(uint32_t iterations) {
    for (uint32_t i = 0; i < iterations; ++i) {
        memset(destination.data(), static_cast<int>(i), destination.size_bytes());
        report_work(destination.size_bytes());
    }
    return destination[0] + destination.back();
}

uint32_t sum_in_order(uint32_t iterations) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < iterations; ++i) {
        forget_memory();
        for (const uint32_t word : source) sum += word;
        report_work(source.size_bytes());
    }
    return sum;
}

// One word of each 64 bytes, over and over until all words have had their turn.
uint32_t sum_with_stride(uint32_t iterations) {
    constexpr size_t kStride = 64 / sizeof(uint32_t);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < iterations; ++i) {
        forget_memory();
        for (size_t first = 0; first < kStride; ++first) {
            for (size_t j = first; j < source.size(); j += kStride) sum = sum * 3 + source[j];
        }
        report_work(source.size_bytes());
    }
    return sum;
}

// One cycle through all words in random order (Sattolo's algorithm): each holds the index of the
// next, so no access can start before the one before it is over.
void make_chain(std::span<uint32_t> words) {
    for (uint32_t i = 0; i < words.size(); ++i) words[i] = i;
    Random random;
    for (uint32_t i = words.size() - 1; i != 0; --i) {
        const uint32_t j = random.below(i);
        const uint32_t word = words[i];
        words[i] = words[j];
        words[j] = word;
    }
}

uint32_t chase(uint32_t iterations) {
    uint32_t at = 0;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < iterations * source.size(); ++i) {
        at = source[at];
        sum = sum * 3 + at;
    }
    return sum;
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"iterations", "kib"});
    const uint32_t iterations = options.number("iterations", 4, 1, 1'000'000);
    const uint32_t words = options.number("kib", 256, 4, 4096) * 1024 / sizeof(uint32_t);
    source = allocate_array<uint32_t>(words);
    destination = allocate_array<uint32_t>(words);
    make_chain(source);
    run_part("chase", iterations, chase);
    run_part("in order", iterations, sum_in_order);
    run_part("stride", iterations, sum_with_stride);
    run_part("copy", iterations, copy);
    run_part("fill", iterations, fill);
    return exit_code::kSuccess;
}

}  // namespace guest
