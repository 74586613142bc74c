// SPDX-License-Identifier: Apache-2.0
#include "boot/idt.h"

#include <cstddef>

#include "runtime/exit.h"
#include "runtime/print.h"

extern "C" const uint32_t guest_interrupt_entry_points[256];

namespace guest {
namespace {

// An interrupt gate (SDM volume 3, figure 6-2).
struct Gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t reserved;
    uint8_t type;
    uint16_t offset_high;
};
static_assert(sizeof(Gate) == 8);

constexpr uint16_t kCodeSelector = 0x08;                    // As in the GDT of start.S.
constexpr uint8_t kPresent32BitInterruptGate = 0x80 | 0xe;  // At privilege level 0.
constexpr uint8_t kPrivilegeLevel3 = 3 << 5;

struct [[gnu::packed]] TablePointer {
    uint16_t limit;
    uint32_t base;
};

struct Registration {
    InterruptHandler handler;
    void* context;
};

constinit Gate idt[256] = {};
constinit Registration registrations[256] = {};

[[noreturn]] void unexpected(const InterruptFrame& frame) {
    print("unexpected vector {} ({}): eip={08x} cs={04x} eflags={08x} error={x}\n", frame.vector,
          exception_name(frame.vector), frame.eip, frame.cs, frame.eflags, frame.error_code);
    print("  eax={08x} ebx={08x} ecx={08x} edx={08x}\n", frame.eax, frame.ebx, frame.ecx,
          frame.edx);
    print("  esi={08x} edi={08x} ebp={08x}\n", frame.esi, frame.edi, frame.ebp);
    if (frame.vector == exception::kPageFault) {
        uint32_t address;
        asm volatile("movl %%cr2, %0" : "=r"(address));
        print("  cr2={08x}\n", address);
    }
    exit(exit_code::kUnexpectedInterrupt);
}

}  // namespace

void load_idt() {
    for (size_t vector = 0; vector < 256; ++vector) {
        const uint32_t entry = guest_interrupt_entry_points[vector];
        idt[vector] = {.offset_low = static_cast<uint16_t>(entry),
                       .selector = kCodeSelector,
                       .reserved = 0,
                       .type = kPresent32BitInterruptGate,
                       .offset_high = static_cast<uint16_t>(entry >> 16)};
    }
    const TablePointer pointer = {sizeof(idt) - 1, reinterpret_cast<uint32_t>(idt)};
    asm volatile("lidt %0" ::"m"(pointer), "m"(idt));
}

void set_interrupt_handler(uint8_t vector, InterruptHandler handler, void* context) {
    registrations[vector] = {handler, context};
}

void allow_user_interrupt(uint8_t vector) { idt[vector].type |= kPrivilegeLevel3; }

const char* exception_name(uint32_t vector) {
    static constexpr const char* kNames[exception::kCount] = {
        "#DE divide error",
        "#DB debug",
        "NMI",
        "#BP breakpoint",
        "#OF overflow",
        "#BR bound range",
        "#UD invalid opcode",
        "#NM no coprocessor",
        "#DF double fault",
        "coprocessor overrun",
        "#TS invalid TSS",
        "#NP segment not present",
        "#SS stack fault",
        "#GP general protection",
        "#PF page fault",
        "reserved",
        "#MF x87 error",
        "#AC alignment check",
        "#MC machine check",
    };
    if (vector >= exception::kCount) return "interrupt";
    return kNames[vector] != nullptr ? kNames[vector] : "reserved";
}

}  // namespace guest

extern "C" void guest_dispatch_interrupt(guest::InterruptFrame* frame) {
    const guest::Registration& registration = guest::registrations[frame->vector];
    if (registration.handler == nullptr) guest::unexpected(*frame);
    registration.handler(*frame, registration.context);
}
