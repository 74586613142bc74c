// SPDX-License-Identifier: Apache-2.0
//
// The first half of a loader in two halves: reads the second one, which has as many sectors as it
// needs, and goes there. The firmware has put this sector at 07C00h, in real mode, and the number of
// the drive that it came from into DL.

    .set DISK_GET_PARAMETERS, 0x08      // INT 13h, AH.
    .set SECTOR_NUMBER, 0x3f            // Of CL; its other two bits belong to the cylinder.

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
    movb %dl, disk_drive

    // The geometry that the firmware pretends this disk has: it says the greatest numbers. Sectors
    // count from 1, heads from 0.
    xorw %di, %di                       // ES:DI = 0:0, as some firmware needs it.
    movb $DISK_GET_PARAMETERS, %ah
    int $0x13
    movw $no_parameters, %si
    jc stop_with_message
    andb $SECTOR_NUMBER, %cl
    movb %cl, disk_sectors_per_track
    incb %dh
    movb %dh, disk_heads

    movw $loader_segment, %ax
    movw %ax, %es
    movl $loader_lba, %eax
    movw $loader_sectors, %cx
    call read_sectors
    jmp loader

no_parameters:
    .asciz "No disk parameters"

    .section .note.GNU-stack, "", @progbits
