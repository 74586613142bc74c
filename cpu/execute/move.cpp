// SPDX-License-Identifier: Apache-2.0
//
// MOV and its relatives, exchanges, address arithmetic, conversions. Source: Intel SDM volume 2.
#include "cpu/execute/handlers.h"

namespace sb::cpu {
namespace {

template <typename T, Form form>
void mov(Core& c, const Operation* op) {
    if constexpr (form == Form::rr) c.set_reg<T>(op->dst, c.reg<T>(op->src));
    if constexpr (form == Form::ri) c.set_reg<T>(op->dst, static_cast<T>(op->imm));
    if constexpr (form == Form::rm) c.set_reg<T>(op->dst, c.load<T>(op));
    if constexpr (form == Form::mr) c.store<T>(op, c.reg<T>(op->src));
    if constexpr (form == Form::mi) c.store<T>(op, static_cast<T>(op->imm));
    if constexpr (form == Form::rr || form == Form::ri)
        next(c, op);
    else
        next_checked(c, op);
}

template <typename To, typename From, bool Signed, bool memory>
void extend(Core& c, const Operation* op) {
    const From v = memory ? c.load<From>(op) : c.reg<From>(op->src);
    if constexpr (Signed)
        c.set_reg<To>(op->dst, static_cast<To>(static_cast<std::make_signed_t<From>>(v)));
    else
        c.set_reg<To>(op->dst, static_cast<To>(v));
    if constexpr (memory)
        next_checked(c, op);
    else
        next(c, op);
}

template <bool Signed>
Binding pick_extend(const Operation& op) {
    const bool m = op.form == Form::rm;
    return for_size(op.size, [&]<typename To>(To) -> Binding {
        if (op.src_size == 1)
            return {m ? extend<To, uint8_t, Signed, true> : extend<To, uint8_t, Signed, false>};
        return {m ? extend<To, uint16_t, Signed, true> : extend<To, uint16_t, Signed, false>};
    });
}

template <typename T>
void lea(Core& c, const Operation* op) {
    c.set_reg<T>(op->dst, static_cast<T>(c.address(op)));
    next(c, op);
}

template <typename T>
void xchg_r(Core& c, const Operation* op) {
    const T a = c.reg<T>(op->dst), b = c.reg<T>(op->src);
    c.set_reg<T>(op->dst, b);
    c.set_reg<T>(op->src, a);
    next(c, op);
}

/// `Register` says where the register operand is: XCHG is one instruction in both orders.
template <typename T, bool memory_first>
void xchg_m(Core& c, const Operation* op) {
    const uint8_t r = memory_first ? op->src : op->dst;
    const T v = c.load_for_update<T>(op);
    c.store_update<T>(op, c.reg<T>(r));
    c.set_reg<T>(r, v);
    next_checked(c, op);
}

template <typename T, unsigned N, bool memory>
void cmov(Core& c, const Operation* op) {
    // The source is read in any case (SDM volume 2, CMOVcc).
    const T v = memory ? c.load<T>(op) : c.reg<T>(op->src);
    if (c.s.flags.condition<N>()) c.set_reg<T>(op->dst, v);
    if constexpr (memory)
        next_checked(c, op);
    else
        next(c, op);
}

template <typename T, bool memory, unsigned... N>
Handler cmov_of(unsigned n, std::integer_sequence<unsigned, N...>) {
    static constexpr Handler table[] = {cmov<T, N, memory>...};
    return table[n];
}

void bswap(Core& c, const Operation* op) {
    // With a 16-bit operand the result is undefined; processors since the 486 give zero.
    if (op->size == 2)
        c.set_reg<uint16_t>(op->dst, 0);
    else
        c.set_reg<uint32_t>(op->dst, __builtin_bswap32(c.reg<uint32_t>(op->dst)));
    next(c, op);
}

void xlat(Core& c, const Operation* op) {
    const uint32_t at = (c.s.regs[ebx] + (c.s.regs[eax] & 0xff)) & op->address_mask;
    c.set_reg<uint8_t>(0, c.read<uint8_t>(op, op->segment, at));
    next_checked(c, op);
}

void cbw(Core& c, const Operation* op) {
    c.set_reg<uint16_t>(0, static_cast<uint16_t>(static_cast<int8_t>(c.reg<uint8_t>(0))));
    next(c, op);
}
void cwde(Core& c, const Operation* op) {
    c.s.regs[eax] = static_cast<uint32_t>(static_cast<int16_t>(c.reg<uint16_t>(0)));
    next(c, op);
}
void cwd(Core& c, const Operation* op) {
    c.set_reg<uint16_t>(edx * 4, c.s.regs[eax] & 0x8000 ? 0xffff : 0);
    next(c, op);
}
void cdq(Core& c, const Operation* op) {
    c.s.regs[edx] = c.s.regs[eax] & 0x80000000 ? 0xffffffff : 0;
    next(c, op);
}

void lahf(Core& c, const Operation* op) {
    c.set_reg<uint8_t>(1, static_cast<uint8_t>(c.s.flags.value() | flag::always));
    next(c, op);
}
void sahf(Core& c, const Operation* op) {
    constexpr uint32_t low = flag::sf | flag::zf | flag::af | flag::pf | flag::cf;
    c.s.flags.set((c.s.flags.value() & ~low) | (c.reg<uint8_t>(1) & low));
    next(c, op);
}
void clc(Core& c, const Operation* op) {
    c.s.flags.set_cf(false);
    next(c, op);
}
void stc(Core& c, const Operation* op) {
    c.s.flags.set_cf(true);
    next(c, op);
}
void cmc(Core& c, const Operation* op) {
    c.s.flags.set_cf(!c.s.flags.cf());
    next(c, op);
}
void cld(Core& c, const Operation* op) {
    c.s.other_flags &= ~flag::df;
    next(c, op);
}
void std_(Core& c, const Operation* op) {
    c.s.other_flags |= flag::df;
    next(c, op);
}
void salc(Core& c, const Operation* op) {
    c.set_reg<uint8_t>(0, c.s.flags.cf() ? 0xff : 0);
    next(c, op);
}
void nop(Core& c, const Operation* op) { next(c, op); }

}  // namespace

Binding bind_move(const Operation& op) {
    switch (op.mnemonic) {
        case ZYDIS_MNEMONIC_MOV:
            return for_size(op.size, [&]<typename T>(T) -> Binding {
                switch (op.form) {
                    case Form::rr:
                        return {mov<T, Form::rr>};
                    case Form::ri:
                        return {mov<T, Form::ri>};
                    case Form::rm:
                        return {mov<T, Form::rm>};
                    case Form::mr:
                        return {mov<T, Form::mr>};
                    case Form::mi:
                        return {mov<T, Form::mi>};
                    default:
                        return {};
                }
            });
        case ZYDIS_MNEMONIC_MOVZX:
            return pick_extend<false>(op);
        case ZYDIS_MNEMONIC_MOVSX:
            return pick_extend<true>(op);
        case ZYDIS_MNEMONIC_LEA:
            return {op.size == 4 ? lea<uint32_t> : lea<uint16_t>};
        case ZYDIS_MNEMONIC_XCHG:
            return for_size(op.size, [&]<typename T>(T) -> Binding {
                if (op.form == Form::rr) return {xchg_r<T>};
                return {op.form == Form::mr ? xchg_m<T, true> : xchg_m<T, false>};
            });
        case ZYDIS_MNEMONIC_BSWAP:
            return {bswap};
        case ZYDIS_MNEMONIC_XLAT:
            return {xlat};
        case ZYDIS_MNEMONIC_CBW:
            return {cbw};
        case ZYDIS_MNEMONIC_CWDE:
            return {cwde};
        case ZYDIS_MNEMONIC_CWD:
            return {cwd};
        case ZYDIS_MNEMONIC_CDQ:
            return {cdq};
        case ZYDIS_MNEMONIC_LAHF:
            return {lahf};
        case ZYDIS_MNEMONIC_SAHF:
            return {sahf};
        case ZYDIS_MNEMONIC_CLC:
            return {clc};
        case ZYDIS_MNEMONIC_STC:
            return {stc};
        case ZYDIS_MNEMONIC_CMC:
            return {cmc};
        case ZYDIS_MNEMONIC_CLD:
            return {cld};
        case ZYDIS_MNEMONIC_STD:
            return {std_};
        case ZYDIS_MNEMONIC_SALC:
            return {salc};
        case ZYDIS_MNEMONIC_NOP:
        case ZYDIS_MNEMONIC_PAUSE:
            return {nop};
        default:
            break;
    }
    if (op.mnemonic >= ZYDIS_MNEMONIC_CMOVB && op.mnemonic <= ZYDIS_MNEMONIC_CMOVZ) {
        constexpr auto all = std::make_integer_sequence<unsigned, 16>{};
        const bool m = op.form == Form::rm;
        if (op.size == 4)
            return {m ? cmov_of<uint32_t, true>(op.condition, all)
                      : cmov_of<uint32_t, false>(op.condition, all)};
        return {m ? cmov_of<uint16_t, true>(op.condition, all)
                  : cmov_of<uint16_t, false>(op.condition, all)};
    }
    return {};
}

}  // namespace sb::cpu
