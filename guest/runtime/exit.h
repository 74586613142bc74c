// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_EXIT_H
#define GUEST_RUNTIME_EXIT_H

#include <cstdint>

namespace guest {

// What a guest may exit with.
namespace exit_code {
inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;              // The program found something wrong.
inline constexpr int kBadOption = 2;            // The command line could not be understood.
inline constexpr int kUnexpectedInterrupt = 3;  // An exception or interrupt without a handler.
}  // namespace exit_code

// Ends the machine through the debug-exit port at 0xF4. The host sees the status (code << 1) | 1.
// Where there is no such port, the processor halts for good.
[[noreturn]] void exit(int code);

}  // namespace guest

#endif
