// SPDX-License-Identifier: Apache-2.0
//
// Interrupts and exceptions through the IDT, IRET, and what happens when delivery itself fails.
// Source: Intel SDM volume 3, chapter 6; volume 2, INT and IRET.
#include <fmt/format.h>

#include "cpu/core.h"

namespace sb::cpu {
namespace {

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

void Core::interrupt(uint8_t vector, Source source, bool has_error, uint32_t error) {
    cause_ = Cause::interrupt_entry;
    s.rep_paid = false;
    if (!s.protected_mode() || s.virtual_8086()) not_there_yet("interrupt in real mode");
    const uint32_t outside = source == Source::software ? 0 : 1;  // the EXT bit
    const uint32_t gate_error = vector * 8u + 2u + outside;
    if (vector * 8u + 7u > s.idtr.limit) fault(general_protection, gate_error);
    Descriptor gate;
    gate.low = read_system<uint32_t>(s.idtr.base + vector * 8u);
    gate.high = read_system<uint32_t>(s.idtr.base + vector * 8u + 4);
    const unsigned type = gate.access() & 0x1f;
    if (type == 5) not_there_yet("task gate", general_protection);
    if (type != 6 && type != 7 && type != 14 && type != 15) fault(general_protection, gate_error);
    if (source == Source::software && gate.dpl() < s.cpl) fault(general_protection, gate_error);
    if (!gate.present()) fault(segment_not_present, gate_error);

    const uint16_t selector = gate.gate_selector();
    const uint32_t code_error = (selector & ~3u) + outside;
    Descriptor d;
    if ((selector & ~3u) == 0) fault(general_protection, outside);
    if (!find_descriptor(selector, d)) fault(general_protection, code_error);
    if (d.system() || !(d.access() & access::code) || d.dpl() > s.cpl)
        fault(general_protection, code_error);
    if (!d.present()) fault(segment_not_present, code_error);
    if (!(d.access() & access::conforming) && d.dpl() < s.cpl)
        not_there_yet("interrupt to an inner privilege level", general_protection);

    const unsigned size = type & 8 ? 4 : 2;
    const uint32_t offset = size == 4 ? gate.gate_offset() : gate.gate_offset() & 0xffff;
    if (offset > d.limit()) fault(general_protection, outside);
    uint32_t sp = s.regs[esp];
    auto put = [&](uint32_t v) {
        sp = (sp - size) & stack_mask();
        size == 4 ? write<uint32_t>(nullptr, ss, sp, v)
                  : write<uint16_t>(nullptr, ss, sp, static_cast<uint16_t>(v));
    };
    put(s.eflags());
    put(s.segments[cs].selector);
    put(source == Source::software ? next_eip : s.eip);
    if (has_error) put(error);
    load_code(selector, d);
    set_sp(sp);
    s.eip = next_eip = offset;
    s.other_flags &= ~(flag::tf | flag::nt | flag::rf | flag::vm);
    if (!(type & 1)) s.other_flags &= ~flag::if_;
    spend(Row::interrupt_same);
    cause_ = Cause::executing;
}

/// Delivers what `fault` raised, in the place where the run loop recovers.
void Core::deliver_fault() {
    uint8_t vector = raised_.vector;
    uint32_t error = raised_.error;
    cause_ = Cause::executing;
    free_access = false;
    previous_ = nullptr;
    attention = true;
    refresh_mode();
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
    after_access();
    ++counts.current().interrupts;
    interrupt(vector, Source::external);
    probe_.emit(at, observe::Kind::interrupt, vector, eip, cycle - start);
}

void Core::interrupt_return(unsigned size) {
    const uint64_t start = cycle;
    cause_ = Cause::interrupt_exit;
    if (!s.protected_mode() || s.virtual_8086()) not_there_yet("IRET in real mode");
    if (s.other_flags & flag::nt) not_there_yet("IRET to another task", general_protection);
    const uint32_t offset = peek(nullptr, 0, size);
    const uint16_t selector = static_cast<uint16_t>(peek(nullptr, size, size));
    const uint32_t flags = peek(nullptr, 2 * size, size);
    if (size == 4 && (flags & flag::vm) && s.cpl == 0)
        not_there_yet("IRET to virtual-8086 mode", general_protection);
    if ((selector & ~3u) == 0) fault(general_protection);
    const unsigned rpl = selector & 3;
    const uint32_t error = selector & ~3u;
    Descriptor d = descriptor(selector);
    if (d.system() || !(d.access() & access::code) || rpl < s.cpl) fault(general_protection, error);
    const bool conforming = d.access() & access::conforming;
    if (conforming ? d.dpl() > rpl : d.dpl() != rpl) fault(general_protection, error);
    if (!d.present()) fault(segment_not_present, error);
    if (rpl > s.cpl) not_there_yet("IRET to an outer privilege level", general_protection);
    if (offset > d.limit()) fault(general_protection);
    load_code(selector, d);
    set_sp(s.regs[esp] + 3 * size);
    next_eip = offset;
    load_flags(flags, size, true);
    s.nmi_masked = false;
    spend(Row::interrupt_iret_same);
    cause_ = Cause::executing;
    probe_.emit(clock_.cycles(start), observe::Kind::interrupt_return, offset, cycle - start);
}

void Core::load_flags(uint32_t v, unsigned size, bool with_rf) {
    uint32_t may = flag::arithmetic | flag::tf | flag::df | flag::nt | flag::ac;
    if (model.cpuid) may |= flag::id;
    if (with_rf) may |= flag::rf;
    if (s.cpl <= s.iopl()) may |= flag::if_;
    if (s.cpl == 0) may |= flag::iopl;
    if (size == 2) may &= 0xffff;
    const uint32_t old = s.eflags();
    s.set_eflags((old & ~may) | (v & may));
    attention = true;
}

void Core::shut_down(const char* why) {
    s.stopped = true;
    delivering_ = -1;
    owner_.simulation().finish(
        {Outcome::Kind::shutdown, 0, fmt::format("{} at EIP {:#x}", why, s.eip)});
}

}  // namespace sb::cpu
