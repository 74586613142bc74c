// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_MEMORY_H
#define GUEST_RUNTIME_MEMORY_H

// Memory: the functions that the compiler expects to exist, and an allocator.
//
// The allocator hands out memory from the end of the image upward and never takes any back: a guest
// runs one program once, and what it needs is known early. Running out ends the guest with a
// message. Memory comes uncleared, and is physically contiguous, since guests run without paging.

#include <cstddef>
#include <cstdint>
#include <span>

extern "C" {
void* memcpy(void* destination, const void* source, size_t bytes);
void* memmove(void* destination, const void* source, size_t bytes);
void* memset(void* destination, int value, size_t bytes);
int memcmp(const void* left, const void* right, size_t bytes);
void* memchr(const void* bytes, int value, size_t count);
size_t strlen(const char* text);
}

namespace guest {

inline constexpr uint32_t kPageBytes = 4096;

// `kept` is what the loader put into memory for the program, wherever that is; `memory_end` is the
// first address that is no memory. Called once, by the start-up code.
void initialise_allocator(std::span<const uint8_t> kept, uint32_t memory_end);

// `alignment` has to be a power of two.
void* allocate(size_t bytes, size_t alignment = 16);

// Bytes that allocate() could still hand out.
uint32_t memory_left();

// The first address that is no memory.
uint32_t memory_end();

// An array of `count` elements, uncleared.
template <typename Element>
std::span<Element> allocate_array(size_t count) {
    return {static_cast<Element*>(allocate(count * sizeof(Element), alignof(Element))), count};
}

}  // namespace guest

#endif
