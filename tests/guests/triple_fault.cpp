// SPDX-License-Identifier: Apache-2.0
//
// Makes the processor shut down. Prints a line first and never exits.
#include "runtime/triple_fault.h"

#include "runtime/print.h"
#include "runtime/program.h"

int guest::main(const CommandLine&) {
    print("going down\n");
    triple_fault();
}
