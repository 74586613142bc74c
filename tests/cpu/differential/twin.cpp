// SPDX-License-Identifier: Apache-2.0
#include "tests/cpu/differential/twin.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstring>
#include <stdexcept>

namespace sb::test {
namespace {

void check(uc_err error, const char* what) {
    if (error != UC_ERR_OK)
        throw std::runtime_error(fmt::format("unicorn, {}: {}", what, uc_strerror(error)));
}

/// Where it would stop by itself: never reached, but looked up, so it must be mapped.
constexpr uint32_t nowhere = in_at + 0x7ff0;

constexpr size_t address_space = size_t{1} << 32;

template <typename F>
void* hook_address(F* f) {
    return reinterpret_cast<void*>(f);
}

}  // namespace

Twin::Twin(const Setup& setup) : setup_{setup} {
    check(uc_open(UC_ARCH_X86, UC_MODE_32, &uc_), "open");
    // All of the address space: where it is not mapped, Unicorn stops before it looks at pages.
    void* all = ::mmap(nullptr, address_space, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) throw std::runtime_error("no address space for Unicorn's memory");
    memory_ = static_cast<uint8_t*>(all);
    check(uc_mem_map_ptr(uc_, 0, address_space, UC_PROT_ALL, memory_), "map");
    uc_hook hook;
    check(uc_hook_add(uc_, &hook, UC_HOOK_INTR, hook_address(interrupted), this, 1, 0), "hook");
    check(uc_hook_add(uc_, &hook, UC_HOOK_INSN_INVALID, hook_address(invalid), this, 1, 0), "hook");
    check(uc_hook_add(uc_, &hook, UC_HOOK_INSN, hook_address(port_in), this, 1, 0, UC_X86_INS_IN),
          "hook");
    check(uc_hook_add(uc_, &hook, UC_HOOK_INSN, hook_address(port_out), this, 1, 0, UC_X86_INS_OUT),
          "hook");
    prepare_memory(memory_, setup);
    uc_x86_mmr gdtr{}, idtr{};
    gdtr.base = gdt_at;
    gdtr.limit = 8 * sel::entries - 1;
    idtr.base = idt_at;
    idtr.limit = 0x7ff;
    check(uc_reg_write(uc_, UC_X86_REG_GDTR, &gdtr), "GDTR");
    check(uc_reg_write(uc_, UC_X86_REG_IDTR, &idtr), "IDTR");
}

Twin::~Twin() {
    if (clean_) uc_context_free(clean_);
    uc_close(uc_);
    ::munmap(memory_, address_space);
}

void Twin::set(uint32_t at, uint32_t v) { std::memcpy(memory_ + at, &v, 4); }

/// Notes the exception, as kernel_at's code does; `run` then goes on at the sequence's end.
void Twin::fault(uint32_t vector) {
    uint32_t eip = 0, cr2 = 0, flags = 0, out;
    uc_reg_read(uc_, UC_X86_REG_EIP, &eip);
    uc_reg_read(uc_, UC_X86_REG_CR2, &cr2);
    uc_reg_read(uc_, UC_X86_REG_EFLAGS, &flags);
    std::memcpy(&out, memory_ + var::out, 4);
    flags_.emplace_back(out - 4, flags);
    set(var::vector, vector);
    set(var::eip, eip);
    set(var::cr2, cr2);
    faulted_ = true;
    uc_emu_stop(uc_);
}

void Twin::interrupted(uc_engine* uc, uint32_t number, void* self) {
    Twin& twin = *static_cast<Twin*>(self);
    if (number == 0x81) {
        twin.ended_ = true;
        uc_emu_stop(uc);
        return;
    }
    twin.fault(number);
}

bool Twin::invalid(uc_engine*, void* self) {
    static_cast<Twin*>(self)->fault(6);
    return true;
}

/// As on our side's board: a few ports that read as zero, and nothing else.
uint32_t Twin::port_in(uc_engine*, uint32_t port, int bytes, void*) {
    uint32_t v = 0;
    for (uint32_t n = 0; n < static_cast<uint32_t>(bytes); ++n)
        if (port + n - 0x10 >= 8 && port + n != 0xe9) v |= 0xffu << (8 * n);
    return v;
}
void Twin::port_out(uc_engine*, uint32_t, int, uint32_t, void*) {}

void Twin::code_changed(uint32_t at, uint32_t bytes) {
    check(uc_ctl_remove_cache(uc_, uint64_t{at}, uint64_t{at} + bytes), "remove cache");
}

/// Unicorn never ends the delivery of an exception that a hook took: it would make the next one a
/// double fault, and the one after that a shutdown. Its context as it was at an exception of the
/// benign kind (SDM volume 3, table 6-4) is clean; only the registers are of now.
void Twin::forget_exception() {
    if (!clean_) {
        check(uc_context_alloc(uc_, &clean_), "context");
        check(uc_context_save(uc_, clean_), "context");
        return;
    }
    // Not the flags: written from outside, some would stay set for good. See `run`.
    int ids[] = {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,
                 UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI};
    uint32_t values[std::size(ids)] = {};
    void* places[std::size(ids)];
    for (size_t n = 0; n < std::size(ids); ++n) places[n] = &values[n];
    check(uc_reg_read_batch(uc_, ids, places, std::size(ids)), "registers");
    check(uc_context_restore(uc_, clean_), "context");
    check(uc_reg_write_batch(uc_, ids, places, std::size(ids)), "registers");
}

std::string Twin::run() {
    ended_ = false;
    uint32_t begin = started_ ? frame_at : init_at;
    started_ = true;
    uc_err error;
    unsigned faults = 0;
    do {
        faulted_ = false;
        error = uc_emu_start(uc_, begin, nowhere, 0, 0);
        if (faulted_) forget_exception();
        std::memcpy(&begin, memory_ + var::redirect, 4);
    } while (faulted_ && error == UC_ERR_OK && ++faults <= most_sequences);
    // The flags at an exception go into the records that have those of the clean context.
    for (const auto& [at, flags] : flags_) set(at, flags);
    flags_.clear();
    if (ended_ && error == UC_ERR_OK) return {};
    uint32_t eip = 0;
    uc_reg_read(uc_, UC_X86_REG_EIP, &eip);
    uint32_t vector, at;
    std::memcpy(&vector, memory_ + var::vector, 4);
    std::memcpy(&at, memory_ + var::eip, 4);
    return fmt::format("unicorn stopped at {:x}: {}; the last exception was {} at {:x}", eip,
                       uc_strerror(error), vector, at);
}

}  // namespace sb::test
