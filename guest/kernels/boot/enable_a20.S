// SPDX-License-Identifier: Apache-2.0
//
// The A20 gate. The 8086 had 20 address lines, and addresses past 1 MiB wrapped around to 0. So
// that programs which relied on it went on working, the PC AT forces line A20 to 0 until it is told
// otherwise; with A20 at 0, every odd megabyte is the even one below it.

    .set SYSTEM_ENABLE_A20, 0x2401      // INT 15h, AX.
    .set SYSTEM_CONTROL_PORT_A, 0x92    // Of the PS/2 and later.
    .set ALTERNATE_GATE_A20, 1 << 1
    .set FAST_RESET, 1 << 0             // Resets the processor when it goes to 1.

    .set PROBE, 0x7dfe                  // The boot sector's signature: not needed any more.
    .set PROBE_PLUS_1_MIB, PROBE + 16   // The same plus 1 MiB, from segment FFFFh = 1 MiB - 16.

    .code16
    .section .boot_sector, "ax", @progbits

// Makes A20 follow the processor. Carry set: it did not work.
    .globl enable_a20
enable_a20:
    call a20_follows                    // Most firmware leaves it so.
    jnc 1f
    movw $SYSTEM_ENABLE_A20, %ax
    int $0x15
    call a20_follows
    jnc 1f
    inb $SYSTEM_CONTROL_PORT_A, %al
    orb $ALTERNATE_GATE_A20, %al
    andb $~FAST_RESET & 0xff, %al
    outb %al, $SYSTEM_CONTROL_PORT_A
    // Falls through: the last look decides.

// Carry clear if an address and the one 1 MiB above it are different memory. Two words may be equal
// by chance, so look again after changing one of them.
a20_follows:
    movw $0xffff, %ax
    movw %ax, %fs
    movw $2, %cx
2:  incw PROBE
    movw %fs:PROBE_PLUS_1_MIB, %ax
    cmpw PROBE, %ax
    clc
    jne 1f
    loop 2b
    stc
1:  ret

    .section .note.GNU-stack, "", @progbits
