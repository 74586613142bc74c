// SPDX-License-Identifier: Apache-2.0
//
// Bit tests and scans, SETcc. Source: Intel SDM volume 2. Undefined: BT and its kin change CF only;
// BSF and BSR set ZF, clear the other arithmetic flags but PF, which is the source's, and leave the
// destination alone where the source is zero (as every Intel part does).
#include "cpu/execute/handlers.h"

namespace sb::cpu {
namespace {

enum class Change { none, set, reset, complement };

template <Change change, typename T>
T changed(T v, unsigned bit) {
    const T mask = static_cast<T>(T{1} << bit);
    if constexpr (change == Change::set) return v | mask;
    if constexpr (change == Change::reset) return v & static_cast<T>(~mask);
    if constexpr (change == Change::complement) return v ^ mask;
    return v;
}

template <Change change, typename T, Form form>
void bit(Core& c, const Operation* op) {
    constexpr unsigned bits = 8 * sizeof(T);
    constexpr bool by_register = form == Form::rr || form == Form::mr;
    const T number = by_register ? c.reg<T>(op->src) : static_cast<T>(op->imm);
    const unsigned n = number % bits;
    if constexpr (form == Form::rr || form == Form::ri) {
        const T v = c.reg<T>(op->dst);
        c.s.flags.set_cf(v >> n & 1);
        if constexpr (change != Change::none) c.set_reg<T>(op->dst, changed<change>(v, n));
        next(c, op);
    } else {
        uint32_t at = c.address(op);
        if constexpr (form == Form::mr) {
            // A bit number in a register reaches beyond the operand, in both directions.
            const auto away = static_cast<std::make_signed_t<T>>(number) >> (bits == 32 ? 5 : 4);
            at = (at + static_cast<uint32_t>(away) * uint32_t{sizeof(T)}) & op->address_mask;
        }
        T v;
        if constexpr (change == Change::none) {
            v = c.read<T>(op, op->segment, at);
        } else {
            v = c.read_for_update<T>(op, op->segment, at);
            c.store_update<T>(op, changed<change>(v, n));
        }
        c.s.flags.set_cf(v >> n & 1);
        next_checked(c, op);
    }
}

template <Change change>
Binding pick_bit(const Operation& op) {
    auto pick = [&]<typename T>(T) -> Binding {
        switch (op.form) {
            case Form::rr:
                return {bit<change, T, Form::rr>};
            case Form::ri:
                return {bit<change, T, Form::ri>};
            case Form::mr:
                return {bit<change, T, Form::mr>};
            case Form::mi:
                return {bit<change, T, Form::mi>};
            default:
                return {};
        }
    };
    return op.size == 4 ? pick(uint32_t{}) : pick(uint16_t{});
}

template <bool Forward, typename T, bool memory>
void scan(Core& c, const Operation* op) {
    const T v = memory ? c.load<T>(op) : c.reg<T>(op->src);
    c.s.flags.set_logic(v);
    if (v == 0) return;
    const unsigned top = static_cast<unsigned>(std::bit_width(v)) - 1;
    const unsigned n = Forward ? static_cast<unsigned>(std::countr_zero(v)) : top;
    c.set_reg<T>(op->dst, static_cast<T>(n));
    const unsigned passed = Forward ? n : 8 * static_cast<unsigned>(sizeof(T)) - 1 - n;
    c.spend(passed * c.model[Forward ? Row::bits_scan_forward_bit : Row::bits_scan_reverse_bit]);
}

template <bool Forward>
Binding pick_scan(const Operation& op) {
    const bool m = op.form == Form::rm;
    if (op.size == 4)
        return {m ? alone<scan<Forward, uint32_t, true>> : alone<scan<Forward, uint32_t, false>>,
                true};
    return {m ? alone<scan<Forward, uint16_t, true>> : alone<scan<Forward, uint16_t, false>>, true};
}

template <unsigned N, bool memory>
void setcc(Core& c, const Operation* op) {
    const uint8_t v = c.s.flags.condition<N>();
    if constexpr (memory) {
        c.store<uint8_t>(op, v);
        next_checked(c, op);
    } else {
        c.set_reg<uint8_t>(op->dst, v);
        next(c, op);
    }
}

template <bool memory, unsigned... N>
Handler setcc_of(unsigned n, std::integer_sequence<unsigned, N...>) {
    static constexpr Handler table[] = {setcc<N, memory>...};
    return table[n];
}

}  // namespace

Binding bind_bits(const Operation& op) {
    switch (op.mnemonic) {
        case ZYDIS_MNEMONIC_BT:
            return pick_bit<Change::none>(op);
        case ZYDIS_MNEMONIC_BTS:
            return pick_bit<Change::set>(op);
        case ZYDIS_MNEMONIC_BTR:
            return pick_bit<Change::reset>(op);
        case ZYDIS_MNEMONIC_BTC:
            return pick_bit<Change::complement>(op);
        case ZYDIS_MNEMONIC_BSF:
            return pick_scan<true>(op);
        case ZYDIS_MNEMONIC_BSR:
            return pick_scan<false>(op);
        default:
            break;
    }
    if (op.mnemonic >= ZYDIS_MNEMONIC_SETB && op.mnemonic <= ZYDIS_MNEMONIC_SETZ &&
        op.mnemonic != ZYDIS_MNEMONIC_SETSSBSY) {
        constexpr auto all = std::make_integer_sequence<unsigned, 16>{};
        return {op.form == Form::m ? setcc_of<true>(op.condition, all)
                                   : setcc_of<false>(op.condition, all)};
    }
    return {};
}

}  // namespace sb::cpu
