// SPDX-License-Identifier: Apache-2.0
//
// A master boot record that loads a bare guest from the sectors behind it by INT 13h (Enhanced Disk
// Drive Specification, extended read, function 42h), opens A20, and enters it in protected mode with
// flat segments, as a multiboot loader would. BARE_SECTORS is how many there are.

    .set LOAD_SEGMENT, 0x1000               // 64 KiB: where the linker script has put the image.
    .set SECTORS_AT_ONCE, 32

    .code16
    .text
    .globl _start
_start:
    ljmp $0, $1f
1:  cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw $0x7c00, %sp
    sti
    cld
    movw $BARE_SECTORS, %bp                 // What is left to read; %dl is the drive, by the BIOS.
load:
    movw $SECTORS_AT_ONCE, %ax
    cmpw %ax, %bp
    jae 2f
    movw %bp, %ax
2:  movw %ax, packet_count
    movw $packet, %si
    movb $0x42, %ah
    int $0x13
    jc failed
    movw packet_count, %ax
    addw %ax, packet_lba
    subw %ax, %bp
    shlw $5, %ax                            // A sector is 32 paragraphs.
    addw %ax, packet_segment
    testw %bp, %bp
    jnz load

    cli
    inb $0x92, %al                          // System control port A: bit 1 is A20, bit 0 resets.
    orb $2, %al
    andb $0xfe, %al
    outb %al, $0x92
    lgdt gdt_pointer
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $0x08, $enter

    .code32
enter:
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %fs
    movw %ax, %gs
    movw %ax, %ss
    movl (LOAD_SEGMENT << 4) + 12, %eax     // The entry point stands behind the multiboot header.
    jmp *%eax

    .code16
failed:
    movw $failed_text, %si
3:  lodsb
    testb %al, %al
    jz 4f
    movb $0x0e, %ah
    xorw %bx, %bx
    int $0x10
    jmp 3b
4:  cli
    hlt
    jmp 4b

failed_text:
    .asciz "The bare guest can not be read from this disk."
    .balign 4
packet:
    .byte 16, 0
packet_count:
    .word 0
    .word 0
packet_segment:
    .word LOAD_SEGMENT
packet_lba:
    .long 1, 0
    .balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff                // 0x08: code, readable, flat.
    .quad 0x00cf93000000ffff                // 0x10: data, writable, flat.
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt

    .org 446                                // One entry, active: some firmware wants one.
    .byte 0x80, 0, 2, 0, 0xda, 0, 33, 0
    .long 1, BARE_SECTORS
    .org 510
    .word 0xaa55
    .section .note.GNU-stack, "", @progbits
