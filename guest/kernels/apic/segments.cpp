// SPDX-License-Identifier: Apache-2.0
#include "kernels/apic/segments.h"

#include "runtime/io.h"

namespace guest::segments {
namespace {

// The 32-bit task state segment (SDM volume 3, figure 7-2). Of its fields, a kernel that does not
// let the processor switch tasks needs the stack for level 0 only.
struct TaskState {
    uint32_t previous_task = 0;
    uint32_t esp0 = 0;
    uint32_t ss0 = kKernelData;
    uint32_t unused[22] = {};
    uint16_t debug_trap = 0;
    uint16_t io_map_base = sizeof(TaskState);  // Past the end: user privilege may use no port.
};
static_assert(sizeof(TaskState) == 104);

constinit TaskState task_state;

// SDM volume 3, figure 3-8.
constinit uint64_t table[] = {
    0,
    0x00cf9b000000ffff,  // 0x08: code for level 0, as in boot/start.S.
    0x00cf93000000ffff,  // 0x10: data for level 0.
    0x00cffb000000ffff,  // 0x18: code for level 3.
    0x00cff3000000ffff,  // 0x20: data for level 3.
    0,                   // 0x28: the task state; load() fills it in.
};

// An available 32-bit TSS at level 0 (figure 7-3).
uint64_t task_state_descriptor(uint32_t base, uint32_t limit) {
    constexpr uint64_t kPresentAvailableTss = 0x89;
    return (limit & 0xffff) | static_cast<uint64_t>(base & 0xffffff) << 16 |
           kPresentAvailableTss << 40 | static_cast<uint64_t>(base >> 24) << 56;
}

struct [[gnu::packed]] TablePointer {
    uint16_t limit;
    uint32_t base;
};

}  // namespace

void load() {
    table[kTaskState / sizeof(table[0])] =
        task_state_descriptor(physical_address(&task_state), sizeof(task_state) - 1);
    const TablePointer pointer = {sizeof(table) - 1, physical_address(table)};
    asm volatile("lgdt %0" ::"m"(pointer), "m"(table));
    asm volatile("ltr %0" ::"r"(kTaskState));
}

uint32_t& kernel_stack() { return task_state.esp0; }

}  // namespace guest::segments
