// SPDX-License-Identifier: Apache-2.0
//
// PUSH, POP and their relatives, ENTER and LEAVE. Source: Intel SDM volume 2.
#include "cpu/execute/handlers.h"

namespace sb::cpu {
namespace {

template <typename T>
void push_r(Core& c, const Operation* op) {
    c.push<T>(op, c.reg<T>(op->dst));
    next_checked(c, op);
}
template <typename T>
void push_i(Core& c, const Operation* op) {
    c.push<T>(op, static_cast<T>(op->imm));
    next_checked(c, op);
}
template <typename T>
void push_m(Core& c, const Operation* op) {
    c.push<T>(op, c.load<T>(op));
    next_checked(c, op);
}
template <typename T>
void pop_r(Core& c, const Operation* op) {
    const T v = c.read<T>(op, ss, c.s.regs[esp] & c.stack_mask());
    c.set_sp(c.s.regs[esp] + uint32_t{sizeof(T)});
    c.set_reg<T>(op->dst, v);
    next_checked(c, op);
}
template <typename T>
void pop_m(Core& c, const Operation* op) {
    const uint32_t sp = c.s.regs[esp];
    const T v = c.read<T>(op, ss, sp & c.stack_mask());
    // An address that uses ESP sees it after the pop (SDM volume 2, POP).
    uint32_t at = c.address(op);
    if (op->base == esp) at = (at + uint32_t{sizeof(T)}) & op->address_mask;
    c.write<T>(op, op->segment, at, v);
    c.set_sp(sp + uint32_t{sizeof(T)});
    next_checked(c, op);
}

template <typename T>
void pusha(Core& c, const Operation* op) {
    const uint32_t sp = c.s.regs[esp];
    for (unsigned r = 0; r < 8; ++r) {
        const uint32_t at = (sp - (r + 1) * uint32_t{sizeof(T)}) & c.stack_mask();
        c.write<T>(op, ss, at, c.reg<T>(static_cast<uint8_t>(r * 4)));
    }
    c.set_sp(sp - 8 * uint32_t{sizeof(T)});
    next_checked(c, op);
}

template <typename T>
void popa(Core& c, const Operation* op) {
    const uint32_t sp = c.s.regs[esp];
    T v[8];
    for (unsigned n = 0; n < 8; ++n)
        v[7 - n] = c.read<T>(op, ss, (sp + n * uint32_t{sizeof(T)}) & c.stack_mask());
    for (unsigned r = 0; r < 8; ++r)
        if (r != esp) c.set_reg<T>(static_cast<uint8_t>(r * 4), v[r]);
    c.set_sp(sp + 8 * uint32_t{sizeof(T)});
    next_checked(c, op);
}

template <typename T>
void pushf(Core& c, const Operation* op) {
    if (c.s.virtual_8086() && c.s.iopl() < 3) c.fault_at(op, general_protection);
    // VM and RF are pushed as zero (SDM volume 2, PUSHF).
    c.push<T>(op, static_cast<T>(c.s.eflags() & ~(flag::vm | flag::rf)));
    next_checked(c, op);
}

void popf(Core& c, const Operation* op) {
    if (c.s.virtual_8086() && c.s.iopl() < 3) c.fault(general_protection);
    const uint32_t v = c.peek(nullptr, 0, op->stack_size);
    c.set_sp(c.s.regs[esp] + op->stack_size);
    c.load_flags(v, op->stack_size, false);
}

void push_segment(Core& c, const Operation* op) {
    // A 32-bit push of a selector writes zeros above it, as the SDM has it.
    c.push_sized(op, c.s.segments[op->dst].selector, op->stack_size);
    next_checked(c, op);
}

void pop_segment(Core& c, const Operation* op) {
    const auto selector = static_cast<uint16_t>(c.peek(nullptr, 0, op->stack_size));
    const uint32_t mask = c.stack_mask();
    const uint32_t sp = c.s.regs[esp] + op->stack_size;
    c.load_segment(op->dst, selector);
    c.s.regs[esp] = (c.s.regs[esp] & ~mask) | (sp & mask);
    if (op->dst == ss) c.shadow_stack_load();
}

template <typename T>
void enter(Core& c, const Operation* op) {
    constexpr uint32_t size = sizeof(T);
    const unsigned level = op->selector & 31;
    const uint32_t mask = c.stack_mask();
    uint32_t sp = (c.s.regs[esp] - size) & mask;
    uint32_t frame = c.s.regs[ebp];
    c.write<T>(op, ss, sp, static_cast<T>(frame));
    const uint32_t top = sp;
    for (unsigned n = 1; n < level; ++n) {
        frame -= size;
        sp = (sp - size) & mask;
        c.write<T>(op, ss, sp, c.read<T>(op, ss, frame & mask));
    }
    if (level > 0) {
        sp = (sp - size) & mask;
        c.write<T>(op, ss, sp, static_cast<T>((c.s.regs[esp] & ~mask) | top));
    }
    c.set_reg<T>(ebp * 4, static_cast<T>(top));
    c.set_sp(sp - (op->imm & 0xffff));
    c.spend(c.model[Row::stack_enter_level] * level);
}

template <typename T>
void leave(Core& c, const Operation* op) {
    const uint32_t frame = c.s.regs[ebp] & c.stack_mask();
    const T v = c.read<T>(op, ss, frame);
    c.set_sp(frame + uint32_t{sizeof(T)});
    c.set_reg<T>(ebp * 4, v);
    next_checked(c, op);
}

template <Handler Wide, Handler Narrow>
Binding sized(const Operation& op) {
    return {op.stack_size == 4 ? Wide : Narrow, false};
}

}  // namespace

Binding bind_stack(const Operation& op) {
    switch (op.mnemonic) {
        case ZYDIS_MNEMONIC_PUSH:
            if (op.form == Form::r) return sized<push_r<uint32_t>, push_r<uint16_t>>(op);
            if (op.form == Form::i) return sized<push_i<uint32_t>, push_i<uint16_t>>(op);
            return sized<push_m<uint32_t>, push_m<uint16_t>>(op);
        case ZYDIS_MNEMONIC_POP:
            if (op.form == Form::r) return sized<pop_r<uint32_t>, pop_r<uint16_t>>(op);
            return sized<pop_m<uint32_t>, pop_m<uint16_t>>(op);
        case ZYDIS_MNEMONIC_PUSHA:
        case ZYDIS_MNEMONIC_PUSHAD:
            return sized<pusha<uint32_t>, pusha<uint16_t>>(op);
        case ZYDIS_MNEMONIC_POPA:
        case ZYDIS_MNEMONIC_POPAD:
            return sized<popa<uint32_t>, popa<uint16_t>>(op);
        case ZYDIS_MNEMONIC_PUSHF:
        case ZYDIS_MNEMONIC_PUSHFD:
            return sized<pushf<uint32_t>, pushf<uint16_t>>(op);
        case ZYDIS_MNEMONIC_POPF:
        case ZYDIS_MNEMONIC_POPFD:
            return {alone<popf>, true};
        case push_sreg:
            return {push_segment};
        case pop_sreg:
            return {alone<pop_segment>, true};
        case ZYDIS_MNEMONIC_ENTER: {
            Binding b = sized<alone<enter<uint32_t>>, alone<enter<uint16_t>>>(op);
            b.ends = true;
            return b;
        }
        case ZYDIS_MNEMONIC_LEAVE:
            return sized<leave<uint32_t>, leave<uint16_t>>(op);
        default:
            return {};
    }
}

}  // namespace sb::cpu
