// SPDX-License-Identifier: Apache-2.0
//
// Halts with interrupts off, which nothing but a reset ends. Prints a line first and never exits.
#include "runtime/io.h"
#include "runtime/print.h"
#include "runtime/program.h"

int guest::main(const CommandLine&) {
    print("halting\n");
    halt_forever();
}
