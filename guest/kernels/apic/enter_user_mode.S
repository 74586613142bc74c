// SPDX-License-Identifier: Apache-2.0
//
// Into user privilege and back, as one call that returns when the program has ended.

    .set KERNEL_DATA, 0x10              // As in segments.h.
    .set USER_CODE, 0x18 | 3
    .set USER_DATA, 0x20 | 3
    .set INTERRUPTS_ENABLED, 1 << 9     // Of EFLAGS.

    .section .text.enter_user_mode, "ax", @progbits

// void guest_enter_user_mode(uint32_t eip, uint32_t esp, uint32_t* kernel_stack)
//
// IRET is the way down: it takes what it returns to from the stack, so put the program's start
// there, as if the program had been interrupted (SDM volume 2, "IRET"). What is on the stack now has
// to stay there: *kernel_stack is where interrupts of the program begin to push.
    .globl guest_enter_user_mode
    .type guest_enter_user_mode, @function
guest_enter_user_mode:
    movl 4(%esp), %eax
    movl 8(%esp), %edx
    movl 12(%esp), %ecx
    pushal
    movl %esp, (%ecx)
    movw $USER_DATA, %cx
    movw %cx, %ds
    movw %cx, %es
    pushl $USER_DATA                    // SS
    pushl %edx                          // ESP
    pushl $INTERRUPTS_ENABLED           // EFLAGS
    pushl $USER_CODE                    // CS
    pushl %eax                          // EIP
    iret
    .size guest_enter_user_mode, . - guest_enter_user_mode

// [[noreturn]] void guest_leave_user_mode(uint32_t kernel_stack)
//
// Called by the handler of what ended the program: drops the handler's stack, and returns from the
// call above. Interrupts are off, as they were.
    .globl guest_leave_user_mode
    .type guest_leave_user_mode, @function
guest_leave_user_mode:
    movl 4(%esp), %esp
    movw $KERNEL_DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    popal
    ret
    .size guest_leave_user_mode, . - guest_leave_user_mode

    .section .note.GNU-stack, "", @progbits
