// SPDX-License-Identifier: Apache-2.0
//
// Descriptors and segment registers, in protected, real and virtual-8086 mode. Source: Intel SDM
// volume 3, chapters 3 and 5 and 20.1 and 20.2; volume 2, MOV.
#include "cpu/core.h"

namespace sb::cpu {

bool Core::find_descriptor(uint16_t selector, Descriptor& found) {
    const bool local = selector & 4;
    const uint32_t limit = local ? s.ldtr.limit : s.gdtr.limit;
    const uint32_t base = local ? s.ldtr.base : s.gdtr.base;
    if (local && !s.ldtr.usable()) return false;
    if ((selector | 7u) > limit) return false;
    found.address = base + (selector & ~7u);
    const auto low = read_system<uint32_t>(found.address);
    found.set(low, read_system<uint32_t>(found.address + 4));
    return true;
}

Core::Descriptor Core::descriptor(uint16_t selector, uint8_t vector, uint32_t outside) {
    Descriptor d;
    if (!find_descriptor(selector, d)) fault(vector, (selector & ~3u) | outside);
    return d;
}

Segment Core::segment_from(uint16_t selector, const Descriptor& d) const {
    Segment g;
    load_from(g, selector, d);
    return g;
}

/// In place: a copy right after the parts were stored makes the host wait for them.
void load_from(Segment& g, uint16_t selector, const Descriptor& d) {
    g.selector = selector;
    g.access = d.access();
    g.base = d.base();
    g.limit = d.limit();
    g.big = d.high >> 22 & 1;
    g.refresh();
}

/// The processor sets the accessed bit in the table, by a locked cycle, where it is clear.
void Core::mark_accessed(Descriptor& d) {
    if (d.access() & access::accessed) return;
    if (locks_bus()) lock_bus(1);
    d.high = read_system<uint32_t>(d.address + 4) | uint32_t{access::accessed} << 8;
    write_system<uint32_t>(d.address + 4, d.high);
}

/// Without descriptors: the base follows from the selector. In real mode limit and size stay what
/// they were, however protected mode left them; in virtual-8086 mode they are fixed (20.2.1).
Segment Core::paragraph_segment(unsigned segment, uint16_t selector) const {
    Segment g = s.segments[segment];
    g.selector = selector;
    g.base = uint32_t{selector} << 4;
    if (s.virtual_8086() || !g.usable()) {
        g.limit = 0xffff;
        g.big = false;
    }
    g.access = access::present | access::segment | access::writable | access::accessed;
    if (s.virtual_8086()) g.access |= 3 << 5;
    g.refresh();
    return g;
}

void Core::load_segment(unsigned segment, uint16_t selector) {
    if (!s.protected_mode() || s.virtual_8086()) {
        s.segments[segment] = paragraph_segment(segment, selector);
        return;
    }
    if (segment == ss) {
        s.segments[ss] = stack_segment(selector, s.cpl, general_protection, 0);
        return;
    }
    if ((selector & ~3u) == 0) {
        s.segments[segment] = Segment{};
        s.segments[segment].selector = selector;
        return;
    }
    s.segments[segment] = data_segment(selector, general_protection);
}

/// What may be in DS to GS; `vector` is what is raised where it may not: #GP or #TS.
Segment Core::data_segment(uint16_t selector, uint8_t vector) {
    Descriptor d = descriptor(selector, vector);
    const uint8_t a = d.access();
    const uint32_t error = selector & ~3u;
    const bool code = a & access::code;
    if (d.system() || (code && !(a & access::readable))) fault(vector, error);
    const bool conforming = code && (a & access::conforming);
    if (!conforming && (d.dpl() < (selector & 3u) || d.dpl() < s.cpl)) fault(vector, error);
    if (!d.present()) fault(segment_not_present, error);
    mark_accessed(d);
    return segment_from(selector, d);
}

/// What may be in SS at a privilege level.
Segment Core::stack_segment(uint16_t selector, unsigned level, uint8_t vector, uint32_t outside) {
    const uint32_t error = (selector & ~3u) | outside;
    if ((selector & ~3u) == 0) fault(vector, outside);
    Descriptor d = descriptor(selector, vector, outside);
    const uint8_t a = d.access();
    if ((selector & 3u) != level || d.system() || (a & access::code) || !(a & access::writable) ||
        d.dpl() != level)
        fault(vector, error);
    if (!d.present()) fault(stack_fault, error);
    mark_accessed(d);
    return segment_from(selector, d);
}

/// A code segment that was checked, and the privilege level that it is run at.
void Core::load_code(uint16_t selector, const Descriptor& d, unsigned level) {
    Descriptor marked = d;
    mark_accessed(marked);
    load_from(s.segments[cs], static_cast<uint16_t>((selector & ~3u) | level), marked);
    s.cpl = static_cast<uint8_t>(level);
    refresh_mode();
}

/// After a return to an outer level: what that level may not have is taken away (SDM volume 2,
/// RET).
void Core::drop_inner_segments() {
    for (unsigned n : {es, ds, fs, gs}) {
        Segment& g = s.segments[n];
        const bool conforming = g.is_code() && (g.access & access::conforming);
        if (g.usable() && !conforming && access::dpl(g.access) < s.cpl) g = Segment{};
    }
}

}  // namespace sb::cpu
