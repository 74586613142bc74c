// SPDX-License-Identifier: Apache-2.0
//
// What a mistyped word was meant to be, for error messages.
#pragma once

#include <string>
#include <vector>

namespace sb {

/// The candidate nearest to `word` by edit distance, or empty where none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace sb
