// SPDX-License-Identifier: Apache-2.0
//
// Random sequences of instructions: each a few of them, with the state that it begins with, and the
// flags that are defined when it ends. What leaves a flag undefined is never followed by what reads
// it.
#pragma once

#include <random>

#include "tests/cpu/differential/layout.h"
#include "tests/cpu/differential/rows.h"

namespace sb::test {

/// Stands for the reserved flags, which some of Unicorn's instructions put garbage into.
constexpr uint32_t reserved_flags = 1u << 31;

struct Sequence {
    In in{};
    Bytes code;
    std::vector<std::pair<uint32_t, const Row*>> starts;  // its instructions, by offset
    uint32_t undefined = 0;                               // flags, at its end
    uint32_t ever_undefined = 0;                          // at any point before it
};

class Generator {
  public:
    Generator(uint64_t seed, const Setup& setup) : setup_{setup}, random_{seed} {}
    /// `at` is where its first byte will be.
    Sequence sequence(uint32_t at);

  private:
    uint32_t any();
    uint32_t pick(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
    bool one_in(uint32_t n) { return pick(n) == 0; }
    uint32_t pointer();
    uint16_t selector();
    void start(In& in);
    void number(uint32_t v, unsigned n);
    const Row& choose(bool last);
    void instruction(const Row& row);
    void branch(const Row& row, uint8_t opcode);
    void prefixes(const Row& row, bool narrow, bool short_address);
    void modrm(const Row& row, bool memory, bool short_address);
    void memory_operand(unsigned reg, bool short_address);
    uint8_t general(const Row& row);
    void immediate(const Row& row, bool narrow);
    void flags_after(const Row& row, uint8_t opcode, bool narrow, bool repeated);
    void after_shift(const Row& row, uint8_t opcode, bool narrow);

    const Setup setup_;
    std::mt19937_64 random_;
    Bytes code_;
    std::vector<std::pair<uint32_t, const Row*>> starts_;
    uint32_t undefined_ = 0;
    uint32_t ever_ = 0;
    bool narrow_ = false;  // the instruction under way has 16-bit operands
};

}  // namespace sb::test
