// SPDX-License-Identifier: Apache-2.0
//
// 256 entry points, one for each interrupt vector. Each makes the stack look the same, whatever the
// vector, and goes on to one common path which builds an InterruptFrame (boot/interrupt_frame.h)
// and calls guest_dispatch_interrupt(frame).

// The vectors for which the processor itself pushes an error code: #DF, #TS, #NP, #SS, #GP, #PF, #AC
// and #CP (SDM volume 3, table 6-1).
    .set HAS_ERROR_CODE, (1 << 8) | (0x1f << 10) | (1 << 17) | (1 << 21)

    .section .text.interrupt_entry, "ax", @progbits

    .section .rodata.interrupt_entry_points, "a", @progbits
    .balign 4
    .globl guest_interrupt_entry_points
guest_interrupt_entry_points:           // The addresses of the 256 entry points: filled below.

    .section .text.interrupt_entry
    .type interrupt_entry, @function
interrupt_entry:
    .set vector, 0
    .rept 256
1:
    .if vector >= 32 || !((HAS_ERROR_CODE >> (vector & 31)) & 1)
    pushl $0                            // Stands in for the error code.
    .endif
    pushl $vector
    jmp common_entry
    .pushsection .rodata.interrupt_entry_points
    .long 1b
    .popsection
    .set vector, vector + 1
    .endr
    .size interrupt_entry, . - interrupt_entry

    .type common_entry, @function
common_entry:
    pushal
    cld                                 // C++ code assumes it; the interrupted code may differ.
    movl %esp, %eax
    movl %esp, %ebp                     // %ebp was saved by pushal: use it to undo the alignment.
    andl $-16, %esp
    subl $12, %esp
    pushl %eax
    call guest_dispatch_interrupt
    movl %ebp, %esp
    popal
    addl $8, %esp                       // The vector and the error code.
    iret
    .size common_entry, . - common_entry

    .section .note.GNU-stack, "", @progbits
