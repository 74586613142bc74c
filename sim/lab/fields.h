// SPDX-License-Identifier: Apache-2.0
//
// Reads the members of one table of a scenario's `sweep`, each once, with its type checked. What
// nobody took is a key that does not exist.
//
// Errors: `Error` with file, line, what was expected, and the nearest valid name.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/machine/scenario.h"

namespace sb::lab {

class Fields {
  public:
    /// `name` is how messages call the table: "sweep.plot". Refuses what is no table.
    Fields(const machine::RawNode& table, std::string name);

    /// The member, or null; from now on it is a known key.
    const machine::RawNode* take(const std::string& key);
    std::string text(const std::string& key, const std::string& fallback);
    std::string choice(const std::string& key, const std::vector<std::string>& choices);
    bool truth(const std::string& key, bool fallback);
    uint64_t number(const std::string& key, uint64_t least, uint64_t most, uint64_t fallback);
    /// A text, or a list of them.
    std::vector<std::string> texts(const std::string& key);
    /// Refuses members that nobody took.
    void finish() const;

    const std::string& name() const { return name_; }
    [[noreturn]] void refuse(const machine::RawNode& node, const std::string& key,
                             const std::string& what) const;

  private:
    const machine::RawValue* value(const std::string& key);

    const machine::RawNode& table_;
    std::string name_;
    std::vector<std::string> known_;
};

[[noreturn]] void fail(const machine::Place& place, const std::string& what);
/// "; did you mean ...?", or the candidates, or nothing.
std::string hint(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace sb::lab
