// SPDX-License-Identifier: Apache-2.0
//
// Code that changes while it runs. A jump comes between each change and the code that was changed,
// which is all that a 486 asks for (SDM volume 3, section 8.1.3).
#include "code_buffer.h"
#include "runtime/check.h"
#include "runtime/exit.h"
#include "runtime/memory.h"
#include "runtime/print.h"
#include "runtime/program.h"

namespace guest {
namespace {

void change_between_calls(ConstantFunction* function, const char* where) {
    *function = ConstantFunction();
    for (uint32_t value = 0; value < 1000; ++value) {
        function->value = value;
        check_equal(function->call(), value, where);
    }
    print("{}\n", where);
}

// The instruction behind the jump is changed by the one before it, each time round the loop. The
// code lies in a buffer, since the program's own is not for writing.
//
//     0: movl %ecx, 12(%edx)     edx: the buffer
//     3: jmp 5
//     5: addl ...                5 bytes that stay: addl $1, %ebx; nop; nop
//    10: 81 c0 imm32             addl $imm32, %eax: the one that changes
//    16: decl %ecx
//    17: jnz 0
//    19: ret
void change_ahead() {
    static constexpr uint8_t kCode[] = {0x89, 0x4a, 0x0c, 0xeb, 0x00, 0x83, 0xc3, 0x01, 0x90, 0x90,
                                        0x81, 0xc0, 0,    0,    0,    0,    0x49, 0x75, 0xed, 0xc3};
    void* code = allocate(sizeof(kCode), kPageBytes);
    memcpy(code, kCode, sizeof(kCode));
    uint32_t sum = 0;
    uint32_t loops = 0;
    uint32_t count = 100;
    asm volatile("call *%%edx" : "+a"(sum), "+b"(loops), "+c"(count) : "d"(code) : "memory", "cc");
    check_equal(loops, 100u, "times round the loop");
    check_equal(sum, 100u * 101 / 2, "sum of the constants in the code");
    print("in the same loop\n");
}

}  // namespace

int main(const CommandLine&) {
    auto* pages = static_cast<uint8_t*>(allocate(2 * kPageBytes, kPageBytes));
    change_between_calls(reinterpret_cast<ConstantFunction*>(pages), "in one page");
    // The instruction begins in the first page, and what is changed lies in both.
    change_between_calls(reinterpret_cast<ConstantFunction*>(pages + kPageBytes - 3),
                         "across two pages");
    change_ahead();
    print("PASS\n");
    return exit_code::kSuccess;
}

}  // namespace guest
