// SPDX-License-Identifier: Apache-2.0
//
// How fast the machine calls: recursion, function pointers, virtual functions.
//
//   iterations=100    of each part
#include "programs/benchmark.h"
#include "runtime/exit.h"
#include "runtime/program.h"

namespace guest {
namespace {

[[gnu::noinline]] uint32_t fibonacci(uint32_t n) {
    // Keeps the compiler from unrolling the recursion: every call is to be made.
    asm volatile("" : "+r"(n));
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

// Many calls, no deeper than 16.
uint32_t wide(uint32_t iterations) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < iterations; ++i) sum += fibonacci(10 + i % 7);
    return sum;
}

[[gnu::noinline]] uint32_t descend(uint32_t depth, uint32_t seed) {
    if (depth == 0) return seed;
    const uint32_t below = descend(depth - 1, seed * 5 + depth);
    asm volatile("" ::: "memory");  // Something is left to do after the call, so it is no jump.
    return below * 3 + depth;
}

// One chain of calls after another, 1000 deep: further back than any return stack remembers.
uint32_t deep(uint32_t iterations) {
    constexpr uint32_t kDepth = 1000;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < iterations; ++i) sum += descend(kDepth, i);
    return sum;
}

[[gnu::noinline]] uint32_t add(uint32_t a, uint32_t b) { return a + b; }
[[gnu::noinline]] uint32_t subtract(uint32_t a, uint32_t b) { return a - b; }
[[gnu::noinline]] uint32_t exclusive_or(uint32_t a, uint32_t b) { return a ^ b; }
[[gnu::noinline]] uint32_t multiply(uint32_t a, uint32_t b) { return a * b; }

uint32_t pointers(uint32_t iterations) {
    using Function = uint32_t (*)(uint32_t, uint32_t);
    static constexpr Function kFunctions[] = {add, subtract, exclusive_or, multiply};
    Random random;
    uint32_t sum = 1;
    for (uint32_t i = 0; i < iterations * 100; ++i) sum = kFunctions[random.below(4)](sum, i);
    return sum;
}

class Shape {
  public:
    virtual uint32_t area() const = 0;

  protected:
    ~Shape() = default;
};

class Square final : public Shape {
  public:
    explicit Square(uint32_t side) : side_(side) {}
    uint32_t area() const override { return side_ * side_; }

  private:
    uint32_t side_;
};

class Rectangle final : public Shape {
  public:
    Rectangle(uint32_t width, uint32_t height) : width_(width), height_(height) {}
    uint32_t area() const override { return width_ * height_; }

  private:
    uint32_t width_;
    uint32_t height_;
};

uint32_t virtual_calls(uint32_t iterations) {
    const Square square(7);
    const Rectangle rectangle(3, 5);
    const Shape* shapes[] = {&square, &rectangle};
    asm volatile("" : "+m"(shapes));  // Which shape is where is not known to the compiler.
    Random random;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < iterations * 100; ++i) sum = sum * 3 + shapes[random.below(2)]->area();
    return sum;
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"iterations"});
    const uint32_t iterations = options.number("iterations", 100, 1, 1'000'000);
    run_part("wide", iterations, wide);
    run_part("deep", iterations, deep);
    run_part("pointers", iterations, pointers);
    run_part("virtual", iterations, virtual_calls);
    return exit_code::kSuccess;
}

}  // namespace guest
