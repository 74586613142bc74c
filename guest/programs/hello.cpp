// SPDX-License-Identifier: Apache-2.0
//
// The smallest program.
#include "runtime/exit.h"
#include "runtime/print.h"
#include "runtime/program.h"

int guest::main(const CommandLine&) {
    print("Hello from inside the machine.\n");
    return exit_code::kSuccess;
}
