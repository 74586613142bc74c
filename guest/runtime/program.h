// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_PROGRAM_H
#define GUEST_RUNTIME_PROGRAM_H

#include "runtime/command_line.h"

namespace guest {

// The program: each guest defines it once. The start-up code calls it with interrupts off and exits
// with what it returns, so 0 (exit_code::kSuccess) means that all went well.
int main(const CommandLine& options);

}  // namespace guest

#endif
