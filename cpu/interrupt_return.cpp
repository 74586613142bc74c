// SPDX-License-Identifier: Apache-2.0
//
// IRET, and the flags that it and POPF may change. Source: Intel SDM volume 2, IRET and POPF;
// volume 3, 20.2.
#include "cpu/core.h"

namespace sb::cpu {

void Core::interrupt_return(unsigned size) {
    const uint64_t start = cycle;
    cause_ = Cause::interrupt_exit;
    if (!s.protected_mode()) {
        return_paragraph(size);
    } else if (s.virtual_8086()) {
        if (s.iopl() < 3) fault(general_protection);
        return_paragraph(size);
    } else if (s.other_flags & flag::nt) {
        return_to_task();
    } else {
        return_protected(size);
    }
    s.nmi_masked = false;
    cause_ = Cause::executing;
    probe_.emit(clock_.cycles(start), observe::Kind::interrupt_return, next_eip, cycle - start);
}

void Core::return_paragraph(unsigned size) {
    const uint32_t offset = peek(nullptr, 0, size);
    const auto selector = static_cast<uint16_t>(peek(nullptr, size, size));
    const uint32_t flags = peek(nullptr, 2 * size, size);
    enter_paragraph(selector, offset);
    set_sp(s.regs[esp] + 3 * size);
    load_flags(flags, size, true);
    spend(Row::interrupt_iret_real);
}

void Core::return_protected(unsigned size) {
    const uint32_t offset = peek(nullptr, 0, size);
    const auto selector = static_cast<uint16_t>(peek(nullptr, size, size));
    const uint32_t flags = peek(nullptr, 2 * size, size);
    if (size == 4 && (flags & flag::vm) && s.cpl == 0)
        return return_to_v86(offset, selector, flags);
    const Descriptor d = return_target(selector);
    if ((selector & 3u) > s.cpl) {
        const uint32_t sp = peek(nullptr, 3 * size, size);
        const auto stack = static_cast<uint16_t>(peek(nullptr, 4 * size, size));
        const Segment g = stack_segment(stack, selector & 3u, general_protection, 0);
        if (offset > d.limit()) fault(general_protection);
        load_flags(flags, size, true);  // by what the inner level may
        enter_outer(selector, d, g, sp);
        spend(Row::interrupt_iret_outer);
    } else {
        if (offset > d.limit()) fault(general_protection);
        load_code(selector, d, s.cpl);
        set_sp(s.regs[esp] + 3 * size);
        load_flags(flags, size, true);
        spend(Row::interrupt_iret_same);
    }
    next_eip = offset;
}

void Core::return_to_v86(uint32_t offset, uint16_t selector, uint32_t flags) {
    uint32_t popped[6];  // ESP, SS, ES, DS, FS, GS
    for (unsigned n = 0; n < 6; ++n) popped[n] = peek(nullptr, 12 + 4 * n, 4);
    if (offset > 0xffff) fault(general_protection);
    load_flags(flags, 4, true);
    s.other_flags |= flag::vm;
    s.cpl = 3;
    constexpr unsigned order[] = {ss, es, ds, fs, gs};
    s.segments[cs] = paragraph_segment(cs, selector);
    for (unsigned n = 0; n < 5; ++n)
        s.segments[order[n]] = paragraph_segment(order[n], static_cast<uint16_t>(popped[n + 1]));
    s.regs[esp] = popped[0];
    refresh_mode();
    next_eip = offset;
    spend(Row::interrupt_iret_outer);
}

void Core::load_flags(uint32_t v, unsigned size, bool with_rf) {
    uint32_t may = flag::arithmetic | flag::tf | flag::df | flag::nt | flag::ac | flag::id;
    if (with_rf) may |= flag::rf;
    if (s.cpl <= s.iopl()) may |= flag::if_;
    if (s.cpl == 0) may |= flag::iopl;
    may &= size == 2 ? 0xffff : model.flags_mask();
    const uint32_t old = s.eflags();
    // POPF clears RF, whatever is popped (SDM volume 2).
    s.set_eflags((old & ~may & ~(with_rf ? 0 : flag::rf)) | (v & may));
    if ((s.other_flags ^ old) & flag::ac) flush_short_way();  // which does not look at alignment
    if (interrupt_pending() || code_watched_ || (s.other_flags & (flag::tf | flag::rf)))
        attention = true;
}

}  // namespace sb::cpu
