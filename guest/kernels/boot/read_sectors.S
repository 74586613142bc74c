// SPDX-License-Identifier: Apache-2.0
//
// Sectors by cylinder, head and sector: the disk service that every PC's firmware has had since
// 1983 (IBM PC XT Technical Reference, INT 13h).

    .set DISK_READ, 0x02                // INT 13h, AH; AL = how many sectors.
    .set SECTOR_PARAGRAPHS, 512 / 16

    .code16
    .section .boot_sector, "ax", @progbits

// Reads CX sectors from block number EAX on to ES:0 and upward. Stops the machine on an error.
//
// Block number = (cylinder * heads + head) * sectors per track + sector - 1, so two divisions turn
// it back. One sector in each call: so no call crosses a track or a 64 KiB boundary.
    .globl read_sectors
read_sectors:
    pushw %cx
    pushl %eax
    xorl %edx, %edx
    divl disk_sectors_per_track         // EAX = cylinder * heads + head, EDX = sector - 1.
    leaw 1(%edx), %cx                   // CL bits 5:0: the sector.
    xorl %edx, %edx
    divl disk_heads                     // EAX = cylinder, EDX = head.
    movb %al, %ch                       // CH: the cylinder's low 8 bits.
    shlb $6, %ah
    orb %ah, %cl                        // CL bits 7:6: its high 2 bits.
    movb %dl, %dh                       // DH: the head.
    movb disk_drive, %dl
    xorw %bx, %bx
    movw $DISK_READ << 8 | 1, %ax
    int $0x13
    movw $read_failed, %si
    jc stop_with_message
    movw %es, %ax
    addw $SECTOR_PARAGRAPHS, %ax
    movw %ax, %es
    popl %eax
    popw %cx
    incl %eax
    loop read_sectors
    ret

// What the boot sector finds out about the disk.
    .balign 4
    .globl disk_sectors_per_track, disk_heads, disk_drive
disk_sectors_per_track:
    .long 0
disk_heads:
    .long 0
disk_drive:
    .byte 0

read_failed:
    .asciz "Disk read error"

    .section .note.GNU-stack, "", @progbits
