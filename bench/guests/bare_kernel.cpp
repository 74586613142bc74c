// SPDX-License-Identifier: Apache-2.0
//
// What an operating system's entry paths cost: two tasks at privilege level 3, each in an address
// space of its own, that do little but make system calls (INT 80h) and touch pages that are not
// there. Level 0 answers, maps pages on page faults (ones that are ready: nothing is copied or
// cleared), unmaps them by INVLPG, and switches from task to task with a new CR3, stack and
// TSS.ESP0.
#include "bare_kernel.h"
#include "bare.h"

namespace {

constexpr uint32_t kRounds = BARE_ROUNDS;
constexpr uint32_t kPage = 4096;
constexpr uint32_t kPresent = 1, kWritable = 2, kUser = 4;
constexpr uint32_t kLazyBase = 0x40000000;  // 4 MiB of linear addresses, mapped when touched
constexpr uint32_t kLazyPages = 64;
constexpr uint32_t kPool = 0x800000;  // physical pages for them
constexpr uint16_t kKernelCode = 0x08, kKernelData = 0x10, kUserCode = 0x1b, kUserData = 0x23,
                   kTaskState = 0x28;

using Table = uint32_t[1024];
alignas(kPage) Table low_table;  // the first 4 MiB, the same for both tasks
alignas(kPage) Table directories[2];
alignas(kPage) Table lazy_tables[2];
alignas(kPage) uint8_t user_stacks[2][kPage];
alignas(16) uint8_t kernel_stacks[2][kPage];
uint8_t message[64];

struct TaskState {
    uint32_t link, esp0, ss0, unused[22];
    uint16_t trap, io_map;
};
TaskState task_state;

struct Gate {
    uint16_t offset_low, selector, type, offset_high;
};
Gate idt[129];

struct Task {
    uint32_t esp;  // of level 0, while another one runs
    uint32_t checksum;
    bool ended;
};
Task tasks[2];
uint32_t current = 0;
uint32_t faults = 0, calls = 0, switches = 0;

void set_gate(unsigned vector, void (*entry)(), unsigned level) {
    const auto at = reinterpret_cast<uint32_t>(entry);
    idt[vector] = {static_cast<uint16_t>(at), kKernelCode,
                   static_cast<uint16_t>(0x8e00 | level << 13), static_cast<uint16_t>(at >> 16)};
}

void load_directory(uint32_t task) {
    asm volatile("movl %0, %%cr3" ::"r"(&directories[task]) : "memory");
}

void map_low_memory() {
    const auto user_begin = reinterpret_cast<uint32_t>(bare_user_begin);
    const auto user_end = reinterpret_cast<uint32_t>(bare_user_end);
    const auto stacks = reinterpret_cast<uint32_t>(user_stacks);
    for (uint32_t n = 0; n < 1024; ++n) {
        const uint32_t at = n * kPage;
        const bool user = (at >= user_begin && at < user_end) ||
                          (at >= stacks && at < stacks + sizeof user_stacks);
        low_table[n] = at | kPresent | kWritable | (user ? kUser : 0);
    }
    for (uint32_t task = 0; task < 2; ++task) {
        directories[task][0] = reinterpret_cast<uint32_t>(low_table) | kPresent | kWritable | kUser;
        directories[task][kLazyBase >> 22] =
            reinterpret_cast<uint32_t>(lazy_tables[task]) | kPresent | kWritable | kUser;
    }
}

// A stack as if the task had come in by an interrupt and called switch_stacks.
void prepare(uint32_t task) {
    auto* top = reinterpret_cast<uint32_t*>(kernel_stacks[task] + sizeof kernel_stacks[task]);
    *--top = kUserData;
    *--top = reinterpret_cast<uint32_t>(user_stacks[task] + sizeof user_stacks[task]) - 16;
    *--top = 0x002;  // EFLAGS: no interrupts
    *--top = kUserCode;
    *--top = reinterpret_cast<uint32_t>(user_main);
    *--top = reinterpret_cast<uint32_t>(enter_user);
    for (unsigned n = 0; n < 4; ++n) *--top = 0;  // EBX, ESI, EDI, EBP
    tasks[task].esp = reinterpret_cast<uint32_t>(top);
}

void start_paging() {
    for (unsigned n = 0; n < 32; ++n) set_gate(n, unexpected_entry, 0);
    set_gate(14, page_fault_entry, 0);
    set_gate(0x80, system_call_entry, 3);
    const struct [[gnu::packed]] {
        uint16_t limit;
        const void* base;
    } idt_pointer{sizeof idt - 1, idt};
    asm volatile("lidt %0" ::"m"(idt_pointer));
    task_state.ss0 = kKernelData;
    task_state.io_map = sizeof task_state;
    const auto base = reinterpret_cast<uint32_t>(&task_state);
    bare_gdt_tss[0] = (base << 16) | (sizeof task_state - 1);
    bare_gdt_tss[1] = (base & 0xff000000) | 0x8900 | (base >> 16 & 0xff);
    asm volatile("ltr %w0" ::"r"(kTaskState));
    load_directory(0);
    uint32_t cr0;
    asm volatile("movl %%cr0, %0" : "=r"(cr0));
    cr0 |= 0x80010000;  // PG and WP
    asm volatile("movl %0, %%cr0" ::"r"(cr0) : "memory");
}

void switch_task() {
    const uint32_t from = current, to = 1 - current;
    if (tasks[to].ended) return;
    current = to;
    ++switches;
    task_state.esp0 = reinterpret_cast<uint32_t>(kernel_stacks[to] + sizeof kernel_stacks[to]);
    load_directory(to);
    switch_stacks(&tasks[from].esp, tasks[to].esp);
}

void unmap_lazy_pages() {
    for (uint32_t n = 0; n < kLazyPages; ++n) {
        lazy_tables[current][n] = 0;
        asm volatile("invlpg (%0)" ::"r"(kLazyBase + n * kPage) : "memory");
    }
}

}  // namespace

// Called by the entry points, with what they saved.
uint32_t system_call(uint32_t number, uint32_t a, uint32_t b) {
    ++calls;
    switch (number) {
        case kGetTask:
            return current;
        case kWrite: {
            const auto* from = reinterpret_cast<const uint8_t*>(a);
            const uint32_t bytes = b < sizeof message ? b : sizeof message;
            uint32_t sum = 0;
            for (uint32_t n = 0; n < bytes; ++n) sum += message[n] = from[n];
            return sum;
        }
        case kYield:
            switch_task();
            return switches;
        case kUnmap:
            unmap_lazy_pages();
            return 0;
        default:
            tasks[current].checksum = a;
            tasks[current].ended = true;
            if (tasks[1 - current].ended)
                bare::done(tasks[0].checksum * 31 + tasks[1].checksum + faults * 3 + calls +
                           switches * 7);
            switch_task();
            return 0;
    }
}

void handle_page_fault(uint32_t address) {
    ++faults;
    const uint32_t page = (address - kLazyBase) / kPage;
    if (page >= kLazyPages) unexpected();
    lazy_tables[current][page] =
        (kPool + (current * kLazyPages + page) * kPage) | kPresent | kWritable | kUser;
}

void unexpected() { bare::done(0xdead); }

// ---- At privilege level 3.

#define USER [[gnu::section(".user"), gnu::noinline]]

USER static uint32_t ask(uint32_t number, uint32_t a = 0, uint32_t b = 0) {
    uint32_t result;
    asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b) : "memory");
    return result;
}

USER void user_main() {
    uint32_t sum = ask(kGetTask);
    auto* const lazy = reinterpret_cast<volatile uint32_t*>(kLazyBase);
    uint8_t text[48];
    for (uint32_t n = 0; n < sizeof text; ++n) text[n] = static_cast<uint8_t>(n * 7);
    for (uint32_t round = 0; round < kRounds; ++round) {
        for (uint32_t n = 0; n < 200; ++n) sum = sum * 5 + ask(kGetTask);
        for (uint32_t n = 0; n < 20; ++n)
            sum ^= ask(kWrite, reinterpret_cast<uint32_t>(text), sizeof text);
        for (uint32_t n = 0; n < kLazyPages; ++n) {
            sum += lazy[n * kPage / 4 + n];
            lazy[n * kPage / 4 + n] = sum;
        }
        for (uint32_t n = 0; n < 20; ++n) sum += ask(kYield);
        for (uint32_t n = 0; n < kLazyPages; ++n) sum = sum * 3 + lazy[n * kPage / 4 + n];
        ask(kUnmap);
    }
    for (;;) ask(kEnd, sum);
}

void bare_main() {
    bare::say("start\n");
    auto* const pool = reinterpret_cast<volatile uint32_t*>(kPool);
    for (uint32_t n = 0; n < 2 * kLazyPages * kPage / 4; ++n) pool[n] = 0;
    map_low_memory();
    prepare(0);
    prepare(1);
    start_paging();
    task_state.esp0 = reinterpret_cast<uint32_t>(kernel_stacks[0] + sizeof kernel_stacks[0]);
    uint32_t here;
    switch_stacks(&here, tasks[0].esp);
    unexpected();
}
