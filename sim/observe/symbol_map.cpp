// SPDX-License-Identifier: Apache-2.0
#include "sim/observe/symbol_map.h"

#include <algorithm>

namespace sb::observe {

void SymbolMap::add(uint32_t address, uint32_t size, std::string name) {
    const uint32_t last = size == 0 ? ~uint32_t{0} : address + std::min(size - 1, ~address);
    functions_.push_back({address, last, std::move(name)});
}

void SymbolMap::sort() {
    std::stable_sort(functions_.begin(), functions_.end(),
                     [](const Function& a, const Function& b) { return a.first < b.first; });
    // Two names of one address: the first stays.
    const auto end =
        std::unique(functions_.begin(), functions_.end(),
                    [](const Function& a, const Function& b) { return a.first == b.first; });
    functions_.erase(end, functions_.end());
    for (size_t i = 0; i + 1 < functions_.size(); ++i)
        functions_[i].last = std::min(functions_[i].last, functions_[i + 1].first - 1);
}

SymbolMap::Span SymbolMap::find(uint32_t address) const {
    const auto after = std::upper_bound(functions_.begin(), functions_.end(), address,
                                        [](uint32_t a, const Function& f) { return a < f.first; });
    Span gap{0, after == functions_.end() ? ~uint32_t{0} : after->first - 1, 0};
    if (after == functions_.begin()) return gap;
    const auto before = std::prev(after);
    if (address <= before->last)
        return {before->first, before->last, static_cast<size_t>(before - functions_.begin()) + 1};
    gap.first = before->last + 1;
    return gap;
}

}  // namespace sb::observe
