// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_INTERRUPT_GUARD_H
#define GUEST_RUNTIME_INTERRUPT_GUARD_H

#include <cstdint>

namespace guest {

// Keeps interrupts off for as long as it lives, and leaves them as they were: what code holds that
// runs with interrupts on, while it touches what handlers touch too.
class InterruptGuard {
  public:
    InterruptGuard() { asm volatile("pushfl; popl %0; cli" : "=r"(flags_)::"memory"); }
    ~InterruptGuard() { asm volatile("pushl %0; popfl" ::"r"(flags_) : "memory", "cc"); }
    InterruptGuard(const InterruptGuard&) = delete;
    InterruptGuard& operator=(const InterruptGuard&) = delete;

  private:
    uint32_t flags_;
};

}  // namespace guest

#endif
