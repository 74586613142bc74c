// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_CHECK_H
#define GUEST_RUNTIME_CHECK_H

#include <concepts>

#include "runtime/print.h"

namespace guest {

// Ends the guest with a failure unless the condition holds.
inline void check(bool condition, const char* what) {
    if (!condition) fail("{}", what);
}

// Likewise for two integers, which are printed where they differ.
template <std::integral Actual, std::integral Expected>
void check_equal(Actual actual, Expected expected, const char* what) {
    if (static_cast<Expected>(actual) != expected) {
        fail("{}: {} (0x{x}) instead of {} (0x{x})", what, actual, actual, expected, expected);
    }
}

}  // namespace guest

#endif
