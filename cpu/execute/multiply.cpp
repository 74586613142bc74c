// SPDX-License-Identifier: Apache-2.0
//
// Multiplication, division and the decimal adjustments. Source: Intel SDM volume 2; the time of a
// multiplication depends on the multiplier's significant bits (Intel486 manual, MUL).
// Undefined flags: MUL and IMUL set SF, ZF and PF by the low half and clear AF; DIV and IDIV leave
// all as they were; the decimal adjustments clear OF.
#include "cpu/execute/handlers.h"

namespace sb::cpu {
namespace {

constexpr Row base_row(unsigned size) {
    return size == 1   ? Row::multiply_mul_8
           : size == 2 ? Row::multiply_mul_16
                       : Row::multiply_mul_32;
}

/// The clocks, from the row and the multiplier's size; charged when the operation has succeeded.
void charge(Core& c, Row base, uint32_t multiplier) {
    const unsigned bits = std::max<unsigned>(static_cast<unsigned>(std::bit_width(multiplier)),
                                             c.model[Row::multiply_least_bits]);
    c.spend(c.model[base] + c.model[Row::multiply_bit] * bits);
}

/// The double-width accumulator: AX, DX:AX or EDX:EAX.
template <typename T>
uint64_t accumulator(const Core& c) {
    if constexpr (sizeof(T) == 1) return c.reg<uint16_t>(0);
    return uint64_t{c.reg<T>(edx * 4)} << (8 * sizeof(T)) | c.reg<T>(0);
}

template <typename T>
void set_accumulator(Core& c, T low, T high) {
    if constexpr (sizeof(T) == 1) {
        c.set_reg<uint16_t>(0, static_cast<uint16_t>(low | high << 8));
    } else {
        c.set_reg<T>(0, low);
        c.set_reg<T>(edx * 4, high);
    }
}

template <typename T, bool memory>
T operand(Core& c, const Operation* op) {
    return memory ? c.load<T>(op) : c.reg<T>(op->dst);
}

template <typename T, bool Signed, bool memory>
void mul(Core& c, const Operation* op) {
    const T b = operand<T, memory>(c, op);
    using S = std::make_signed_t<T>;
    const uint64_t r =
        Signed ? static_cast<uint64_t>(int64_t{static_cast<S>(c.reg<T>(0))} * static_cast<S>(b))
               : uint64_t{c.reg<T>(0)} * b;
    const T low = static_cast<T>(r), high = static_cast<T>(r >> (8 * sizeof(T)));
    set_accumulator<T>(c, low, high);
    const bool more = Signed ? static_cast<int64_t>(r) != static_cast<S>(low) : high != 0;
    c.s.flags.set_logic(low);
    c.s.flags.set_cf_of(more, more);
    const uint32_t size =
        Signed && static_cast<S>(b) < 0 ? uint32_t(-int64_t{static_cast<S>(b)}) : b;
    charge(c, base_row(sizeof(T)), size);
}

/// IMUL with two and three operands: `multiplier` is the last one.
template <typename T>
void imul_into(Core& c, const Operation* op, T a, T multiplier) {
    using S = std::make_signed_t<T>;
    const int64_t r = int64_t{static_cast<S>(a)} * static_cast<S>(multiplier);
    const T low = static_cast<T>(r);
    c.set_reg<T>(op->dst, low);
    c.s.flags.set_logic(low);
    const bool more = r != static_cast<S>(low);
    c.s.flags.set_cf_of(more, more);
    const int64_t m = static_cast<S>(multiplier);
    charge(c, Row::multiply_imul_r, static_cast<uint32_t>(m < 0 ? -m : m));
}

template <typename T>
void imul(Core& c, const Operation* op) {
    switch (op->form) {
        case Form::rr:
            return imul_into<T>(c, op, c.reg<T>(op->dst), c.reg<T>(op->src));
        case Form::rm:
            return imul_into<T>(c, op, c.reg<T>(op->dst), c.load<T>(op));
        case Form::rri:
            return imul_into<T>(c, op, c.reg<T>(op->src), static_cast<T>(op->imm));
        default:
            return imul_into<T>(c, op, c.load<T>(op), static_cast<T>(op->imm));
    }
}

template <typename T, bool memory>
void div(Core& c, const Operation* op) {
    const T b = operand<T, memory>(c, op);
    const uint64_t a = accumulator<T>(c);
    if (b == 0 || a / b > static_cast<T>(~T{0})) c.fault(divide_error);
    set_accumulator<T>(c, static_cast<T>(a / b), static_cast<T>(a % b));
}

template <typename T, bool memory>
void idiv(Core& c, const Operation* op) {
    using S = std::make_signed_t<T>;
    const int64_t b = static_cast<S>(operand<T, memory>(c, op));
    constexpr unsigned unused = 64 - 16 * sizeof(T);
    const int64_t a = static_cast<int64_t>(accumulator<T>(c) << unused) >> unused;
    // -2^63 / -1 overflows the host as well as the guest.
    if (b == 0 || (b == -1 && a == INT64_MIN)) c.fault(divide_error);
    const int64_t q = a / b;
    if (q != static_cast<S>(q)) c.fault(divide_error);
    set_accumulator<T>(c, static_cast<T>(q), static_cast<T>(a % b));
}

template <bool Signed>
Binding pick_mul(const Operation& op) {
    return for_size(op.size, [&]<typename T>(T) -> Binding {
        return {op.form == Form::m ? within<mul<T, Signed, true>> : within<mul<T, Signed, false>>};
    });
}

void daa(Core& c, const Operation* op) {
    const uint8_t al = c.reg<uint8_t>(0);
    const bool af = (al & 15) > 9 || c.s.flags.af(), cf = al > 0x99 || c.s.flags.cf();
    const uint8_t r = static_cast<uint8_t>(al + (af ? 6 : 0) + (cf ? 0x60 : 0));
    c.set_reg<uint8_t>(0, r);
    c.s.flags.set_logic(r);
    c.s.flags.carries = af ? 8 : 0;
    c.s.flags.set_cf_of(cf, false);
    next(c, op);
}

void das(Core& c, const Operation* op) {
    const uint8_t al = c.reg<uint8_t>(0);
    const bool af = (al & 15) > 9 || c.s.flags.af(), high = al > 0x99 || c.s.flags.cf();
    const bool cf = high || (af && al < 6);
    const uint8_t r = static_cast<uint8_t>(al - (af ? 6 : 0) - (high ? 0x60 : 0));
    c.set_reg<uint8_t>(0, r);
    c.s.flags.set_logic(r);
    c.s.flags.carries = af ? 8 : 0;
    c.s.flags.set_cf_of(cf, false);
    next(c, op);
}

template <int Sign>
void aaa(Core& c, const Operation* op) {
    const bool adjust = (c.reg<uint8_t>(0) & 15) > 9 || c.s.flags.af();
    uint16_t ax = c.reg<uint16_t>(0);
    if (adjust) ax = static_cast<uint16_t>(ax + Sign * 0x106);
    ax &= 0xff0f;
    c.set_reg<uint16_t>(0, ax);
    c.s.flags.set_logic(static_cast<uint8_t>(ax));
    c.s.flags.carries = adjust ? 8 : 0;
    c.s.flags.set_cf_of(adjust, false);
    next(c, op);
}

void aam(Core& c, const Operation* op) {
    const auto base = static_cast<uint8_t>(op->imm);
    if (base == 0) c.fault(divide_error);
    const uint8_t al = c.reg<uint8_t>(0);
    const uint8_t low = al % base;
    c.set_reg<uint16_t>(0, static_cast<uint16_t>(al / base << 8 | low));
    c.s.flags.set_logic(low);
}

void aad(Core& c, const Operation* op) {
    const uint16_t ax = c.reg<uint16_t>(0);
    const auto r = static_cast<uint8_t>((ax & 0xff) + (ax >> 8) * (op->imm & 0xff));
    c.set_reg<uint16_t>(0, r);
    c.s.flags.set_logic(r);
    next(c, op);
}

}  // namespace

Binding bind_multiply(const Operation& op) {
    switch (op.mnemonic) {
        case ZYDIS_MNEMONIC_MUL:
            return pick_mul<false>(op);
        case ZYDIS_MNEMONIC_IMUL:
            if (op.form == Form::r || op.form == Form::m) return pick_mul<true>(op);
            return {op.size == 4 ? within<imul<uint32_t>> : within<imul<uint16_t>>};
        case ZYDIS_MNEMONIC_DIV:
            return for_size(op.size, [&]<typename T>(T) -> Binding {
                return {op.form == Form::m ? within<div<T, true>> : within<div<T, false>>};
            });
        case ZYDIS_MNEMONIC_IDIV:
            return for_size(op.size, [&]<typename T>(T) -> Binding {
                return {op.form == Form::m ? within<idiv<T, true>> : within<idiv<T, false>>};
            });
        case ZYDIS_MNEMONIC_DAA:
            return {daa};
        case ZYDIS_MNEMONIC_DAS:
            return {das};
        case ZYDIS_MNEMONIC_AAA:
            return {aaa<1>};
        case ZYDIS_MNEMONIC_AAS:
            return {aaa<-1>};
        case ZYDIS_MNEMONIC_AAM:
            return {alone<aam>, true};
        case ZYDIS_MNEMONIC_AAD:
            return {aad};
        default:
            return {};
    }
}

}  // namespace sb::cpu
