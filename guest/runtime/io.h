// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_RUNTIME_IO_H
#define GUEST_RUNTIME_IO_H

// Port and memory-mapped I/O, and the few processor instructions that C++ has no words for.
//
// The "memory" clobbers keep the compiler from moving ordinary memory accesses across I/O: a buffer
// has to be complete before the port write that hands it to a device.

#include <cstddef>
#include <cstdint>

namespace guest {

inline uint8_t read_port8(uint16_t port) {
    uint8_t value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

inline uint16_t read_port16(uint16_t port) {
    uint16_t value;
    asm volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

inline uint32_t read_port32(uint16_t port) {
    uint32_t value;
    asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

inline void write_port8(uint16_t port, uint8_t value) {
    asm volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

inline void write_port16(uint16_t port, uint16_t value) {
    asm volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

inline void write_port32(uint16_t port, uint32_t value) {
    asm volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

// REP INSW: `words` 16-bit reads of one port into ascending memory.
inline void read_port16_block(uint16_t port, void* destination, size_t words) {
    asm volatile("rep insw" : "+D"(destination), "+c"(words) : "d"(port) : "memory");
}

// REP OUTSW: ascending memory into `words` 16-bit writes of one port.
inline void write_port16_block(uint16_t port, const void* source, size_t words) {
    asm volatile("rep outsw" : "+S"(source), "+c"(words) : "d"(port) : "memory");
}

inline uint32_t read_mmio32(uint32_t address) {
    return *reinterpret_cast<volatile uint32_t*>(address);
}

inline void write_mmio32(uint32_t address, uint32_t value) {
    *reinterpret_cast<volatile uint32_t*>(address) = value;
}

// Guests run without paging: a pointer is a physical address.
inline uint32_t physical_address(const volatile void* pointer) {
    return reinterpret_cast<uint32_t>(pointer);
}

inline void disable_interrupts() { asm volatile("cli" ::: "memory"); }
inline void enable_interrupts() { asm volatile("sti" ::: "memory"); }

// Sleeps until an interrupt has been handled. Call with interrupts off; they are off again after.
//
// The caller checks its condition with interrupts off, so the wake-up cannot slip in between that
// check and the HLT: STI takes effect only after the instruction that follows it (SDM volume 2,
// "STI"), so a pending interrupt is taken with the processor already in HLT, which it ends.
inline void wait_for_interrupt() { asm volatile("sti; hlt; cli" ::: "memory"); }

[[noreturn]] inline void halt_forever() {
    for (;;) asm volatile("cli; hlt" ::: "memory");
}

}  // namespace guest

#endif
