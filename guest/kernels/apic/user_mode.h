// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_KERNELS_APIC_USER_MODE_H
#define GUEST_KERNELS_APIC_USER_MODE_H

// A program at privilege level 3: it may use its own page, and ask the kernel for the rest.

namespace guest::user_mode {

// The segments and the system call. Called once.
void initialise();

// Runs user_program.S until it asks to end or does what it may not.
void run_program();

}  // namespace guest::user_mode

#endif
