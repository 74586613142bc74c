// SPDX-License-Identifier: Apache-2.0
#include "kernels/apic/user_mode.h"

#include "boot/idt.h"
#include "kernels/apic/paging.h"
#include "kernels/apic/segments.h"
#include "runtime/console.h"
#include "runtime/memory.h"
#include "runtime/print.h"

extern "C" {
extern const char guest_user_program_begin[];
extern const char guest_user_program_end[];
void guest_enter_user_mode(uint32_t eip, uint32_t esp, uint32_t* kernel_stack);
[[noreturn]] void guest_leave_user_mode(uint32_t kernel_stack);
}

namespace guest::user_mode {
namespace {

constexpr uint8_t kSystemCall = 0x80;

// In EAX; the argument is in EBX.
enum class Call : uint32_t { kExit = 0, kPrintCharacter = 1 };

constexpr uint32_t kPrivilegeMask = 3;      // Of CS.
constexpr uint32_t kFaultByUser = 1u << 2;  // Of the error code of a page fault.
constexpr uint32_t kProtectionFault = 1u << 0;

constinit char* page = nullptr;

void on_system_call(InterruptFrame& frame, void*) {
    switch (static_cast<Call>(frame.eax)) {
        case Call::kExit:
            guest_leave_user_mode(segments::kernel_stack());
        case Call::kPrintCharacter: {
            const char character = static_cast<char>(frame.ebx);
            return write_console({&character, 1});
        }
    }
    frame.eax = UINT32_MAX;  // No such call.
}

// An exception of the program ends the program; one of the kernel's ends the kernel.
void on_exception(InterruptFrame& frame, void*) {
    if ((frame.cs & kPrivilegeMask) == 0) {
        fail("{} in the kernel at {08x}", exception_name(frame.vector), frame.eip);
    }
    print("user: ended by {}", exception_name(frame.vector));
    if (frame.vector == exception::kPageFault) {
        uint32_t address;
        asm volatile("movl %%cr2, %0" : "=r"(address));
        print(" at {08x}: {}", address,
              frame.error_code == (kFaultByUser | kProtectionFault) ? "not the user's to read"
                                                                    : "not mapped or not writable");
    }
    print("\n");
    guest_leave_user_mode(segments::kernel_stack());
}

}  // namespace

void initialise() {
    segments::load();
    allow_user_interrupt(kSystemCall);
    set_interrupt_handler(kSystemCall, on_system_call);
    page = static_cast<char*>(allocate(kPageBytes, kPageBytes));
    paging::set_access(page, paging::Access::kUser);
}

void run_program() {
    memcpy(page, guest_user_program_begin, guest_user_program_end - guest_user_program_begin);
    set_interrupt_handler(exception::kPageFault, on_exception);
    set_interrupt_handler(exception::kGeneralProtection, on_exception);
    guest_enter_user_mode(reinterpret_cast<uint32_t>(page),
                          reinterpret_cast<uint32_t>(page + kPageBytes), &segments::kernel_stack());
    set_interrupt_handler(exception::kPageFault, nullptr);
    set_interrupt_handler(exception::kGeneralProtection, nullptr);
}

}  // namespace guest::user_mode
