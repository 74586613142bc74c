// SPDX-License-Identifier: Apache-2.0
//
// A program for user privilege. It is copied to a page of its own, so it runs wherever it is put.
// It says hello by system calls, and then reads what belongs to the kernel, which ends it.

    .set SYSTEM_CALL, 0x80              // As in user_mode.cpp.
    .set PRINT_CHARACTER, 1
    .set KERNEL_MEMORY, 0x100000

    .section .rodata.user_program, "a", @progbits
    .globl guest_user_program_begin, guest_user_program_end
guest_user_program_begin:
    call 1f                             // Pushes the address of the text.
    .asciz "hello from level 3\n"
1:  popl %esi
2:  lodsb
    testb %al, %al
    jz 3f
    movzbl %al, %ebx
    movl $PRINT_CHARACTER, %eax
    int $SYSTEM_CALL
    jmp 2b
3:  movl KERNEL_MEMORY, %eax            // Page fault.
    jmp 3b
guest_user_program_end:

    .section .note.GNU-stack, "", @progbits
