// SPDX-License-Identifier: Apache-2.0
//
// Where memory is, by INT 15h, AX = E820h (ACPI Specification, "INT 15H, E820H - Query System
// Address Map"): each call gives one range, and a number to hand in for the next.

    .set SYSTEM_MEMORY_MAP, 0xe820
    .set SMAP, 0x534d4150               // Handed in in EDX, given back in EAX.
    .set RANGE_BYTES, 20                // Base and length of 8 bytes each, type of 4.
    .set SIZE_BYTES, 4                  // Multiboot puts the size of a range before it (3.3).

    .code16
    .section .loader, "ax", @progbits

// Fills memory_map in the form that Multiboot has. AX = its length: 0 where the firmware cannot.
    .globl read_memory_map
read_memory_map:
    movw $memory_map, %di
    xorl %ebx, %ebx                     // The first range.
1:  cmpw $memory_map_end - SIZE_BYTES - RANGE_BYTES, %di
    ja 2f
    movl $RANGE_BYTES, (%di)
    addw $SIZE_BYTES, %di
    movl $SYSTEM_MEMORY_MAP, %eax
    movl $SMAP, %edx
    movl $RANGE_BYTES, %ecx
    int $0x15                           // To ES:DI.
    jc 3f                               // Not known, or past the last range.
    cmpl $SMAP, %eax
    jne 3f
    addw $RANGE_BYTES, %di
    testl %ebx, %ebx                    // 0 again: that was the last one.
    jnz 1b
2:  movw %di, %ax
    subw $memory_map, %ax
    ret
3:  subw $SIZE_BYTES, %di
    jmp 2b

    .section .note.GNU-stack, "", @progbits
