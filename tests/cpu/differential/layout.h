// SPDX-License-Identifier: Apache-2.0
//
// The memory that both sides of the differential test run in: 4 MiB mapped to themselves, each page
// with the rights that are given here and no other page. The selectors of its GDT. (Unicorn 2.0
// walks page tables, marks them and faults by them, but then accesses memory at the linear address:
// that pages can be elsewhere is tested in paging_test.cpp.)
#pragma once

#include <cstdint>

namespace sb::test {

constexpr uint32_t code_at = 0x100000, code_size = 0x10000;  // sequences; a 16-bit segment's base
constexpr uint32_t frame_at = 0x110000;                      // what goes around a sequence
constexpr uint32_t vars_at = 0x118000, scratch_stack = 0x119f00;
constexpr uint32_t in_at = 0x120000, out_at = 0x130000;  // records, 64 bytes each
constexpr uint32_t data_at = 0x200000, stack_at = 0x300000, region_size = 0x11000;
constexpr uint32_t hole_page = data_at + 0xb000, read_only_page = data_at + 0xc000,
                   supervisor_page = data_at + 0xd000;
constexpr uint32_t gdt_at = 0x380000, tss_at = 0x380800, idt_at = 0x381000, kernel_at = 0x382000,
                   init_at = 0x382800, kernel_stack = 0x383ff0;
constexpr uint32_t directory_at = 0x3f0000, table_at = 0x3f1000;
constexpr uint32_t memory_bytes = 4 << 20;
constexpr unsigned record_bytes = 64, most_sequences = 512;
constexpr uint32_t thunk_offset = 0xfff0;  // of a 16-bit segment: the way back to 32-bit code

/// Variables, at vars_at.
namespace var {
constexpr uint32_t in = vars_at, out = vars_at + 4, count = vars_at + 8, target = vars_at + 12,
                   vector = vars_at + 20, eip = vars_at + 24, cr2 = vars_at + 28,
                   saved_esp = vars_at + 32, saved_ss = vars_at + 36, saved_eax = vars_at + 40,
                   redirect = vars_at + 44;
}  // namespace var

namespace sel {
constexpr uint16_t code0 = 0x08, data0 = 0x10, code3 = 0x1b, data3 = 0x23, tss = 0x28,
                   code16_3 = 0x33, data16 = 0x3b, stack16_3 = 0x43, other = 0x4b, code16_0 = 0x50,
                   stack16_0 = 0x58;
constexpr unsigned entries = 22;
}  // namespace sel

/// What a run is like.
struct Setup {
    bool big = true;     // 32-bit code and stack
    unsigned level = 3;  // CPL
    unsigned iopl = 0;
    const char* cache = "perfect";
};

/// A record of what a sequence begins with.
struct In {
    uint32_t edi, esi, ebp, unused, ebx, edx, ecx, eax;
    uint32_t flags, ds, es, fs, esp, ss, eip, cs;
};
/// And of what it left.
struct Out {
    uint32_t cr2, eip, vector;
    uint32_t fs, es, ds, ss, edi, esi, ebp, esp, ebx, edx, ecx, eax, flags;
};
static_assert(sizeof(In) == record_bytes && sizeof(Out) == record_bytes);

/// Puts everything but the sequences into memory.
void prepare_memory(uint8_t* memory, const Setup& setup);

}  // namespace sb::test
