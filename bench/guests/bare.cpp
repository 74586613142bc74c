// SPDX-License-Identifier: Apache-2.0
#include "bare.h"

namespace bare {
namespace {

constexpr uint16_t kConsolePort = 0xe9;
constexpr uint16_t kDebugExitPort = 0xf4;    // QEMU's isa-debug-exit, and Southbridge's
constexpr uint16_t kBochsExitPort = 0x8900;  // Bochs: the characters of "Shutdown" end it

}  // namespace

void say(const char* text) {
    for (; *text; ++text) guest::write_port8(kConsolePort, static_cast<uint8_t>(*text));
}

void done(uint32_t checksum) {
    char line[] = "done 00000000\n";
    for (unsigned digit = 0; digit < 8; ++digit)
        line[5 + digit] = "0123456789abcdef"[checksum >> (28 - 4 * digit) & 0xf];
    say(line);
    guest::write_port32(kDebugExitPort, 0);
    for (const char* c = "Shutdown"; *c; ++c)
        guest::write_port8(kBochsExitPort, static_cast<uint8_t>(*c));
    for (;;) asm volatile("cli; hlt");
}

}  // namespace bare

// The compiler may make calls of these from loops and initialisations.
extern "C" void* memset(void* to, int value, size_t bytes) {
    void* at = to;
    asm volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(value) : "memory");
    return to;
}

extern "C" void* memcpy(void* to, const void* from, size_t bytes) {
    void* at = to;
    asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes) : : "memory");
    return to;
}
