// SPDX-License-Identifier: Apache-2.0
//
// Text on the screen, in real mode, by the firmware.

    .set VIDEO_TELETYPE, 0x0e           // INT 10h, AH: write AL and advance, in page BH.

    .code16
    .section .boot_sector, "ax", @progbits

// Prints the text at DS:SI, which ends with a zero byte.
    .globl print_message
print_message:
    lodsb
    testb %al, %al
    jz 1f
    movb $VIDEO_TELETYPE, %ah
    xorw %bx, %bx
    int $0x10
    jmp print_message
1:  ret

// Prints it, and there is nothing more to do.
    .globl stop_with_message
stop_with_message:
    call print_message
2:  hlt                                 // Interrupts end a HLT: go back to it.
    jmp 2b

    .section .note.GNU-stack, "", @progbits
