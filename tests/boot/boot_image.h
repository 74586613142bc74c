// SPDX-License-Identifier: Apache-2.0
//
// A disk image made by a test: a boot sector that reads the second sector through INT 13h and
// prints it through INT 10h, and the second sector's text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace sb::test {

inline std::string boot_image(const std::string& text) {
    static constexpr uint8_t code[] = {
        0x31, 0xc0,        // xor ax, ax
        0x8e, 0xd8,        // mov ds, ax
        0x8e, 0xc0,        // mov es, ax
        0x8e, 0xd0,        // mov ss, ax
        0xbc, 0x00, 0x7c,  // mov sp, 7C00h
        0xb8, 0x01, 0x02,  // mov ax, 0201h     read one sector
        0xbb, 0x00, 0x80,  // mov bx, 8000h     to 0000:8000
        0xb9, 0x02, 0x00,  // mov cx, 0002h     cylinder 0, sector 2
        0x30, 0xf6,        // xor dh, dh        head 0 of the drive that DL names
        0xcd, 0x13,        // int 13h
        0xbe, 0x00, 0x80,  // mov si, 8000h
        0x72, 0x0e,        // jc end
        0xac,              // next: lodsb
        0x84, 0xc0,        // test al, al
        0x74, 0x09,        // jz end
        0xb4, 0x0e,        // mov ah, 0Eh       teletype
        0xbb, 0x07, 0x00,  // mov bx, 0007h
        0xcd, 0x10,        // int 10h
        0xeb, 0xf2,        // jmp next
        0xf4,              // end: hlt
        0xeb, 0xfd};       // jmp end
    std::string image(1u << 20, '\0');
    std::copy_n(reinterpret_cast<const char*>(code), sizeof code, image.begin());
    image[510] = '\x55';
    image[511] = '\xaa';
    std::copy(text.begin(), text.end(), image.begin() + 512);
    return image;
}

/// A network boot program, entered at 0000:7C00: prints the text that is at its very end, `bytes`
/// from its start.
inline std::string network_program(size_t bytes, const std::string& text) {
    const size_t at = 0x7c00 + bytes - text.size() - 1;
    const uint8_t code[] = {0x31,
                            0xc0,  // xor ax, ax
                            0x8e,
                            0xd8,  // mov ds, ax
                            0xbe,
                            static_cast<uint8_t>(at),
                            static_cast<uint8_t>(at >> 8),  // mov si, the text
                            0xac,                           // next: lodsb
                            0x84,
                            0xc0,  // test al, al
                            0x74,
                            0x09,  // jz end
                            0xb4,
                            0x0e,  // mov ah, 0Eh       teletype
                            0xbb,
                            0x07,
                            0x00,  // mov bx, 0007h
                            0xcd,
                            0x10,  // int 10h
                            0xeb,
                            0xf2,  // jmp next
                            0xf4,  // end: hlt
                            0xeb,
                            0xfd};  // jmp end
    std::string program(bytes, '\0');
    for (size_t i = 0; i < bytes; ++i) program[i] = static_cast<char>(i * 5 + i / 256);
    std::copy_n(reinterpret_cast<const char*>(code), sizeof code, program.begin());
    program.replace(bytes - text.size() - 1, text.size() + 1, text.c_str(), text.size() + 1);
    return program;
}

}  // namespace sb::test
