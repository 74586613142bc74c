// SPDX-License-Identifier: Apache-2.0
//
// A whole loader in one sector. The firmware has put it at 07C00h, in real mode, and the number of
// the drive that it came from into DL. It reads the kernel with the firmware's disk services by
// block number (INT 13h extensions: Enhanced Disk Drive Specification), asks how much memory there
// is, and starts the kernel.

    .set DISK_CHECK_EXTENSIONS, 0x41    // INT 13h, AH.
    .set DISK_EXTENDED_READ, 0x42
    .set SYSTEM_EXTENDED_MEMORY, 0x88   // INT 15h, AH: AX = KiB from 1 MiB on.
    .set SIGNATURE_IN, 0x55aa           // Of the check for extensions: given in BX,
    .set SIGNATURE_OUT, 0xaa55          // and given back where they are there.
    .set HAS_PACKETS, 1 << 0            // In CX: reads by packet, as used here.

    .set SECTOR_PARAGRAPHS, 512 / 16
    .set MULTIBOOT_MEMORY, 1 << 0       // Of the flags: the two sizes are valid.

    .code16
    .section .boot_sector.entry, "ax", @progbits
    .globl boot_sector
boot_sector:
    ljmp $0, $1f                        // Some firmware starts it as 07C0h:0000h.
1:  xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss                       // The next instruction is not interrupted.
    movw $boot_sector, %sp
    cld
    sti
    movb %dl, drive

    movb $DISK_CHECK_EXTENSIONS, %ah
    movw $SIGNATURE_IN, %bx
    int $0x13
    movw $no_extensions, %si
    jc stop_with_message
    cmpw $SIGNATURE_OUT, %bx
    jne stop_with_message
    testb $HAS_PACKETS, %cl
    jz stop_with_message

    // One sector in each call: so no call can cross a 64 KiB boundary or read more than the
    // firmware is able to.
read_sector:
    movb $DISK_EXTENDED_READ, %ah
    movb drive, %dl
    movw $packet, %si
    int $0x13
    movw $read_failed, %si
    jc stop_with_message
    addw $SECTOR_PARAGRAPHS, packet_segment
    incl packet_lba
    decw sectors_left
    jnz read_sector

    int $0x12                           // AX = KiB from 0 on.
    movw %ax, lower_memory_kib
    movb $SYSTEM_EXTENDED_MEMORY, %ah
    int $0x15
    movw %ax, upper_memory_kib

    call enable_a20
    movw $no_a20, %si
    jc stop_with_message
    jmp start_kernel

drive:
    .byte 0
sectors_left:
    .word kernel_sectors

packet:                                 // The disk address packet.
    .byte 16, 0                         // Its length.
    .word 1                             // Sectors to read.
    .word 0                             // Where to: offset and segment.
packet_segment:
    .word kernel_segment
packet_lba:
    .long kernel_lba, 0

    .balign 4
    .globl multiboot_information
multiboot_information:                  // Its first fields; the flags say that no others follow.
    .long MULTIBOOT_MEMORY
lower_memory_kib:
    .long 0
upper_memory_kib:
    .long 0

no_extensions:
    .asciz "No INT 13h extensions"
read_failed:
    .asciz "Disk read error"
no_a20:
    .asciz "A20 stays off"

    .section .note.GNU-stack, "", @progbits
