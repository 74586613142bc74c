// SPDX-License-Identifier: Apache-2.0
//
// SystemC has one simulation per process. A test case is a process of its own (CTest runs each by
// name); a table-driven one runs each of its rows in a forked child by `isolated`, and gets back
// what the row measured.
#pragma once

#include <functional>
#include <string>
#include <type_traits>

namespace sb::test {

/// Runs `body` in a child process, and returns its text. Throws std::runtime_error with the child's
/// words where it throws, fails an assertion of its own, or dies by a signal.
std::string isolated_text(const std::function<std::string()>& body);

/// The assertions of this process that have failed, a line each: main.cpp's listener puts them there.
std::string& failed_checks();

/// The same for a result of trivially copyable type.
template <typename F>
auto isolated(F&& body) {
    using R = std::invoke_result_t<F>;
    static_assert(std::is_trivially_copyable_v<R>);
    std::string bytes = isolated_text([&] {
        R result = body();
        return std::string(reinterpret_cast<const char*>(&result), sizeof result);
    });
    R result{};
    bytes.copy(reinterpret_cast<char*>(&result), sizeof result);
    return result;
}

}  // namespace sb::test
