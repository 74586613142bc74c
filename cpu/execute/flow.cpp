// SPDX-License-Identifier: Apache-2.0
//
// Branches, calls and returns, near and far. Source: Intel SDM volume 2.
#include "cpu/execute/handlers.h"

namespace sb::cpu {
namespace {

uint32_t target_of(Core& c, const Operation* op) {
    const uint32_t to = c.next_of(op) + op->imm;
    return op->stack_size == 2 ? to & 0xffff : to;
}

template <unsigned N>
void jcc(Core& c, const Operation* op) {
    if (c.s.flags.condition<N>()) {
        c.branch(op, target_of(c, op));
        go_on<0>(c);
    } else {
        c.retire(op);
        go_on<1>(c);
    }
}

template <unsigned... N>
Handler jcc_of(unsigned n, std::integer_sequence<unsigned, N...>) {
    static constexpr Handler table[] = {jcc<N>...};
    return table[n];
}

void jmp_rel(Core& c, const Operation* op) {
    c.branch(op, target_of(c, op));
    go_on<0>(c);
}

template <typename T, bool memory>
void jmp_to(Core& c, const Operation* op) {
    const uint32_t to = memory ? c.load<T>(op) : c.reg<T>(op->dst);
    c.branch(op, to);
    go_anywhere(c);
}

template <typename T>
void call_rel(Core& c, const Operation* op) {
    const uint32_t to = target_of(c, op);
    if (to > c.s.segments[cs].limit) c.fault_at(op, general_protection);
    c.push<T>(op, static_cast<T>(c.next_of(op)));
    c.branch(op, to);
    go_on<0>(c);
}

template <typename T, bool memory>
void call_to(Core& c, const Operation* op) {
    const uint32_t to = memory ? c.load<T>(op) : c.reg<T>(op->dst);
    if (to > c.s.segments[cs].limit) c.fault_at(op, general_protection);
    c.push<T>(op, static_cast<T>(c.next_of(op)));
    c.branch(op, to);
    go_anywhere(c);
}

template <typename T>
void ret(Core& c, const Operation* op) {
    const uint32_t to = c.read<T>(op, ss, c.s.regs[esp] & c.stack_mask());
    if (to > c.s.segments[cs].limit) c.fault_at(op, general_protection);
    const uint32_t release = op->form == Form::i ? op->imm & 0xffff : 0;
    c.set_sp(c.s.regs[esp] + uint32_t{sizeof(T)} + release);
    c.branch(op, to);
    go_anywhere(c);
}

/// Counts (E)CX down and branches while it, and the condition, hold.
template <int Zero>  // -1: any, 0: LOOPNE, 1: LOOPE
void loop(Core& c, const Operation* op) {
    const uint32_t mask = op->address_mask;
    const uint32_t n = (c.s.regs[ecx] - 1) & mask;
    const bool holds = n != 0 && (Zero < 0 || c.s.flags.zf() == (Zero == 1));
    if (holds && target_of(c, op) > c.s.segments[cs].limit) c.fault_at(op, general_protection);
    c.s.regs[ecx] = (c.s.regs[ecx] & ~mask) | n;
    if (holds) {
        c.branch(op, target_of(c, op));
        go_on<0>(c);
    } else {
        c.retire(op);
        go_on<1>(c);
    }
}

void jcxz(Core& c, const Operation* op) {
    if ((c.s.regs[ecx] & op->address_mask) == 0) {
        c.branch(op, target_of(c, op));
        go_on<0>(c);
    } else {
        c.retire(op);
        go_on<1>(c);
    }
}

struct FarPointer {
    uint16_t selector;
    uint32_t offset;
};

FarPointer far_operand(Core& c, const Operation* op) {
    if (op->form != Form::m) return {op->selector, op->imm};
    const uint32_t at = c.address(op);
    const uint32_t offset = op->stack_size == 4 ? c.read<uint32_t>(op, op->segment, at)
                                                : c.read<uint16_t>(op, op->segment, at);
    const uint32_t after = (at + op->stack_size) & op->address_mask;
    return {c.read<uint16_t>(op, op->segment, after), offset};
}

void far_jmp(Core& c, const Operation* op) {
    const FarPointer to = far_operand(c, op);
    c.far_jump(to.selector, to.offset, op->stack_size, op->form == Form::m);
}
void far_call(Core& c, const Operation* op) {
    const FarPointer to = far_operand(c, op);
    c.far_call(to.selector, to.offset, op->stack_size, op->form == Form::m);
}
void far_ret(Core& c, const Operation* op) {
    c.far_return(op->stack_size, op->form == Form::i ? op->imm & 0xffff : 0);
}

void software_interrupt(Core& c, const Operation* op) {
    c.interrupt(static_cast<uint8_t>(op->imm), Core::Source::software);
}
void int3(Core& c, const Operation*) { c.interrupt(breakpoint, Core::Source::trap); }
/// INT1, which no gate's privilege level forbids.
void int1(Core& c, const Operation*) { c.raise_after(debug_trap); }
void into(Core& c, const Operation*) {
    if (c.s.flags.of())
        c.interrupt(overflow, Core::Source::trap);
    else
        c.spend(Row::interrupt_into_not);
}
void iret(Core& c, const Operation* op) { c.interrupt_return(op->stack_size); }

template <typename T>
void bound(Core& c, const Operation* op) {
    using Signed = std::make_signed_t<T>;
    const uint32_t at = c.address(op);
    const auto low = static_cast<Signed>(c.read<T>(op, op->segment, at));
    const auto high = static_cast<Signed>(
        c.read<T>(op, op->segment, (at + uint32_t{sizeof(T)}) & op->address_mask));
    const auto v = static_cast<Signed>(c.reg<T>(op->dst));
    if (v < low || v > high) c.fault(bound_range);
}

void ud(Core& c, const Operation*) { c.fault(invalid_opcode); }

template <Handler Wide, Handler Narrow>
Binding ending(const Operation& op) {
    return {op.stack_size == 4 ? Wide : Narrow, true};
}

}  // namespace

Binding bind_flow(const Operation& op) {
    switch (op.mnemonic) {
        case ZYDIS_MNEMONIC_JMP:
            if (op.form == Form::i) return {jmp_rel, true};
            return op.form == Form::m
                       ? ending<jmp_to<uint32_t, true>, jmp_to<uint16_t, true>>(op)
                       : ending<jmp_to<uint32_t, false>, jmp_to<uint16_t, false>>(op);
        case ZYDIS_MNEMONIC_CALL:
            if (op.form == Form::i) return ending<call_rel<uint32_t>, call_rel<uint16_t>>(op);
            return op.form == Form::m
                       ? ending<call_to<uint32_t, true>, call_to<uint16_t, true>>(op)
                       : ending<call_to<uint32_t, false>, call_to<uint16_t, false>>(op);
        case ZYDIS_MNEMONIC_RET:
            return ending<ret<uint32_t>, ret<uint16_t>>(op);
        case ZYDIS_MNEMONIC_LOOP:
            return {loop<-1>, true};
        case ZYDIS_MNEMONIC_LOOPNE:
            return {loop<0>, true};
        case ZYDIS_MNEMONIC_LOOPE:
            return {loop<1>, true};
        case ZYDIS_MNEMONIC_JCXZ:
        case ZYDIS_MNEMONIC_JECXZ:
            return {jcxz, true};
        case jmp_far:
            return {alone<far_jmp>, true};
        case call_far:
            return {alone<far_call>, true};
        case ret_far:
            return {alone<far_ret>, true};
        case ZYDIS_MNEMONIC_INT:
            return {alone<software_interrupt>, true};
        case ZYDIS_MNEMONIC_INT3:
            return {alone<int3>, true};
        case ZYDIS_MNEMONIC_INT1:
            return {alone<int1>, true};
        case ZYDIS_MNEMONIC_INTO:
            return {alone<into>, true};
        case ZYDIS_MNEMONIC_IRET:
        case ZYDIS_MNEMONIC_IRETD:
            return {alone<iret>, true};
        case ZYDIS_MNEMONIC_BOUND:
            return ending<alone<bound<uint32_t>>, alone<bound<uint16_t>>>(op);
        case ZYDIS_MNEMONIC_UD0:
        case ZYDIS_MNEMONIC_UD1:
        case ZYDIS_MNEMONIC_UD2:
            return {alone<ud>, true};
        default:
            break;
    }
    if (op.mnemonic >= ZYDIS_MNEMONIC_JB && op.mnemonic <= ZYDIS_MNEMONIC_JZ)
        return {jcc_of(op.condition, std::make_integer_sequence<unsigned, 16>{}), true};
    return {};
}

}  // namespace sb::cpu
