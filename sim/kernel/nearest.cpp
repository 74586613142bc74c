// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/nearest.h"

#include <algorithm>
#include <numeric>

namespace sb {

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
    auto distance = [](const std::string& a, const std::string& b) {
        std::vector<size_t> row(b.size() + 1);
        std::iota(row.begin(), row.end(), size_t{0});
        for (size_t i = 1; i <= a.size(); ++i) {
            size_t diagonal = row[0];
            row[0] = i;
            for (size_t j = 1; j <= b.size(); ++j) {
                size_t change = diagonal + (a[i - 1] != b[j - 1]);
                diagonal = row[j];
                row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
            }
        }
        return row.back();
    };
    std::string best;
    size_t least = 0;
    for (const std::string& candidate : candidates) {
        size_t d = distance(word, candidate);
        if (best.empty() || d < least) {
            best = candidate;
            least = d;
        }
    }
    const size_t near = std::max<size_t>(2, word.size() / 2);
    return !best.empty() && least <= near ? best : std::string{};
}

}  // namespace sb
