// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_GUESTS_BARE_KERNEL_H
#define BENCH_GUESTS_BARE_KERNEL_H

// Between bare_kernel.cpp and its entry points in bare_entry.S.

#include <cstdint>

enum SystemCall : uint32_t { kGetTask, kWrite, kYield, kUnmap, kEnd };

extern "C" {
// Entry points.
void system_call_entry();
void page_fault_entry();
void unexpected_entry();
// Saves the callee's registers and ESP at `*from`, and goes on where `to` was saved.
void switch_stacks(uint32_t* from, uint32_t to);
// Where a task's first switch_stacks returns to: an IRET to what is on its stack.
void enter_user();

// What they call.
uint32_t system_call(uint32_t number, uint32_t a, uint32_t b);
void handle_page_fault(uint32_t address);
[[noreturn]] void unexpected();
void user_main();

extern uint8_t bare_user_begin[], bare_user_end[];
extern uint32_t bare_gdt_tss[2];
}

#endif
