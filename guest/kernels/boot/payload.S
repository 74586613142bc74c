// SPDX-License-Identifier: Apache-2.0
//
// What the boot code brings in: the kernel, and some data on the disk to read.

    .section .kernel, "a", @progbits
    .incbin KERNEL_BINARY               // Set by southbridge_disk_image() in guest/CMakeLists.txt.

// The data: a mark to know it by, its length, numbers, and last the word that makes the sum of all
// its words zero. `kernels/data_area.h` says the same in C++.
    .set DATA_WORDS, 64 * 512 / 4       // 64 sectors.

    .section .data_area, "a", @progbits
    .set sum, 0
    .macro data_word value
    .long (\value) & 0xffffffff
    .set sum, (sum + (\value)) & 0xffffffff
    .endm

    data_word 0x42444e53                // "SNDB", read as characters.
    data_word DATA_WORDS
    .set index, 2
    .rept DATA_WORDS - 3
    data_word (index * 0x9e3779b9)      // Scattered: 2^32 divided by the golden ratio.
    .set index, index + 1
    .endr
    .long -sum & 0xffffffff

    .section .note.GNU-stack, "", @progbits
