// SPDX-License-Identifier: Apache-2.0
//
// Far JMP, CALL and RET: in real and virtual-8086 mode, within a privilege level, through call
// gates, to outer levels, to other tasks. Source: Intel SDM volume 3, 5.8; volume 2, JMP, CALL,
// RET.
//
// The clocks are spent here, by what the transfer turned out to be.
#include "cpu/core.h"

namespace sb::cpu {
namespace {

/// A direct far JMP or CALL stays at its privilege: to a conforming segment of the same or an outer
/// level, or to another one of exactly this level.
bool may_enter(const Core::Descriptor& d, uint16_t selector, unsigned cpl) {
    if (d.access() & access::conforming) return d.dpl() <= cpl;
    return (selector & 3u) <= cpl && d.dpl() == cpl;
}

}  // namespace

bool Core::within(const Segment& g, uint32_t offset, unsigned size) {
    const uint64_t last = uint64_t{offset} + size - 1;
    if (!g.expand_down()) return last <= g.limit;
    return offset > g.limit && last <= (g.big ? 0xffffffff : 0xffff);
}

/// Pushes on a stack that is not SS:ESP yet. Such a one is always a supervisor's or our own.
void Core::push_on(NewStack& stack, uint32_t v, unsigned size) {
    const uint32_t mask = stack.segment.big ? 0xffffffff : 0xffff;
    stack.sp = (stack.sp & ~mask) | ((stack.sp - size) & mask);
    const uint32_t at = stack.sp & mask;
    if (!within(stack.segment, at, size)) fault(stack_fault, stack.error);
    const uint32_t linear = stack.segment.base + at;
    if (stack.inner)
        size == 4 ? write_system<uint32_t>(linear, v)
                  : write_system<uint16_t>(linear, static_cast<uint16_t>(v));
    else
        size == 4 ? write_linear<uint32_t>(nullptr, linear, v)
                  : write_linear<uint16_t>(nullptr, linear, static_cast<uint16_t>(v));
}

/// Our own stack, for pushes that may still fail.
NewStack Core::same_stack() const { return {s.segments[ss], s.regs[esp], 0, false}; }

void Core::take_stack(const NewStack& stack) {
    if (stack.inner) s.segments[ss] = stack.segment;
    s.regs[esp] = stack.sp;
}

void Core::enter_paragraph(uint16_t selector, uint32_t offset) {
    if (offset > s.segments[cs].limit) fault(general_protection);
    s.segments[cs] = paragraph_segment(cs, selector);
    refresh_mode();
    next_eip = offset;
}

/// The part of JMP and CALL that is equal: what the selector names, checked. A system descriptor is
/// checked as one that this level may use at all.
Core::Descriptor Core::far_target(uint16_t selector) {
    if ((selector & ~3u) == 0) fault(general_protection);
    const Descriptor d = descriptor(selector);
    const uint32_t error = selector & ~3u;
    if (d.system()) {
        const unsigned t = d.type();
        const bool known = t == 1 || t == 4 || t == 5 || t == 9 || t == 12;
        if (!known || d.dpl() < s.cpl || d.dpl() < (selector & 3u))
            fault(general_protection, error);
    } else if (!(d.access() & access::code) || !may_enter(d, selector, s.cpl)) {
        fault(general_protection, error);
    }
    if (!d.present()) fault(segment_not_present, error);
    return d;
}

/// The code segment that a call gate names.
Core::Descriptor Core::gate_target(const Descriptor& gate) {
    const uint16_t selector = gate.gate_selector();
    if ((selector & ~3u) == 0) fault(general_protection);
    const Descriptor d = descriptor(selector);
    if (d.system() || !(d.access() & access::code) || d.dpl() > s.cpl)
        fault(general_protection, selector & ~3u);
    return d;
}

void Core::far_jump(uint16_t selector, uint32_t offset, unsigned size, bool indirect) {
    if (size == 2) offset &= 0xffff;
    if (!s.protected_mode() || s.virtual_8086()) {
        enter_paragraph(selector, offset);
        spend(indirect ? Row::flow_jmp_far_m_real : Row::flow_jmp_far_real);
        return;
    }
    Descriptor d = far_target(selector);
    Row row = indirect ? Row::flow_jmp_far_m : Row::flow_jmp_far;
    if (d.system()) {
        if (d.type() != 4 && d.type() != 12) {
            spend(row);
            switch_task(selector, d, Switch::jump);
            return;
        }
        const Descriptor gate = d;
        d = gate_target(gate);
        selector = gate.gate_selector();
        const bool conforming = d.access() & access::conforming;
        if (!conforming && d.dpl() != s.cpl) fault(general_protection, selector & ~3u);
        if (!d.present()) fault(segment_not_present, selector & ~3u);
        offset = gate.type() == 12 ? gate.gate_offset() : gate.gate_offset() & 0xffff;
        row = Row::flow_jmp_gate;
    }
    if (offset > d.limit()) fault(general_protection);
    load_code(selector, d, s.cpl);
    next_eip = offset;
    spend(row);
}

void Core::far_call(uint16_t selector, uint32_t offset, unsigned size, bool indirect) {
    if (size == 2) offset &= 0xffff;
    const uint16_t from = s.segments[cs].selector;
    NewStack stack = same_stack();
    if (!s.protected_mode() || s.virtual_8086()) {
        if (offset > s.segments[cs].limit) fault(general_protection);
        push_on(stack, from, size);
        push_on(stack, next_eip, size);
        enter_paragraph(selector, offset);
        take_stack(stack);
        spend(indirect ? Row::flow_call_far_m_real : Row::flow_call_far_real);
        return;
    }
    const Descriptor d = far_target(selector);
    const Row row = indirect ? Row::flow_call_far_m : Row::flow_call_far;
    if (d.system()) {
        if (d.type() == 4 || d.type() == 12) return call_gate(d);
        spend(row);
        switch_task(selector, d, Switch::call);
        return;
    }
    if (offset > d.limit()) fault(general_protection);
    push_on(stack, from, size);
    push_on(stack, next_eip, size);
    load_code(selector, d, s.cpl);
    take_stack(stack);
    next_eip = offset;
    spend(row);
}

void Core::call_gate(const Descriptor& gate) {
    const unsigned size = gate.type() == 12 ? 4 : 2;
    const uint32_t offset = size == 4 ? gate.gate_offset() : gate.gate_offset() & 0xffff;
    const uint16_t selector = gate.gate_selector();
    const Descriptor d = gate_target(gate);
    if (!d.present()) fault(segment_not_present, selector & ~3u);
    const bool inner = !(d.access() & access::conforming) && d.dpl() < s.cpl;
    const unsigned level = inner ? d.dpl() : s.cpl;
    NewStack stack = inner ? inner_stack(level, 0) : same_stack();
    const unsigned parameters = inner ? gate.high & 0x1f : 0;
    if (inner) {
        push_on(stack, s.segments[ss].selector, size);
        push_on(stack, s.regs[esp], size);
        // In their order: the last pushed is nearest to the top.
        for (unsigned n = parameters; n-- > 0;) push_on(stack, peek(nullptr, n * size, size), size);
    }
    push_on(stack, s.segments[cs].selector, size);
    push_on(stack, next_eip, size);
    if (offset > d.limit()) fault(general_protection);
    load_code(selector, d, level);
    take_stack(stack);
    next_eip = offset;
    spend(inner ? Row::flow_call_gate_inner : Row::flow_call_gate);
    spend(parameters * model[Row::flow_call_gate_parameter]);
}

/// The code segment that RET and IRET return to.
Core::Descriptor Core::return_target(uint16_t selector) {
    if ((selector & ~3u) == 0) fault(general_protection);
    const unsigned rpl = selector & 3;
    const uint32_t error = selector & ~3u;
    const Descriptor d = descriptor(selector);
    if (d.system() || !(d.access() & access::code) || rpl < s.cpl) fault(general_protection, error);
    const bool conforming = d.access() & access::conforming;
    if (conforming ? d.dpl() > rpl : d.dpl() != rpl) fault(general_protection, error);
    if (!d.present()) fault(segment_not_present, error);
    return d;
}

/// Goes on at an outer level, on the stack that was popped.
void Core::enter_outer(uint16_t selector, const Descriptor& d, const Segment& stack, uint32_t sp) {
    load_code(selector, d, selector & 3u);
    s.segments[ss] = stack;
    set_sp(sp);
    drop_inner_segments();
}

void Core::far_return(unsigned size, uint32_t release) {
    const uint32_t offset = peek(nullptr, 0, size);
    const uint16_t selector = static_cast<uint16_t>(peek(nullptr, size, size));
    const Row same = release ? Row::flow_ret_far_i : Row::flow_ret_far;
    if (!s.protected_mode() || s.virtual_8086()) {
        enter_paragraph(selector, offset);
        set_sp(s.regs[esp] + 2 * size + release);
        spend(same);
        return;
    }
    const Descriptor d = return_target(selector);
    if ((selector & 3u) > s.cpl) {
        const uint32_t sp = peek(nullptr, 2 * size + release, size);
        const auto stack = static_cast<uint16_t>(peek(nullptr, 3 * size + release, size));
        const Segment g = stack_segment(stack, selector & 3u, general_protection, 0);
        if (offset > d.limit()) fault(general_protection);
        enter_outer(selector, d, g, sp + release);
        next_eip = offset;
        spend(Row::flow_ret_far_outer);
        return;
    }
    if (offset > d.limit()) fault(general_protection);
    load_code(selector, d, s.cpl);
    set_sp(s.regs[esp] + 2 * size + release);
    next_eip = offset;
    spend(same);
}

}  // namespace sb::cpu
