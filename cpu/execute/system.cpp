// SPDX-License-Identifier: Apache-2.0
//
// Segment and table registers, control and debug registers, interrupts on and off, HLT, caches.
// Source: Intel SDM volume 2.
#include <fmt/format.h>

#include "cpu/execute/handlers.h"

namespace sb::cpu {
namespace {

void need_ring_0(Core& c) {
    if (c.s.cpl != 0) c.fault(general_protection);
}

uint16_t word_operand(Core& c, const Operation* op) {
    return op->form == Form::m || op->form == Form::rm ? c.load<uint16_t>(op)
           : op->form == Form::rr                      ? c.reg<uint16_t>(op->src)
                                                       : c.reg<uint16_t>(op->dst);
}

/// Stores a selector or status word: zero-extended in a 32-bit register, 16 bits in memory.
void store_word(Core& c, const Operation* op, uint32_t v) {
    if (op->form == Form::m || op->form == Form::mr)
        c.store<uint16_t>(op, static_cast<uint16_t>(v));
    else if (op->size == 4)
        c.set_reg<uint32_t>(op->dst, v);
    else
        c.set_reg<uint16_t>(op->dst, static_cast<uint16_t>(v));
}

void to_sreg(Core& c, const Operation* op) {
    if (op->dst == cs) c.fault(invalid_opcode);
    const uint16_t selector =
        op->form == Form::rm ? c.load<uint16_t>(op) : c.reg<uint16_t>(op->src);
    c.load_segment(op->dst, selector);
    if (op->dst == ss) c.shadow_stack_load();
}
void from_sreg(Core& c, const Operation* op) { store_word(c, op, c.s.segments[op->src].selector); }

template <unsigned Segment>
void far_pointer(Core& c, const Operation* op) {
    const uint32_t at = c.address(op);
    const uint32_t offset = op->size == 4 ? c.read<uint32_t>(op, op->segment, at)
                                          : c.read<uint16_t>(op, op->segment, at);
    const auto selector = c.read<uint16_t>(op, op->segment, (at + op->size) & op->address_mask);
    c.load_segment(Segment, selector);
    if (op->size == 4)
        c.set_reg<uint32_t>(op->dst, offset);
    else
        c.set_reg<uint16_t>(op->dst, static_cast<uint16_t>(offset));
    if (Segment == ss) c.shadow_stack_load();
}

template <TableRegister State::*Table>
void load_table(Core& c, const Operation* op) {
    need_ring_0(c);
    const uint32_t at = c.address(op);
    const auto limit = c.read<uint16_t>(op, op->segment, at);
    const uint32_t base = c.read<uint32_t>(op, op->segment, (at + 2) & op->address_mask);
    c.s.*Table = {op->stack_size == 2 ? base & 0xffffff : base, limit};
}
template <TableRegister State::*Table>
void store_table(Core& c, const Operation* op) {
    const uint32_t at = c.address(op);
    c.write<uint16_t>(op, op->segment, at, (c.s.*Table).limit);
    // With a 16-bit operand 24 bits of the base are stored, and zeros above (SDM volume 2, SGDT).
    const uint32_t base = (c.s.*Table).base & (op->stack_size == 2 ? 0xffffff : 0xffffffff);
    c.write<uint32_t>(op, op->segment, (at + 2) & op->address_mask, base);
}

void need_protected(Core& c) {
    if (!c.s.protected_mode() || c.s.virtual_8086()) c.fault(invalid_opcode);
}

void lldt(Core& c, const Operation* op) {
    need_protected(c);
    need_ring_0(c);
    const uint16_t selector = word_operand(c, op);
    if ((selector & ~3u) == 0) {
        c.s.ldtr = Segment{};
        c.s.ldtr.selector = selector;
        return;
    }
    if (selector & 4) c.fault(general_protection, selector & ~3u);
    const Core::Descriptor d = c.descriptor(selector);
    if (!d.system() || d.type() != 2) c.fault(general_protection, selector & ~3u);
    if (!d.present()) c.fault(segment_not_present, selector & ~3u);
    c.s.ldtr = c.segment_from(selector, d);
}

void ltr(Core& c, const Operation* op) {
    need_protected(c);
    need_ring_0(c);
    const uint16_t selector = word_operand(c, op);
    if ((selector & ~3u) == 0) c.fault(general_protection);
    if (selector & 4) c.fault(general_protection, selector & ~3u);
    Core::Descriptor d = c.descriptor(selector);
    if (!d.system() || (d.type() != 1 && d.type() != 9))
        c.fault(general_protection, selector & ~3u);
    if (!d.present()) c.fault(segment_not_present, selector & ~3u);
    d.high |= 0x200;  // busy
    c.write_system<uint32_t>(d.address + 4, d.high);
    c.s.tr = c.segment_from(selector, d);
}

void sldt(Core& c, const Operation* op) {
    need_protected(c);
    store_word(c, op, c.s.ldtr.selector);
}
void str(Core& c, const Operation* op) {
    need_protected(c);
    store_word(c, op, c.s.tr.selector);
}
void smsw(Core& c, const Operation* op) { store_word(c, op, c.s.cr0); }
void lmsw(Core& c, const Operation* op) {
    need_ring_0(c);
    // PE can be set but not cleared.
    const uint32_t v = word_operand(c, op) & 0xf;
    c.set_cr0((c.s.cr0 & ~0xeu) | v);
}
void clts(Core& c, const Operation*) {
    need_ring_0(c);
    c.s.cr0 &= ~cr0::ts;
}

void to_control(Core& c, const Operation* op) {
    need_ring_0(c);
    const uint32_t v = c.reg<uint32_t>(op->src);
    switch (op->dst) {
        case 0:
            c.set_cr0(v);
            break;
        case 2:
            c.s.cr2 = v;
            break;
        case 3:
            c.set_cr3(v);
            break;
        case 4:
            if (!c.model.has(Feature::cpuid))
                c.fault(invalid_opcode);  // the 486 that has CPUID has CR4
            c.set_cr4(v);
            break;
        default:
            c.fault(invalid_opcode);
    }
}
void from_control(Core& c, const Operation* op) {
    need_ring_0(c);
    switch (op->src) {
        case 0:
            c.set_reg<uint32_t>(op->dst, c.s.cr0);
            break;
        case 2:
            c.set_reg<uint32_t>(op->dst, c.s.cr2);
            break;
        case 3:
            c.set_reg<uint32_t>(op->dst, c.s.cr3);
            break;
        case 4:
            if (!c.model.has(Feature::cpuid)) c.fault(invalid_opcode);
            c.set_reg<uint32_t>(op->dst, c.s.cr4);
            break;
        default:
            c.fault(invalid_opcode);
    }
}

void to_debug(Core& c, const Operation* op) {
    need_ring_0(c);
    c.set_debug_register(c.debug_register(op->dst), c.reg<uint32_t>(op->src));
}
void from_debug(Core& c, const Operation* op) {
    need_ring_0(c);
    c.set_reg<uint32_t>(op->dst, c.s.dr[c.debug_register(op->src)]);
}

void cli(Core& c, const Operation*) {
    if (c.s.cpl > c.s.iopl()) c.fault(general_protection);
    c.s.other_flags &= ~flag::if_;
}
void sti(Core& c, const Operation*) {
    if (c.s.cpl > c.s.iopl()) c.fault(general_protection);
    if (c.s.interrupts_enabled()) return;
    c.s.other_flags |= flag::if_;
    c.s.shadow = c.attention = true;
}
void hlt(Core& c, const Operation*) {
    need_ring_0(c);
    c.halt();
}

void set_zf(Core& c, bool v) {
    const uint32_t f = c.s.flags.value();
    c.s.flags.set(v ? f | flag::zf : f & ~flag::zf);
}

void arpl(Core& c, const Operation* op) {
    need_protected(c);
    const bool m = op->form == Form::mr;
    const uint16_t a = m ? c.load_for_update<uint16_t>(op) : c.reg<uint16_t>(op->dst);
    const uint16_t b = c.reg<uint16_t>(op->src);
    const bool raise = (a & 3) < (b & 3);
    const auto r = static_cast<uint16_t>(raise ? (a & ~3) | (b & 3) : a);
    if (m)
        c.store_update<uint16_t>(op, r);
    else
        c.set_reg<uint16_t>(op->dst, r);
    set_zf(c, raise);
}

/// True where the descriptor may be looked at from this privilege level.
bool visible(const Core& c, uint16_t selector, const Core::Descriptor& d) {
    const bool conforming =
        !d.system() && (d.access() & access::code) && (d.access() & access::conforming);
    return conforming || (d.dpl() >= c.s.cpl && d.dpl() >= (selector & 3u));
}

template <bool Limit>
void lar_lsl(Core& c, const Operation* op) {
    need_protected(c);
    const uint16_t selector = word_operand(c, op);
    Core::Descriptor d;
    bool ok = (selector & ~3u) != 0 && c.find_descriptor(selector, d) && visible(c, selector, d);
    if (ok && d.system()) {
        const unsigned t = d.type();
        const bool tss_or_ldt = t == 1 || t == 2 || t == 3 || t == 9 || t == 11;
        ok = tss_or_ldt || (!Limit && (t == 4 || t == 5 || t == 12));
    }
    if (ok) {
        const uint32_t v = Limit ? d.limit() : d.high & 0x00f0ff00;
        if (op->size == 4)
            c.set_reg<uint32_t>(op->dst, v);
        else
            c.set_reg<uint16_t>(op->dst, static_cast<uint16_t>(v));
    }
    set_zf(c, ok);
}

template <bool Write>
void verify(Core& c, const Operation* op) {
    need_protected(c);
    const uint16_t selector = word_operand(c, op);
    Core::Descriptor d;
    bool ok = (selector & ~3u) != 0 && c.find_descriptor(selector, d) && !d.system() &&
              visible(c, selector, d);
    if (ok) {
        const bool code = d.access() & access::code, bit1 = d.access() & access::writable;
        ok = Write ? !code && bit1 : !code || bit1;
    }
    set_zf(c, ok);
}

template <bool WriteBack>
void drop_cache(Core& c, const Operation*) {
    need_ring_0(c);
    c.flush_caches(WriteBack);
}

/// The segment is not checked: a page that can not be reached is not in the TLB either.
void invlpg(Core& c, const Operation* op) {
    need_ring_0(c);
    c.invalidate_page(c.s.segments[op->segment].base + c.address(op));
}

void not_integer_body(Core& c, const Operation* op) {
    const auto mnemonic = static_cast<ZydisMnemonic>(op->imm);
    if (c.s.cr0 & (cr0::em | cr0::ts)) c.fault(device_not_available);
    c.not_there(ZydisMnemonicGetString(mnemonic));
}

void unknown(Core& c, const Operation* op) {
    c.not_there(ZydisMnemonicGetString(static_cast<ZydisMnemonic>(op->mnemonic)));
}

void bad(Core& c, const Operation* op) { c.fault(static_cast<uint8_t>(op->imm)); }

void leave_block(Core& c, const Operation* op) {
    c.retire(op - 1);
    go_on<1>(c);
}

}  // namespace

Binding bind_system(const Operation& op) {
    auto ends = [](Handler h) { return Binding{h, true}; };
    switch (op.mnemonic) {
        case mov_to_sreg:
            return ends(alone<to_sreg>);
        case mov_from_sreg:
            return ends(alone<from_sreg>);
        case ZYDIS_MNEMONIC_LDS:
            return ends(alone<far_pointer<ds>>);
        case ZYDIS_MNEMONIC_LES:
            return ends(alone<far_pointer<es>>);
        case ZYDIS_MNEMONIC_LFS:
            return ends(alone<far_pointer<fs>>);
        case ZYDIS_MNEMONIC_LGS:
            return ends(alone<far_pointer<gs>>);
        case ZYDIS_MNEMONIC_LSS:
            return ends(alone<far_pointer<ss>>);
        case ZYDIS_MNEMONIC_LGDT:
            return ends(alone<load_table<&State::gdtr>>);
        case ZYDIS_MNEMONIC_LIDT:
            return ends(alone<load_table<&State::idtr>>);
        case ZYDIS_MNEMONIC_SGDT:
            return ends(alone<store_table<&State::gdtr>>);
        case ZYDIS_MNEMONIC_SIDT:
            return ends(alone<store_table<&State::idtr>>);
        case ZYDIS_MNEMONIC_LLDT:
            return ends(alone<lldt>);
        case ZYDIS_MNEMONIC_LTR:
            return ends(alone<ltr>);
        case ZYDIS_MNEMONIC_SLDT:
            return ends(alone<sldt>);
        case ZYDIS_MNEMONIC_STR:
            return ends(alone<str>);
        case ZYDIS_MNEMONIC_SMSW:
            return ends(alone<smsw>);
        case ZYDIS_MNEMONIC_LMSW:
            return ends(alone<lmsw>);
        case ZYDIS_MNEMONIC_CLTS:
            return ends(alone<clts>);
        case mov_to_control:
            return ends(alone<to_control>);
        case mov_from_control:
            return ends(alone<from_control>);
        case mov_to_debug:
            return ends(alone<to_debug>);
        case mov_from_debug:
            return ends(alone<from_debug>);
        case ZYDIS_MNEMONIC_CLI:
            return ends(alone<cli>);
        case ZYDIS_MNEMONIC_STI:
            return ends(alone<sti>);
        case ZYDIS_MNEMONIC_HLT:
            return ends(alone<hlt>);
        case ZYDIS_MNEMONIC_ARPL:
            return ends(alone<arpl>);
        case ZYDIS_MNEMONIC_LAR:
            return ends(alone<lar_lsl<false>>);
        case ZYDIS_MNEMONIC_LSL:
            return ends(alone<lar_lsl<true>>);
        case ZYDIS_MNEMONIC_VERR:
            return ends(alone<verify<false>>);
        case ZYDIS_MNEMONIC_VERW:
            return ends(alone<verify<true>>);
        case ZYDIS_MNEMONIC_INVD:
            return ends(alone<drop_cache<false>>);
        case ZYDIS_MNEMONIC_WBINVD:
            return ends(alone<drop_cache<true>>);
        case ZYDIS_MNEMONIC_INVLPG:
            return ends(alone<invlpg>);
        case not_integer:
            return ends(alone<not_integer_body>);
        default:
            return {};
    }
}

Binding bind(const Operation& op) {
    for (auto group : {bind_move, bind_arithmetic, bind_flow, bind_stack, bind_shift, bind_bits,
                       bind_multiply, bind_string, bind_port, bind_x87, bind_system, bind_identify})
        if (Binding b = group(op); b.run) return b;
    return {alone<unknown>, true};
}

Handler raise_fault() { return alone<bad>; }
Handler end_of_block() { return leave_block; }

}  // namespace sb::cpu
