// SPDX-License-Identifier: Apache-2.0
//
// Descriptors, segment registers, and far transfers of control. Source: Intel SDM volume 3,
// chapters 3 and 5, and the operation sections of MOV, JMP, CALL and RET in volume 2.
#include "cpu/core.h"

namespace sb::cpu {

bool Core::find_descriptor(uint16_t selector, Descriptor& found) {
    const bool local = selector & 4;
    const uint32_t limit = local ? s.ldtr.limit : s.gdtr.limit;
    const uint32_t base = local ? s.ldtr.base : s.gdtr.base;
    if (local && !s.ldtr.usable()) return false;
    if ((selector | 7u) > limit) return false;
    found.address = base + (selector & ~7u);
    found.low = read_system<uint32_t>(found.address);
    found.high = read_system<uint32_t>(found.address + 4);
    return true;
}

Core::Descriptor Core::descriptor(uint16_t selector, uint8_t vector) {
    Descriptor d;
    if (!find_descriptor(selector, d)) fault(vector, selector & ~3u);
    return d;
}

Segment Core::segment_from(uint16_t selector, const Descriptor& d) const {
    Segment g;
    g.selector = selector;
    g.access = d.access();
    g.base = d.base();
    g.limit = d.limit();
    g.big = d.high >> 22 & 1;
    g.refresh();
    return g;
}

/// The processor sets the accessed bit in the table, by a locked cycle, where it is clear.
void Core::mark_accessed(Descriptor& d) {
    if (d.access() & access::accessed) return;
    d.high |= uint32_t{access::accessed} << 8;
    write_system<uint32_t>(d.address + 4, d.high);
}

void Core::load_segment(unsigned segment, uint16_t selector) {
    if (!s.protected_mode() || s.virtual_8086()) not_there_yet("segment load in real mode");
    const unsigned rpl = selector & 3;
    if ((selector & ~3u) == 0) {
        if (segment == ss) fault(general_protection);
        s.segments[segment] = Segment{};
        s.segments[segment].selector = selector;
        return;
    }
    Descriptor d = descriptor(selector);
    const uint8_t a = d.access();
    const uint32_t error = selector & ~3u;
    const bool code = a & access::code;
    if (segment == ss) {
        if (rpl != s.cpl || d.system() || code || !(a & access::writable) || d.dpl() != s.cpl)
            fault(general_protection, error);
        if (!d.present()) fault(stack_fault, error);
    } else {
        if (d.system() || (code && !(a & access::readable))) fault(general_protection, error);
        const bool conforming = code && (a & access::conforming);
        if (!conforming && (rpl > d.dpl() || s.cpl > d.dpl())) fault(general_protection, error);
        if (!d.present()) fault(segment_not_present, error);
    }
    mark_accessed(d);
    s.segments[segment] = segment_from(selector, d);
}

void Core::load_code(uint16_t selector, const Descriptor& d) {
    Descriptor marked = d;
    mark_accessed(marked);
    const Segment g = segment_from(static_cast<uint16_t>((selector & ~3u) | s.cpl), marked);
    s.segments[cs] = g;
    refresh_mode();
}

namespace {

/// A direct far JMP or CALL stays at its privilege: to a conforming segment of the same or an outer
/// level, or to another one of exactly this level.
bool may_enter(const Core::Descriptor& d, uint16_t selector, unsigned cpl) {
    if (d.access() & access::conforming) return d.dpl() <= cpl;
    return (selector & 3u) <= cpl && d.dpl() == cpl;
}

}  // namespace

void Core::far_jump(uint16_t selector, uint32_t offset, unsigned size) {
    if (!s.protected_mode() || s.virtual_8086()) not_there_yet("far jump in real mode");
    if ((selector & ~3u) == 0) fault(general_protection);
    Descriptor d = descriptor(selector);
    const uint32_t error = selector & ~3u;
    if (d.system()) {
        const unsigned t = d.type();
        if (t == 4 || t == 12) not_there_yet("far jump through a call gate", general_protection);
        if (t == 1 || t == 5 || t == 9)
            not_there_yet("task switch by a far jump", general_protection);
        fault(general_protection, error);
    }
    if (!(d.access() & access::code) || !may_enter(d, selector, s.cpl))
        fault(general_protection, error);
    if (!d.present()) fault(segment_not_present, error);
    if (size == 2) offset &= 0xffff;
    if (offset > d.limit()) fault(general_protection);
    load_code(selector, d);
    next_eip = offset;
}

void Core::far_call(uint16_t selector, uint32_t offset, unsigned size) {
    if (!s.protected_mode() || s.virtual_8086()) not_there_yet("far call in real mode");
    if ((selector & ~3u) == 0) fault(general_protection);
    Descriptor d = descriptor(selector);
    const uint32_t error = selector & ~3u;
    if (d.system()) {
        const unsigned t = d.type();
        if (t == 4 || t == 12) not_there_yet("far call through a call gate", general_protection);
        if (t == 1 || t == 5 || t == 9)
            not_there_yet("task switch by a far call", general_protection);
        fault(general_protection, error);
    }
    if (!(d.access() & access::code) || !may_enter(d, selector, s.cpl))
        fault(general_protection, error);
    if (!d.present()) fault(segment_not_present, error);
    if (size == 2) offset &= 0xffff;
    if (offset > d.limit()) fault(general_protection);
    const uint32_t sp = s.regs[esp];
    auto put = [&](unsigned slot, uint32_t v) {
        const uint32_t at = (sp - slot * size) & stack_mask();
        size == 4 ? write<uint32_t>(nullptr, ss, at, v)
                  : write<uint16_t>(nullptr, ss, at, static_cast<uint16_t>(v));
    };
    put(1, s.segments[cs].selector);
    put(2, next_eip);
    load_code(selector, d);
    set_sp(sp - 2 * size);
    next_eip = offset;
}

void Core::far_return(unsigned size, uint32_t release) {
    if (!s.protected_mode() || s.virtual_8086()) not_there_yet("far return in real mode");
    const uint32_t offset = peek(nullptr, 0, size);
    const uint16_t selector = static_cast<uint16_t>(peek(nullptr, size, size));
    if ((selector & ~3u) == 0) fault(general_protection);
    const unsigned rpl = selector & 3;
    const uint32_t error = selector & ~3u;
    Descriptor d = descriptor(selector);
    if (d.system() || !(d.access() & access::code) || rpl < s.cpl) fault(general_protection, error);
    const bool conforming = d.access() & access::conforming;
    if (conforming ? d.dpl() > rpl : d.dpl() != rpl) fault(general_protection, error);
    if (!d.present()) fault(segment_not_present, error);
    if (rpl > s.cpl) not_there_yet("far return to an outer privilege level", general_protection);
    if (offset > d.limit()) fault(general_protection);
    load_code(selector, d);
    set_sp(s.regs[esp] + 2 * size + release);
    next_eip = offset;
}

}  // namespace sb::cpu
