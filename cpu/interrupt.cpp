// SPDX-License-Identifier: Apache-2.0
//
// Interrupts and exceptions: through the IDT's gates, to inner levels and other tasks, through the
// real mode table; and what happens when delivery itself fails. Source: Intel SDM volume 3, chapter
// 6 and 20.1.4; volume 2, INT.
#include <fmt/format.h>

#include <algorithm>

#include "cpu/core.h"

namespace sb::cpu {
namespace {

/// The manual's mnemonic (SDM volume 3, table 6-1).
std::string exception_name(uint8_t vector) {
    constexpr const char* names[] = {"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF",
                                     "9",   "#TS", "#NP", "#SS", "#GP", "#PF", "15",  "#MF", "#AC"};
    return vector < std::size(names) ? names[vector] : fmt::format("exception {}", vector);
}

bool has_error_code(unsigned vector) {
    return vector == double_fault || (vector >= invalid_tss && vector <= page_fault) ||
           vector == 17;
}

/// SDM volume 3, table 6-4.
bool contributory(unsigned vector) {
    return vector == divide_error || (vector >= invalid_tss && vector <= general_protection);
}

bool makes_double_fault(unsigned first, unsigned second) {
    if (contributory(first)) return contributory(second);
    return first == page_fault && (contributory(second) || second == page_fault);
}

}  // namespace

/// Real mode: the table has far pointers, and nothing is checked but its limit (20.1.4).
void Core::interrupt_real(uint8_t vector) {
    if (vector * 4u + 3u > s.idtr.limit) fault(general_protection);
    const auto to = read_linear<uint32_t>(nullptr, s.idtr.base + vector * 4u);
    NewStack stack = same_stack();
    push_on(stack, s.eflags(), 2);
    push_on(stack, s.segments[cs].selector, 2);
    push_on(stack, next_eip, 2);
    take_stack(stack);
    s.segments[cs] = paragraph_segment(cs, static_cast<uint16_t>(to >> 16));
    refresh_mode();
    s.eip = next_eip = to & 0xffff;
    s.other_flags &= ~(flag::tf | flag::if_ | flag::rf | flag::ac);
    spend(Row::interrupt_real);
}

/// The gate of a vector, checked.
Core::Descriptor Core::interrupt_gate(uint8_t vector, Source source, uint32_t outside) {
    const uint32_t error = vector * 8u + 2u + outside;
    if (vector * 8u + 7u > s.idtr.limit) fault(general_protection, error);
    Descriptor gate;
    const auto low = read_system<uint32_t>(s.idtr.base + vector * 8u);
    gate.set(low, read_system<uint32_t>(s.idtr.base + vector * 8u + 4));
    const unsigned type = gate.access() & 0x1f;
    if (type != 5 && type != 6 && type != 7 && type != 14 && type != 15)
        fault(general_protection, error);
    const bool asked_for = source == Source::software || source == Source::trap;
    if (asked_for && gate.dpl() < s.cpl) fault(general_protection, error);
    if (!gate.present()) fault(segment_not_present, error);
    return gate;
}

/// Faults resume with RF set, so that a breakpoint on the instruction does not come again; the
/// debug exception itself leaves that to its handler (SDM volume 3, 17.3.1.1).
uint32_t Core::pushed_flags(uint8_t vector, Source source) const {
    const bool fault_class = source == Source::exception && vector != debug_trap;
    return s.eflags() | (fault_class || interrupted_repeat_ ? flag::rf : 0);
}

void Core::interrupt(uint8_t vector, Source source, bool has_error, uint32_t error) {
    cause_ = Cause::interrupt_entry;
    delivered_ = true;
    if (vector == debug_trap) s.dr[7] &= ~(1u << 13);  // its handler may use the debug registers
    interrupted_repeat_ = source == Source::external && s.rep_paid;
    s.rep_paid = false;
    if (source == Source::external || source == Source::exception) next_eip = s.eip;
    if (!s.protected_mode()) {
        interrupt_real(vector);
        cause_ = Cause::executing;
        return;
    }
    const bool v86 = s.virtual_8086();
    if (v86 && source == Source::software && s.iopl() < 3) fault(general_protection);
    const uint32_t outside =
        source == Source::software || source == Source::trap ? 0 : 1;  // the EXT bit
    const Descriptor gate = interrupt_gate(vector, source, outside);
    if (gate.type() == 5) {
        switch_task(gate.gate_selector(), gate, Switch::call, outside);
        if (has_error) push_error(error);
    } else {
        through_gate(gate, pushed_flags(vector, source), outside, has_error, error);
    }
    cause_ = Cause::executing;
}

/// Onto the new task's stack, as wide as its task state.
void Core::push_error(uint32_t error) {
    NewStack stack = same_stack();
    push_on(stack, error, s.tr.access & 8 ? 4 : 2);
    take_stack(stack);
}

void Core::through_gate(const Descriptor& gate, uint32_t flags, uint32_t outside, bool has_error,
                        uint32_t error) {
    const uint16_t selector = gate.gate_selector();
    const uint32_t code_error = (selector & ~3u) + outside;
    Descriptor d;
    if ((selector & ~3u) == 0) fault(general_protection, outside);
    if (!find_descriptor(selector, d)) fault(general_protection, code_error);
    if (d.system() || !(d.access() & access::code) || d.dpl() > s.cpl)
        fault(general_protection, code_error);
    if (!d.present()) fault(segment_not_present, code_error);
    const bool v86 = s.virtual_8086();
    const bool conforming = d.access() & access::conforming;
    // Out of virtual-8086 mode it goes to level 0 only (20.3.1.1).
    if (v86 && (conforming || d.dpl() != 0)) fault(general_protection, code_error);
    const bool inner = !conforming && d.dpl() < s.cpl;
    const unsigned level = inner ? d.dpl() : s.cpl;

    const unsigned size = gate.type() & 8 ? 4 : 2;
    const uint32_t offset = size == 4 ? gate.gate_offset() : gate.gate_offset() & 0xffff;
    NewStack stack = inner ? inner_stack(level, outside) : same_stack();
    if (!inner) stack.error = outside;  // #SS(EXT) (SDM volume 2, INT n)
    if (v86)
        for (unsigned n : {gs, fs, ds, es}) push_on(stack, s.segments[n].selector, size);
    if (inner) {
        push_on(stack, s.segments[ss].selector, size);
        push_on(stack, s.regs[esp], size);
    }
    push_on(stack, flags, size);
    push_on(stack, s.segments[cs].selector, size);
    push_on(stack, next_eip, size);
    if (has_error) push_on(stack, error, size);
    if (offset > d.limit()) fault(general_protection, outside);
    load_code(selector, d, level);
    take_stack(stack);
    if (v86)
        for (unsigned n : {gs, fs, ds, es}) s.segments[n] = Segment{};
    s.eip = next_eip = offset;
    s.other_flags &= ~(flag::tf | flag::nt | flag::rf | flag::vm);
    if (!(gate.type() & 1)) s.other_flags &= ~flag::if_;
    spend(v86 ? Row::interrupt_v86 : inner ? Row::interrupt_inner : Row::interrupt_same);
}

/// Delivers what `fault` raised, in the place where the run loop recovers.
void Core::deliver_fault() {
    uint8_t vector = raised_.vector;
    uint32_t error = raised_.error;
    cause_ = Cause::executing;
    free_access = false;
    previous_ = nullptr;
    attention = true;
    if (std::exchange(locked_writes_, 0)) {
        bus_.unlock(cycle);
        refresh_limit();
    }
    s.debug_hits = 0;
    s.halted = s.frozen = false;  // a single-step trap after HLT leaves it
    refresh_mode();
    if (delivering_ < 0) chain_length_ = 0;
    if (chain_length_ < chain_.size()) chain_[chain_length_] = {vector, error, s.eip};
    // #AC is benign, so it and another fault can raise each other without end; a real processor
    // hangs in such a delivery for ever (CVE-2015-5307 tells of it).
    constexpr unsigned without_end = 100;
    if (++chain_length_ > without_end) {
        shut_down("exceptions raise each other in their delivery without end");
        return;
    }
    if (delivering_ == double_fault) {
        shut_down("triple fault: an exception came while a double fault was being delivered");
        return;
    }
    if (delivering_ >= 0 && makes_double_fault(static_cast<unsigned>(delivering_), vector)) {
        vector = double_fault;
        error = 0;
    }
    delivering_ = vector;
    ++counts.current().exceptions;
    probe_.emit(local_time(), observe::Kind::exception, vector, s.eip, error);
    interrupt(vector, Source::exception, has_error_code(vector), error);
    delivering_ = -1;
}

void Core::take_external() {
    const Time at = local_time();
    const uint64_t start = cycle;
    const uint32_t eip = s.eip;
    uint8_t vector = nmi_vector;
    cause_ = Cause::interrupt_entry;
    if (s.nmi_pending && !s.nmi_masked) {
        s.nmi_pending = false;
        s.nmi_masked = true;
    } else {
        Simulation& sim = owner_.simulation();
        const Time offset = at - sim.kernel_now();
        sc_core::sc_time delay = offset.sc();
        Simulation::LocalTime local{sim, offset};
        vector = acknowledge ? acknowledge->acknowledge(delay) : 0xff;
        stall(clock_.ceil(Time::from(delay) - offset), Cause::interrupt_entry);
    }
    after_access(true);
    ++counts.current().interrupts;
    interrupt(vector, Source::external);
    probe_.emit(at, observe::Kind::interrupt, vector, eip, cycle - start);
}

void Core::shut_down(const char* why) {
    s.stopped = true;
    delivering_ = -1;
    std::string text = fmt::format("{} at EIP {:#x}", why, s.eip);
    for (unsigned n = 0; n < std::min<size_t>(chain_length_, chain_.size()); ++n) {
        const RaisedFault& raised = chain_[n];
        text += fmt::format("\n  {} {} at EIP {:#x}", n == 0 ? "it began with" : "then came",
                            exception_name(raised.vector), raised.eip);
        if (has_error_code(raised.vector)) text += fmt::format(", error code {:#x}", raised.error);
    }
    owner_.simulation().finish({Outcome::Kind::shutdown, 0, text});
}

}  // namespace sb::cpu
