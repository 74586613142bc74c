// SPDX-License-Identifier: Apache-2.0
//
// Entry of a bare guest: protected mode, flat segments, interrupts off; nothing else is taken for
// granted, so it does not matter who loaded it (a multiboot loader or boot_sector.S).

    .set MULTIBOOT_HEADER_MAGIC, 0x1badb002
    .set STACK_BYTES, 16 * 1024

    .section .multiboot, "a", @progbits
    .balign 4
    .long MULTIBOOT_HEADER_MAGIC
    .long 0
    .long -MULTIBOOT_HEADER_MAGIC
    .long bare_entry                        // For boot_sector.S.

    .section .text.bare_entry, "ax", @progbits
    .globl bare_entry
bare_entry:
    cli
    cld
    movl $bare_stack_top, %esp
    lgdt bare_gdt_pointer
    ljmp $0x08, $1f
1:  movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl $bare_bss_begin, %edi
    movl $bare_bss_end, %ecx
    subl %edi, %ecx
    shrl $2, %ecx
    xorl %eax, %eax
    rep stosl
    movl $bare_stack_top, %esp
    call bare_main                          // Does not return.

    // Accessed bits are set, so that loading these does not write to the table.
    .section .data.gdt, "aw", @progbits
    .balign 8
    .globl bare_gdt, bare_gdt_tss
bare_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff                // 0x08: code of level 0.
    .quad 0x00cf93000000ffff                // 0x10: data of level 0.
    .quad 0x00cffb000000ffff                // 0x18: code of level 3.
    .quad 0x00cff3000000ffff                // 0x20: data of level 3.
bare_gdt_tss:
    .quad 0                                 // 0x28: the task state segment, where there is one.
bare_gdt_end:
bare_gdt_pointer:
    .word bare_gdt_end - bare_gdt - 1
    .long bare_gdt

    .section .bss.stack, "aw", @nobits
    .balign 16
    .skip STACK_BYTES
    .globl bare_stack_top
bare_stack_top:
    .section .note.GNU-stack, "", @progbits
