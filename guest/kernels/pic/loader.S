// SPDX-License-Identifier: Apache-2.0
//
// The second half of the loader. All that needs the firmware is done here, since the firmware works
// in real mode and the kernel does not: it reads the kernel and its data, and asks where memory is.

    .set VIDEO_SET_MODE, 0x00           // INT 10h, AH.
    .set TEXT_80_BY_25, 0x03            // AL: 16 colours, at B8000h.
    .set SYSTEM_EXTENDED_MEMORY, 0x88   // INT 15h, AH: AX = KiB from 1 MiB on.

    // The flags of the Multiboot information (section 3.3): which fields are valid.
    .set MULTIBOOT_MEMORY, 1 << 0
    .set MULTIBOOT_MODULES, 1 << 3
    .set MULTIBOOT_MEMORY_MAP, 1 << 6

    .code16
    .section .loader.entry, "ax", @progbits
    .globl loader
loader:
    movw $VIDEO_SET_MODE << 8 | TEXT_80_BY_25, %ax
    int $0x10
    movw $reading, %si
    call print_message

    movw $kernel_segment, %ax
    movw %ax, %es
    movl $kernel_lba, %eax
    movw $kernel_sectors, %cx
    call read_sectors
    movw $data_segment, %ax
    movw %ax, %es
    movl $data_lba, %eax
    movw $data_sectors, %cx
    call read_sectors
    xorw %ax, %ax
    movw %ax, %es

    int $0x12                           // AX = KiB from 0 on.
    movw %ax, lower_memory_kib
    movb $SYSTEM_EXTENDED_MEMORY, %ah
    int $0x15
    movw %ax, upper_memory_kib
    call read_memory_map                // AX = its bytes.
    movw %ax, memory_map_bytes
    testw %ax, %ax
    jz 1f
    orb $MULTIBOOT_MEMORY_MAP, multiboot_information
1:  call enable_a20
    movw $no_a20, %si
    jc stop_with_message
    movw $starting, %si
    call print_message
    jmp start_kernel

    .balign 4
    .globl multiboot_information
multiboot_information:
    .long MULTIBOOT_MEMORY | MULTIBOOT_MODULES
lower_memory_kib:
    .long 0
upper_memory_kib:
    .long 0
    .long 0                             // Boot device.
    .long 0                             // Command line.
    .long 1, module                     // Modules: how many, and where their list is.
    .long 0, 0, 0, 0                    // Symbols.
memory_map_bytes:
    .long 0
    .long memory_map

module:
    .long data_begin, data_end
    .long 0, 0                          // Its name; reserved.

reading:
    .asciz "loader: reading\r\n"
starting:
    .asciz "loader: starting the kernel\r\n"
no_a20:
    .asciz "loader: A20 stays off\r\n"

    .section .note.GNU-stack, "", @progbits
