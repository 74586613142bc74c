// SPDX-License-Identifier: Apache-2.0
//
// SDM volume 3, section 4.3: 32-bit paging, with 4 KiB pages only, which all processors since the
// 386 have.
#include "kernels/apic/paging.h"

#include <span>

#include "runtime/apic.h"
#include "runtime/io.h"
#include "runtime/memory.h"

// Of boot/guest.ld: the image begins with code and constants, and then has data.
extern "C" const char guest_image_begin[];
extern "C" const char guest_data_begin[];

namespace guest::paging {
namespace {

// Of an entry of the directory or of a table (tables 4-5 and 4-6).
constexpr uint32_t kPresent = 1u << 0;
constexpr uint32_t kWritable = 1u << 1;
constexpr uint32_t kUser = 1u << 2;
constexpr uint32_t kUncached = 1u << 3 | 1u << 4;  // PWT and PCD.

constexpr uint32_t kCr0WriteProtect = 1u << 16;  // For the kernel too.
constexpr uint32_t kCr0Paging = 1u << 31;

constexpr uint32_t kEntries = 1024;
constexpr uint32_t kTableSpan = kEntries * kPageBytes;  // What one table maps.

constexpr uint32_t kVideoBegin = 0xa0000;
constexpr uint32_t kFirstMebibyte = 0x100000;

constinit uint32_t* directory = nullptr;
constinit uint32_t pages = 0;

uint32_t* allocate_table() {
    uint32_t* table = static_cast<uint32_t*>(allocate(kPageBytes, kPageBytes));
    memset(table, 0, kPageBytes);
    return table;
}

// The entry for the page at this address. An access has to be allowed by both levels, so the
// directory allows everything and leaves it to the table.
uint32_t& entry_of(uint32_t address) {
    uint32_t& table = directory[address / kTableSpan];
    if (!(table & kPresent)) {
        table = physical_address(allocate_table()) | kPresent | kWritable | kUser;
    }
    return reinterpret_cast<uint32_t*>(table & ~(kPageBytes - 1))[address / kPageBytes % kEntries];
}

void map(uint32_t begin, uint32_t end, uint32_t flags) {
    for (uint32_t page = begin; page != end; page += kPageBytes) {
        entry_of(page) = page | kPresent | flags;
        ++pages;
    }
}

void map_registers(uint32_t address) {
    const uint32_t page = address & ~(kPageBytes - 1);
    map(page, page + kPageBytes, kWritable | kUncached);
}

}  // namespace

void enable() {
    directory = allocate_table();
    const uint32_t code = physical_address(guest_image_begin);
    const uint32_t data = physical_address(guest_data_begin);
    map(kPageBytes, kVideoBegin, kWritable);  // Page 0 stays unmapped: null pointers lead there.
    map(kVideoBegin, kFirstMebibyte, kWritable | kUncached);
    map(code, data, 0);
    map(data, memory_end() & ~(kPageBytes - 1), kWritable);
    map_registers(local_apic::base());
    map_registers(io_apic::base());

    asm volatile("movl %0, %%cr3" ::"r"(directory) : "memory");
    uint32_t cr0;
    asm volatile("movl %%cr0, %0" : "=r"(cr0));
    cr0 |= kCr0Paging | kCr0WriteProtect;
    asm volatile("movl %0, %%cr0" ::"r"(cr0) : "memory");
}

void set_access(const void* page, Access access) {
    uint32_t& entry = entry_of(physical_address(page));
    entry = access == Access::kUser ? entry | kUser : entry & ~kUser;
    asm volatile("invlpg %0" ::"m"(*static_cast<const char*>(page)) : "memory");
}

uint32_t mapped_pages() { return pages; }

}  // namespace guest::paging
