// SPDX-License-Identifier: Apache-2.0
//
// A waveform as GTKWave's own tools read it: the file is converted by vcd2fst, and what fst2vcd
// gives back is what the tests look at.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sb::test {

class Wave {
  public:
    /// Throws std::runtime_error where the tools refuse the file or complain.
    Wave(const std::string& vcd, const std::string& scratch);

    /// The value at a time (of its end, where it changed then): "1", "z", "101", a text.
    std::string at(const std::string& signal, uint64_t ps) const;
    /// The same as a number, of a vector without z or x.
    uint64_t number(const std::string& signal, uint64_t ps) const;
    size_t changes(const std::string& signal) const { return list(signal).size(); }
    bool has(const std::string& signal) const { return values_.contains(signal); }
    uint64_t first() const { return first_; }
    uint64_t last() const { return last_; }
    std::vector<std::string> names() const;

  private:
    using Changes = std::vector<std::pair<uint64_t, std::string>>;
    const Changes& list(const std::string& signal) const;
    std::map<std::string, Changes> values_;
    uint64_t first_ = ~uint64_t{0};
    uint64_t last_ = 0;
};

}  // namespace sb::test
