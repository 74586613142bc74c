// SPDX-License-Identifier: Apache-2.0
//
// Task state segments: the stacks of inner levels, the I/O permission map, task switches. Source:
// Intel SDM volume 3, chapter 7; volume 1, 19.5.2.
//
// A switch reads and probes all that it needs before it changes anything: what faults up to there
// is the old task's fault. From the moment the new task register is loaded, faults are the new
// task's (7.3), with its EIP.
#include "cpu/core.h"

namespace sb::cpu {
namespace {

/// Where things are in a task state (figures 7-2 and 7-10).
struct Layout {
    uint16_t least_limit;
    uint8_t item;  // bytes of a register
    uint8_t eip, eflags, first_register, first_segment, ldt;
    uint8_t segments;
};
constexpr Layout wide{0x67, 4, 0x20, 0x24, 0x28, 0x48, 0x60, 6};
constexpr Layout narrow{0x2b, 2, 0x0e, 0x10, 0x12, 0x22, 0x2a, 4};
constexpr unsigned cr3_at = 0x1c, trap_at = 0x64, map_at = 0x66;

bool is_wide(uint8_t access) { return access & 8; }
const Layout& layout_of(uint8_t access) { return is_wide(access) ? wide : narrow; }

}  // namespace

NewStack Core::inner_stack(unsigned level, uint32_t outside) {
    const bool w = is_wide(s.tr.access);
    const unsigned at = w ? 4 + 8 * level : 2 + 4 * level;
    const unsigned size = w ? 4 : 2;
    if (!s.tr.usable() || at + size + 1 > s.tr.limit)
        fault(invalid_tss, (s.tr.selector & ~3u) | outside);
    const uint32_t sp =
        w ? read_system<uint32_t>(s.tr.base + at) : read_system<uint16_t>(s.tr.base + at);
    const auto selector = read_system<uint16_t>(s.tr.base + at + size);
    return {stack_segment(selector, level, invalid_tss, outside), sp, (selector & ~3u) | outside,
            true};
}

/// The map has a bit for each port; a set one, or one beyond the limit, denies. Two bytes are read
/// always.
void Core::check_port(uint16_t port, unsigned bytes) {
    if (!s.protected_mode() || (s.cpl <= s.iopl() && !s.virtual_8086())) return;
    if (!s.tr.usable() || !is_wide(s.tr.access) || s.tr.limit < wide.least_limit)
        fault(general_protection);
    const uint32_t at = read_system<uint16_t>(s.tr.base + map_at) + port / 8u;
    if (at + 1 > s.tr.limit) fault(general_protection);
    const unsigned bits = read_system<uint16_t>(s.tr.base + at);
    if (bits >> (port & 7) & ((1u << bytes) - 1)) fault(general_protection);
}

/// The TSS that a task gate names, or the descriptor itself where it is one.
Core::Descriptor Core::task_of(uint16_t& selector, const Descriptor& d, uint32_t outside) {
    if (d.type() != 5) return d;
    selector = d.gate_selector();
    const uint32_t error = (selector & ~3u) | outside;
    if ((selector & 4) || (selector & ~3u) == 0) fault(general_protection, error);
    const Descriptor tss = descriptor(selector, general_protection, outside);
    if (!tss.system() || (tss.type() != 1 && tss.type() != 9)) fault(general_protection, error);
    if (!tss.present()) fault(segment_not_present, error);
    return tss;
}

void Core::set_busy(uint32_t descriptor_address, bool busy) {
    if (locks_bus()) lock_bus(1);
    const auto high = read_system<uint32_t>(descriptor_address + 4);
    write_system<uint32_t>(descriptor_address + 4, busy ? high | 0x200 : high & ~0x200u);
}

void Core::save_task(uint32_t flags) {
    const Layout& l = layout_of(s.tr.access);
    auto put = [&](unsigned at, uint32_t v) {
        if (l.item == 4)
            write_system<uint32_t>(s.tr.base + at, v);
        else
            write_system<uint16_t>(s.tr.base + at, static_cast<uint16_t>(v));
    };
    put(l.eip, next_eip);
    put(l.eflags, flags);
    for (unsigned r = 0; r < 8; ++r) put(l.first_register + r * l.item, s.regs[r]);
    for (unsigned n = 0; n < l.segments; ++n)
        write_system<uint16_t>(s.tr.base + l.first_segment + n * l.item, s.segments[n].selector);
}

TaskImage Core::read_task(uint32_t base, bool is_32) {
    const Layout& l = is_32 ? wide : narrow;
    TaskImage t{};
    auto get = [&](unsigned at) -> uint32_t {
        return l.item == 4 ? read_system<uint32_t>(base + at) : read_system<uint16_t>(base + at);
    };
    t.eip = get(l.eip);
    t.eflags = get(l.eflags);
    // A 286 task has no high halves: they are all ones (7.6).
    const uint32_t high = is_32 ? 0 : 0xffff0000;
    for (unsigned r = 0; r < 8; ++r) t.regs[r] = get(l.first_register + r * l.item) | high;
    for (unsigned n = 0; n < l.segments; ++n)
        t.segments[n] = read_system<uint16_t>(base + l.first_segment + n * l.item);
    t.ldt = read_system<uint16_t>(base + l.ldt);
    if (is_32) {
        t.cr3 = read_system<uint32_t>(base + cr3_at);
        t.trap = read_system<uint16_t>(base + trap_at) & 1;
    }
    return t;
}

void Core::switch_task(uint16_t selector, const Descriptor& named, Switch how, uint32_t outside) {
    const Descriptor d = task_of(selector, named, outside);
    const bool is_32 = is_wide(d.access());
    if (d.limit() < (is_32 ? wide : narrow).least_limit)
        fault(invalid_tss, (selector & ~3u) | outside);
    if (!s.tr.usable()) fault(invalid_tss, (s.tr.selector & ~3u) | outside);
    const TaskImage t = read_task(d.base(), is_32);
    // The rest of what may fault: writes to the old task, to the new one's link, to the table.
    const uint32_t old_entry = s.gdtr.base + (s.tr.selector & ~7u);
    be_supervisor();
    probe_write(nullptr, s.tr.base, layout_of(s.tr.access).least_limit + 1u);
    probe_write(nullptr, d.base(), 4);
    probe_write(nullptr, d.address, 8);
    probe_write(nullptr, old_entry, 8);
    refresh_mode();

    uint32_t flags = s.eflags();
    if (how == Switch::back) flags &= ~flag::nt;
    if (how != Switch::call) set_busy(old_entry, false);
    save_task(flags);
    if (how == Switch::call) write_system<uint16_t>(d.base(), s.tr.selector);
    if (how != Switch::back) set_busy(d.address, true);
    s.tr = segment_from(selector, d);
    s.tr.access |= 2;
    s.cr0 |= cr0::ts;
    if (is_32 && (s.cr0 & cr0::pg)) set_cr3(t.cr3);
    s.dr[7] &= ~0x155u;  // the local breakpoints (17.2.4)
    refresh_breakpoints();
    load_task(t, how == Switch::call);
    spend(Row::flow_task_switch);
    if (t.trap) {
        s.dr[6] |= 1u << 15;
        fault(debug_trap);
    }
}

/// The new task's registers, then its segments: faults are its own from here on.
void Core::load_task(const TaskImage& t, bool nested) {
    s.eip = next_eip = t.eip;
    std::copy(t.regs, t.regs + 8, s.regs.begin());
    s.set_eflags((t.eflags & model.flags_mask()) | (nested ? flag::nt : 0));
    attention = true;
    flush_short_way();  // AC may have changed
    // Until each is loaded it holds its selector and can not be used.
    for (unsigned n = 0; n < 6; ++n) {
        s.segments[n] = Segment{};
        s.segments[n].selector = t.segments[n];
    }
    s.ldtr = Segment{};
    s.ldtr.selector = t.ldt;
    s.cpl = s.virtual_8086() ? 3 : t.segments[cs] & 3;
    refresh_mode();
    if ((t.ldt & ~3u) != 0) {
        if (t.ldt & 4) fault(invalid_tss, t.ldt & ~3u);
        const Descriptor d = descriptor(t.ldt, invalid_tss);
        if (!d.system() || d.type() != 2 || !d.present()) fault(invalid_tss, t.ldt & ~3u);
        s.ldtr = segment_from(t.ldt, d);
    }
    if (s.virtual_8086()) {
        for (unsigned n = 0; n < 6; ++n) s.segments[n] = paragraph_segment(n, t.segments[n]);
    } else {
        load_task_segments(t);
    }
    refresh_mode();
    if (t.eip > s.segments[cs].limit) fault(general_protection);
}

void Core::load_task_segments(const TaskImage& t) {
    const uint16_t selector = t.segments[cs];
    const uint32_t error = selector & ~3u;
    if (error == 0) fault(invalid_tss, 0);
    const Descriptor d = descriptor(selector, invalid_tss);
    if (d.system() || !(d.access() & access::code)) fault(invalid_tss, error);
    const bool conforming = d.access() & access::conforming;
    if (conforming ? d.dpl() > s.cpl : d.dpl() != s.cpl) fault(invalid_tss, error);
    if (!d.present()) fault(segment_not_present, error);
    // Its stack first: a fault in CS would have nowhere to go.
    s.segments[ss] = stack_segment(t.segments[ss], s.cpl, invalid_tss, 0);
    load_code(selector, d, s.cpl);
    for (unsigned n : {es, ds, fs, gs})
        if ((t.segments[n] & ~3u) != 0) s.segments[n] = data_segment(t.segments[n], invalid_tss);
}

/// IRET with NT: back to the task whose selector this one's link holds.
void Core::return_to_task() {
    const auto selector = read_system<uint16_t>(s.tr.base);
    const uint32_t error = selector & ~3u;
    if ((selector & 4) || error == 0) fault(invalid_tss, error);
    const Descriptor d = descriptor(selector, invalid_tss);
    // It must be busy: types 3 and 11.
    if (!d.system() || (d.type() != 3 && d.type() != 11)) fault(invalid_tss, error);
    if (!d.present()) fault(segment_not_present, error);
    switch_task(selector, d, Switch::back);
}

}  // namespace sb::cpu
