// SPDX-License-Identifier: Apache-2.0
//
// Ways into level 0 and between tasks, for bare_kernel.cpp. Segment registers stay as level 3 has
// them: its data segment is as flat as level 0's.

    .text
    .globl system_call_entry, page_fault_entry, unexpected_entry, switch_stacks, enter_user

// EAX: the number, then the result; EBX, ECX: arguments.
system_call_entry:
    pushl %ebp
    pushl %edi
    pushl %esi
    pushl %edx
    pushl %ecx
    pushl %ebx
    pushl %eax
    call system_call
    addl $4, %esp
    popl %ebx
    popl %ecx
    popl %edx
    popl %esi
    popl %edi
    popl %ebp
    iret

page_fault_entry:
    pushal
    movl %cr2, %eax
    pushl %eax
    call handle_page_fault
    addl $4, %esp
    popal
    addl $4, %esp                           // The error code.
    iret

unexpected_entry:
    call unexpected

switch_stacks:
    movl 4(%esp), %eax
    movl 8(%esp), %edx
    pushl %ebp
    pushl %edi
    pushl %esi
    pushl %ebx
    movl %esp, (%eax)
    movl %edx, %esp
    popl %ebx
    popl %esi
    popl %edi
    popl %ebp
    ret

enter_user:
    movl $0x23, %eax
    movw %ax, %ds
    movw %ax, %es
    xorl %eax, %eax
    iret
    .section .note.GNU-stack, "", @progbits
