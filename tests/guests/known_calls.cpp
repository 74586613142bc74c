// SPDX-License-Identifier: Apache-2.0
//
// A known tree of calls, each of its instructions counted by hand in the test that runs it
// (tests/explain/flame_test.cpp): calls, a tail jump, and a function that calls itself.
#include "runtime/exit.h"
#include "runtime/print.h"
#include "runtime/probe.h"
#include "runtime/program.h"

asm(R"(
    .text
    .type known_inner, @function
known_inner:
    nop
    nop
    nop
    ret
    .size known_inner, . - known_inner

    .globl known_outer
    .type known_outer, @function
known_outer:
    nop
    nop
    call known_inner
    call known_inner
    ret
    .size known_outer, . - known_outer

    .globl known_tail
    .type known_tail, @function
known_tail:
    nop
    jmp known_inner
    .size known_tail, . - known_tail

    .globl known_again
    .type known_again, @function
known_again:
    decl %eax
    jz 1f
    call known_again
1:  ret
    .size known_again, . - known_again
)");

namespace guest {

int main(const CommandLine&) {
    const uint32_t calls = phase_number("calls");
    enter_phase(calls);
    asm volatile("call known_outer" ::: "memory", "cc");
    asm volatile("call known_tail" ::: "memory", "cc");
    uint32_t depth = 3;
    asm volatile("call known_again" : "+a"(depth) : : "memory", "cc");
    enter_phase(probe::kNoPhase);
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
