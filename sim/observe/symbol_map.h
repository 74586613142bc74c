// SPDX-License-Identifier: Apache-2.0
//
// Names for code addresses, for exporters. Functions do not overlap; an address between two of them
// has no name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sb::observe {

class SymbolMap {
  public:
    /// Addresses of one function, or of a gap between two.
    struct Span {
        uint32_t first = 1;
        uint32_t last = 0;  // the last address that belongs to it
        size_t symbol = 0;  // its number; 0 is a gap
        bool holds(uint32_t address) const { return first <= address && address <= last; }
    };
    /// In any order. A function without a size reaches to the next one.
    void add(uint32_t address, uint32_t size, std::string name);
    /// Before the first `find`.
    void sort();
    Span find(uint32_t address) const;

    bool empty() const { return functions_.empty(); }
    /// Numbers are below it. The name of 0 is empty.
    size_t size() const { return functions_.size() + 1; }
    std::string name(size_t symbol) const {
        return symbol == 0 ? std::string{} : functions_[symbol - 1].name;
    }

  private:
    struct Function {
        uint32_t first;
        uint32_t last;
        std::string name;
    };
    std::vector<Function> functions_;
};

}  // namespace sb::observe
