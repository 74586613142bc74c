// SPDX-License-Identifier: Apache-2.0
//
// Finds a text in a stream of characters. Terminal control sequences between the characters are the
// stream's own business: what is looked for must stand in it as written.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace sb::observe {

class TextMatch {
  public:
    explicit TextMatch(std::string wanted) : wanted_{std::move(wanted)} {}

    /// True where `c` is the last character of an occurrence. An empty text never occurs.
    bool feed(uint8_t c) {
        if (wanted_.empty()) return false;
        if (recent_.size() == wanted_.size()) recent_.erase(0, 1);
        recent_.push_back(static_cast<char>(c));
        return recent_ == wanted_;
    }
    const std::string& wanted() const { return wanted_; }

  private:
    std::string wanted_;
    std::string recent_;
};

}  // namespace sb::observe
