// SPDX-License-Identifier: Apache-2.0
#include "runtime/memory.h"

#include "runtime/io.h"
#include "runtime/print.h"

extern "C" const char guest_image_end[];

// The string instructions do the work: on a 486 they are the fastest way, and the compiler cannot
// turn the loop inside memcpy() into a call of memcpy().

extern "C" void* memcpy(void* destination, const void* source, size_t bytes) {
    void* to = destination;
    size_t words = bytes / 4;
    size_t rest = bytes % 4;
    asm volatile("rep movsl" : "+D"(to), "+S"(source), "+c"(words)::"memory");
    asm volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(rest)::"memory");
    return destination;
}

extern "C" void* memmove(void* destination, const void* source, size_t bytes) {
    if (destination <= source) return memcpy(destination, source, bytes);
    // The regions may overlap with the destination above: go from the last byte down.
    void* to = static_cast<char*>(destination) + bytes - 1;
    const void* from = static_cast<const char*>(source) + bytes - 1;
    asm volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
    return destination;
}

extern "C" void* memset(void* destination, int value, size_t bytes) {
    void* to = destination;
    const uint32_t pattern = static_cast<uint8_t>(value) * 0x01010101u;
    size_t words = bytes / 4;
    size_t rest = bytes % 4;
    asm volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    asm volatile("rep stosb" : "+D"(to), "+c"(rest) : "a"(pattern) : "memory");
    return destination;
}

extern "C" int memcmp(const void* left, const void* right, size_t bytes) {
    const uint8_t* a = static_cast<const uint8_t*>(left);
    const uint8_t* b = static_cast<const uint8_t*>(right);
    for (size_t i = 0; i < bytes; ++i) {
        if (a[i] != b[i]) return a[i] - b[i];
    }
    return 0;
}

extern "C" void* memchr(const void* bytes, int value, size_t count) {
    const uint8_t* byte = static_cast<const uint8_t*>(bytes);
    for (size_t i = 0; i < count; ++i) {
        if (byte[i] == static_cast<uint8_t>(value)) return const_cast<uint8_t*>(byte + i);
    }
    return nullptr;
}

extern "C" size_t strlen(const char* text) {
    size_t length = 0;
    // Hidden from the optimiser, which would otherwise make this loop a call of strlen().
    while (text[length] != '\0') asm("" : "+r"(++length));
    return length;
}

namespace guest {
namespace {

constinit uint32_t next_free = 0;
constinit uint32_t end_of_memory = 0;

uint32_t align_up(uint32_t address, uint32_t alignment) {
    return (address + alignment - 1) & ~(alignment - 1);
}

}  // namespace

void initialise_allocator(std::span<const uint8_t> kept, uint32_t memory_end) {
    const uint32_t image_end = physical_address(guest_image_end);
    const uint32_t kept_end = physical_address(kept.data() + kept.size());
    next_free = align_up(kept_end > image_end ? kept_end : image_end, kPageBytes);
    end_of_memory = memory_end;
}

uint32_t memory_end() { return end_of_memory; }

uint32_t memory_left() { return end_of_memory > next_free ? end_of_memory - next_free : 0; }

void* allocate(size_t bytes, size_t alignment) {
    const uint32_t start = align_up(next_free, alignment);
    if (start < next_free || start > end_of_memory || end_of_memory - start < bytes) {
        fail("out of memory: {} bytes wanted, {} left: give the machine more memory (memory.size)",
             bytes, memory_left());
    }
    next_free = start + bytes;
    return reinterpret_cast<void*>(start);
}

}  // namespace guest
