// SPDX-License-Identifier: Apache-2.0
//
// Raises exceptions on purpose, and checks for each the vector, the error code, and where EIP
// points: to the instruction for a fault, behind it for a trap (SDM volume 3, chapter 6).
//
//   strict=0    1: also those that fast emulators leave out: segment limits and types, LOCK
#include "boot/idt.h"
#include "runtime/check.h"
#include "runtime/exit.h"
#include "runtime/print.h"
#include "runtime/program.h"

namespace guest {
namespace {

struct Seen {
    uint32_t count;
    uint32_t vector;
    uint32_t error_code;
    uint32_t eip;
};

constinit Seen seen = {};
constinit uint32_t instruction = 0;  // The one that raises, and
constinit uint32_t behind = 0;       // the one after it. Both are set by RAISE.

void on_exception(InterruptFrame& frame, void*) {
    seen = {seen.count + 1, frame.vector, frame.error_code, frame.eip};
    frame.eip = behind;
}

// Runs `code` with EAX and ECX as given and EDX 0. `before` runs just ahead of it.
#define RAISE(before, code, eax, ecx)                                                            \
    do {                                                                                         \
        uint32_t a = (eax), c = (ecx), d = 0;                                                    \
        asm volatile(before "\n movl $1f, %[instruction]\n movl $2f, %[behind]\n1: " code "\n2:" \
                     : "+a"(a), "+c"(c),                                                         \
                       "+d"(d), [instruction] "=m"(instruction), [behind] "=m"(behind)           \
                     :                                                                           \
                     : "memory", "cc");                                                          \
    } while (false)

enum class Kind : uint8_t { kFault, kTrap };

constinit uint32_t expected_count = 0;

void expect(const char* what, uint8_t vector, uint32_t error_code, Kind kind = Kind::kFault) {
    check_equal(seen.count, ++expected_count, what);
    check_equal(seen.vector, vector, what);
    check_equal(seen.error_code, error_code, what);
    check_equal(seen.eip, kind == Kind::kFault ? instruction : behind, what);
    print("{}: {}, error code {x}\n", what, exception_name(vector), error_code);
}

// The GDT of start.S, and two more segments.
constexpr uint16_t kNotPresent = 0x18;
constexpr uint16_t kSmall = 0x20;  // Ends at 0xff.
constexpr uint16_t kBeyondTable = 0x28;
constinit uint64_t gdt[] = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cf13000000ffff,
                            0x00409300000000ff};

struct [[gnu::packed]] TablePointer {
    uint16_t limit;
    uint32_t base;
};

void load_gdt() {
    const TablePointer pointer = {sizeof(gdt) - 1, reinterpret_cast<uint32_t>(gdt)};
    asm volatile("lgdt %0" ::"m"(pointer) : "memory");
}

void clear_present_bit_of_gate(uint8_t vector) {
    TablePointer pointer;
    asm volatile("sidt %0" : "=m"(pointer));
    constexpr uint32_t kGateBytes = 8;
    constexpr uint32_t kTypeByte = 5;
    constexpr uint8_t kPresent = 0x80;
    reinterpret_cast<uint8_t*>(pointer.base)[vector * kGateBytes + kTypeByte] &= ~kPresent;
}

void raise_by_instructions() {
    RAISE("", "divl %%ecx", 1, 0);
    expect("division by zero", exception::kDivideError, 0);

    RAISE("movl $2, %%edx", "divl %%ecx", 1, 2);
    expect("quotient too large", exception::kDivideError, 0);

    RAISE("", "int3", 0, 0);
    expect("breakpoint", exception::kBreakpoint, 0, Kind::kTrap);

    RAISE("movl $0x7fffffff, %%eax; incl %%eax", "into", 0, 0);
    expect("into", exception::kOverflow, 0, Kind::kTrap);

    const int32_t bounds[] = {10, 20};
    RAISE("", "boundl %%eax, (%%ecx)", 21, reinterpret_cast<uint32_t>(bounds));
    expect("bound", exception::kBoundRange, 0);

    RAISE("", "ud2", 0, 0);
    expect("undefined instruction", exception::kInvalidOpcode, 0);
}

void raise_by_selectors() {
    RAISE("", "movw %%ax, %%fs", kNotPresent, 0);
    expect("segment not present", exception::kSegmentNotPresent, kNotPresent);

    RAISE("", "movw %%ax, %%ss", kNotPresent, 0);
    expect("stack segment not present", exception::kStackFault, kNotPresent);

    RAISE("", "movw %%ax, %%fs", kBeyondTable, 0);
    expect("selector beyond the table", exception::kGeneralProtection, kBeyondTable);

    RAISE("", "movw %%ax, %%ss", 0, 0);
    expect("null stack segment", exception::kGeneralProtection, 0);

    constexpr uint8_t kVector = 0x90;
    constexpr uint32_t kInIdt = 1u << 1;
    clear_present_bit_of_gate(kVector);
    RAISE("", "int $0x90", 0, 0);
    expect("gate not present", exception::kSegmentNotPresent, kVector * 8 | kInIdt);
}

void raise_by_strict_checks() {
    RAISE("", ".byte 0xf0, 0x89, 0xc0", 0, 0);  // lock mov %eax, %eax
    expect("lock where it may not be", exception::kInvalidOpcode, 0);

    RAISE("movl $0x20, %%edx; movw %%dx, %%fs", "movl %%fs:(%%ecx), %%eax", 0, 0xfd);
    expect("read across a limit", exception::kGeneralProtection, 0);

    RAISE("", "movl %%eax, %%cs:(%%ecx)", 0, reinterpret_cast<uint32_t>(&instruction));
    expect("write to a code segment", exception::kGeneralProtection, 0);

    RAISE("movl $0, %%edx; movw %%dx, %%fs", "movl %%fs:(%%ecx), %%eax", 0, 0);
    expect("read through a null segment", exception::kGeneralProtection, 0);
}

}  // namespace

int main(const CommandLine& options) {
    options.allow_only({"strict"});
    static_assert(kSmall == 0x20, "as in raise_by_strict_checks()");
    load_gdt();
    for (uint8_t vector = 0; vector < exception::kCount; ++vector) {
        set_interrupt_handler(vector, on_exception);
    }
    raise_by_instructions();
    raise_by_selectors();
    if (options.number("strict", 0, 0, 1) == 1) raise_by_strict_checks();
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
