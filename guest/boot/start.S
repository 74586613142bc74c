// SPDX-License-Identifier: Apache-2.0
//
// The first instructions of a guest: from the state in which a multiboot loader leaves the machine
// (protected mode, flat segments, interrupts off, paging off; Multiboot Specification 0.6.96,
// sections 3.1 and 3.2) to the first line of C++.

    .set MULTIBOOT_HEADER_MAGIC, 0x1badb002
    .set MULTIBOOT_WANT_MEMORY_MAP, 1 << 1
    .set STACK_BYTES, 64 * 1024

    .section .multiboot, "a", @progbits
    .balign 4
    .long MULTIBOOT_HEADER_MAGIC
    .long MULTIBOOT_WANT_MEMORY_MAP
    .long -(MULTIBOOT_HEADER_MAGIC + MULTIBOOT_WANT_MEMORY_MAP)

    .section .text.guest_entry, "ax", @progbits
    .globl guest_entry
    .type guest_entry, @function
guest_entry:
    cli
    cld
    movl $stack_top, %esp
    movl %eax, %esi                     // The loader's magic number, kept over the clearing below.

    // The loader's GDT may lie anywhere and may be gone: use our own before any segment is loaded.
    lgdt gdt_pointer
    ljmp $0x08, $1f
1:  movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss

    // ELF says that the loader clears the bss. Ours to lose if it did not, so clear it again.
    movl $guest_bss_begin, %edi
    movl $guest_bss_end, %ecx
    subl %edi, %ecx
    shrl $2, %ecx
    xorl %eax, %eax
    rep stosl

    xorl %ebp, %ebp                     // Ends a debugger's walk up the stack.
    subl $8, %esp                       // The i386 ABI: %esp is a multiple of 16 at each call.
    pushl %ebx                          // The physical address of the multiboot information.
    pushl %esi
    call guest_start                    // Does not return.
    .size guest_entry, . - guest_entry

    // Flat 4 GiB code and data segments at privilege level 0 (SDM volume 3, section 3.4.5).
    // They are marked accessed, so that loading them does not write to the table.
    .section .data.gdt, "aw", @progbits
    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff            // 0x08: code, readable.
    .quad 0x00cf93000000ffff            // 0x10: data, writable.
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt

    .section .stack, "aw", @nobits
    .balign 16
    .skip STACK_BYTES
stack_top:

    .section .note.GNU-stack, "", @progbits
