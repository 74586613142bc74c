// SPDX-License-Identifier: Apache-2.0
//
// One machine of ours and one Unicorn with the same memory, batch after batch of sequences, in one
// process: the guest asks for the next batch by a port write, and the answer says whether to go on.
#pragma once

#include <atomic>

#include "tests/cpu/differential/generator.h"
#include "tests/cpu/differential/twin.h"
#include "tests/cpu/guest.h"

namespace sb::test {

struct Score {
    uint64_t sequences = 0;
    uint64_t faults[65] = {};  // of them ended by an exception, by vector
    uint64_t imprecise = 0;    // exceptions that Unicorn reports at another instruction
    uint64_t cut_short = 0;    // batches that were compared up to a torn PUSHA only
    std::string difference;    // the first one; empty where there is none
};

class Duel {
  public:
    explicit Duel(const Setup& setup);
    /// `progress` is called after each batch with what was done so far.
    Score run(uint64_t seed, uint64_t sequences,
              const std::function<void(const Score&)>& progress = {});

  private:
    void next(uint32_t v);
    void lay_out(uint64_t seed, unsigned count);
    bool searching() const { return bad_ > 0; }
    void search();
    void compare();
    uint32_t not_at(unsigned n, const Out& out) const;
    bool reads_twice(unsigned n, const Out& out) const;
    bool pusha_differs(const Out& out) const;
    static bool passes_limit(const Out& ours, const Out& theirs, bool twice);
    uint8_t opcode_at(unsigned n, const Out& out) const;
    bool is_imprecise(unsigned n, Out ours, Out theirs) const;
    void compare_record(unsigned n);
    void compare_region(uint32_t at, uint32_t bytes);
    std::string describe(unsigned n, const Out& ours, const Out& theirs) const;
    std::string describe_current() const;
    void put(uint32_t at, const void* from, uint32_t bytes);

    const Setup setup_;
    Guest guest_;
    Twin twin_;
    std::vector<uint8_t> noise_;
    std::vector<Sequence> batch_;
    Score score_;
    uint64_t seed_ = 0, wanted_ = 0;
    unsigned good_ = 0, bad_ = 0;  // lengths of the batch that give no difference in memory and one
    std::string batch_difference_;
    std::function<void(const Score&)> progress_;
};

}  // namespace sb::test
