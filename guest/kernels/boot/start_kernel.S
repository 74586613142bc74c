// SPDX-License-Identifier: Apache-2.0
//
// From real mode to the kernel: protected mode, the kernel to its place, and into it in the state
// that the Multiboot Specification 0.6.96, section 3.2, asks for. So the kernel need not know
// whether this loader or another one has brought it.

    .set CR0_PROTECTION_ENABLE, 1 << 0
    .set CODE, 0x08                     // Selectors of the segments below.
    .set DATA, 0x10
    .set KERNEL_ADDRESS, 0x100000       // As in boot/guest.ld.
    .set MULTIBOOT_LOADER_MAGIC, 0x2badb002

    .section .boot_sector, "ax", @progbits
    .code16

// Needs A20, and multiboot_information filled in. Does not return.
    .globl start_kernel
start_kernel:
    cli                                 // The vectors of real mode mean nothing from here on.
    lgdt gdt_pointer
    movl %cr0, %eax
    orb $CR0_PROTECTION_ENABLE, %al
    movl %eax, %cr0
    ljmp $CODE, $1f                     // Loads CS, which makes the code that follows 32-bit.

    .code32
1:  movw $DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $kernel_low, %esi              // INT 13h could not reach past 1 MiB: copy it there now.
    movl $KERNEL_ADDRESS, %edi
    movl $kernel_words, %ecx
    rep movsl
    movl $MULTIBOOT_LOADER_MAGIC, %eax
    movl $multiboot_information, %ebx
    jmp guest_entry                     // Of boot/start.S, in the kernel.

// Flat 4 GiB segments at privilege level 0 (SDM volume 3, section 3.4.5). The kernel has its own.
    .balign 4
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff            // 0x08: code, readable.
    .quad 0x00cf93000000ffff            // 0x10: data, writable.
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt

    .section .note.GNU-stack, "", @progbits
