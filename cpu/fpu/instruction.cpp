// SPDX-License-Identifier: Apache-2.0
#include "cpu/fpu/instruction.h"

#include <array>

namespace sb::cpu::fpu {
namespace {

using K = Kind;
using F = Format;

template <typename E>
constexpr uint8_t n(E e) {
    return static_cast<uint8_t>(e);
}

constexpr Row with_real(Arithmetic op, F f) {
    return op == Arithmetic::mul ? f == F::f32 ? Row::x87_fmul_m32 : Row::x87_fmul_m64
           : op == Arithmetic::div || op == Arithmetic::divr ? Row::x87_fdiv_24
           : op == Arithmetic::com || op == Arithmetic::comp ? Row::x87_fcom_m
                                                             : Row::x87_fadd_m;
}

constexpr Row with_integer(Arithmetic op, F f) {
    const bool word = f == F::i16;
    switch (op) {
        case Arithmetic::mul:
            return word ? Row::x87_fimul_m16 : Row::x87_fimul_m32;
        case Arithmetic::div:
        case Arithmetic::divr:
            return word ? Row::x87_fidiv_m16_more : Row::x87_fidiv_m32_more;
        case Arithmetic::com:
        case Arithmetic::comp:
            return word ? Row::x87_ficom_m16 : Row::x87_ficom_m32;
        default:
            return word ? Row::x87_fiadd_m16 : Row::x87_fiadd_m32;
    }
}

/// D8, DA, DC and DE with a memory operand: one group, four formats.
constexpr Instruction arithmetic_memory(unsigned digit, F f) {
    const auto op = static_cast<Arithmetic>(digit);
    const bool compares = op == Arithmetic::com || op == Arithmetic::comp;
    const bool real = f == F::f32 || f == F::f64;
    return {compares ? K::compare_memory : K::arithmetic_memory,
            n(digit),
            f,
            op == Arithmetic::comp,
            false,
            real ? with_real(op, f) : with_integer(op, f)};
}

constexpr Instruction arithmetic(unsigned digit, bool to_other, uint8_t pops) {
    const auto op = static_cast<Arithmetic>(digit);
    const Row row = op == Arithmetic::mul   ? Row::x87_fmul_r
                    : op >= Arithmetic::div ? Row::x87_fdiv_24
                                            : Row::x87_fadd_r;
    return {K::arithmetic, n(digit), F::none, pops, to_other, row};
}

constexpr Instruction compare(bool unordered, uint8_t pops) {
    return {K::compare, unordered, F::none,
            pops,       false,     pops == 2 ? Row::x87_fcompp : Row::x87_fcom_r};
}
constexpr Instruction compare_flags(bool unordered, uint8_t pops) {
    return {K::compare_flags, unordered, F::none, pops, false, Row::x87_fcomi};
}
constexpr Instruction unary(Unary op, Row row) { return {K::unary, n(op), F::none, 0, false, row}; }
constexpr Instruction binary(Binary op, Row row, bool pops = false) {
    return {K::binary, n(op), F::none, pops, pops, row};
}
constexpr Instruction split(Split op, Row row) { return {K::split, n(op), F::none, 0, false, row}; }
constexpr Instruction constant(Constant c) {
    const bool simple = c == Constant::one || c == Constant::zero;
    return {K::constant, n(c),  F::none,
            0,           false, simple ? Row::x87_fld_one : Row::x87_fld_constant};
}
constexpr Instruction plain(Kind kind, Row row, uint8_t pops = 0) {
    return {kind, 0, F::none, pops, false, row};
}
constexpr Instruction load(F f, Row row) { return {K::load, 0, f, 0, false, row}; }
constexpr Instruction store(F f, Row row, uint8_t pops) {
    return {K::store, 0, f, pops, false, row};
}

/// Memory operands: by the low bits of the first byte, and the digit.
constexpr Instruction memory_form(unsigned byte, unsigned digit) {
    constexpr F arithmetic_format[] = {F::f32, F::none, F::i32, F::none,
                                       F::f64, F::none, F::i16, F::none};
    if (byte % 2 == 0) return arithmetic_memory(digit, arithmetic_format[byte]);
    constexpr Instruction d9[] = {load(F::f32, Row::x87_fld_m32),
                                  {},
                                  store(F::f32, Row::x87_fst_m32, 0),
                                  store(F::f32, Row::x87_fst_m32, 1),
                                  plain(K::load_environment, Row::x87_fldenv),
                                  plain(K::load_control, Row::x87_fldcw),
                                  plain(K::store_environment, Row::x87_fstenv),
                                  plain(K::store_control, Row::x87_fstcw)};
    constexpr Instruction db[] = {load(F::i32, Row::x87_fild_m32),
                                  {},
                                  store(F::i32, Row::x87_fist_m32, 0),
                                  store(F::i32, Row::x87_fist_m32, 1),
                                  {},
                                  load(F::f80, Row::x87_fld_m80),
                                  {},
                                  store(F::f80, Row::x87_fst_m80, 1)};
    constexpr Instruction dd[] = {
        load(F::f64, Row::x87_fld_m64),     {},
        store(F::f64, Row::x87_fst_m64, 0), store(F::f64, Row::x87_fst_m64, 1),
        plain(K::restore, Row::x87_frstor), {},
        plain(K::save, Row::x87_fsave),     plain(K::store_status, Row::x87_fstsw)};
    constexpr Instruction df[] = {
        load(F::i16, Row::x87_fild_m16),     {},
        store(F::i16, Row::x87_fist_m16, 0), store(F::i16, Row::x87_fist_m16, 1),
        load(F::bcd, Row::x87_fbld),         load(F::i64, Row::x87_fild_m64),
        store(F::bcd, Row::x87_fbstp, 1),    store(F::i64, Row::x87_fist_m64, 1)};
    return byte == 1 ? d9[digit] : byte == 3 ? db[digit] : byte == 5 ? dd[digit] : df[digit];
}

/// D9 E0 to FF: one instruction each.
constexpr Instruction d9_single(unsigned which) {
    constexpr Instruction list[] = {
        plain(K::change_sign, Row::x87_fchs),
        plain(K::absolute, Row::x87_fabs),
        {},
        {},
        unary(Unary::test, Row::x87_ftst),
        plain(K::examine, Row::x87_fxam),
        {},
        {},
        constant(Constant::one),
        constant(Constant::l2t),
        constant(Constant::l2e),
        constant(Constant::pi),
        constant(Constant::lg2),
        constant(Constant::ln2),
        constant(Constant::zero),
        {},
        unary(Unary::f2xm1, Row::x87_f2xm1),
        binary(Binary::fyl2x, Row::x87_fyl2x, true),
        split(Split::tan, Row::x87_fptan),
        binary(Binary::patan, Row::x87_fpatan, true),
        split(Split::xtract, Row::x87_fxtract),
        binary(Binary::prem1, Row::x87_fprem1),
        plain(K::decrement, Row::x87_fincstp),
        plain(K::increment, Row::x87_fincstp),
        binary(Binary::prem, Row::x87_fprem),
        binary(Binary::fyl2xp1, Row::x87_fyl2xp1, true),
        unary(Unary::sqrt, Row::x87_fsqrt),
        split(Split::sincos, Row::x87_fsincos),
        unary(Unary::round, Row::x87_frndint),
        binary(Binary::scale, Row::x87_fscale),
        unary(Unary::sin, Row::x87_fsin),
        unary(Unary::cos, Row::x87_fsin),
    };
    return list[which];
}

constexpr Instruction exchange = plain(K::exchange, Row::x87_fxch);
constexpr Instruction store_register(uint8_t pops) {
    return plain(K::store_register, Row::x87_fst_r, pops);
}
constexpr Instruction move_if = plain(K::move_if, Row::x87_fcmov);
constexpr Instruction release(uint8_t pops) { return plain(K::free, Row::x87_ffree, pops); }

constexpr Instruction register_form_d9(unsigned digit, unsigned i) {
    switch (digit) {
        case 0:
            return plain(K::load_register, Row::x87_fld_r);
        case 1:
            return exchange;
        case 2:
            return i == 0 ? plain(K::nop, Row::x87_fnop) : Instruction{};
        case 3:
            return {K::store_register, 1, F::none, 1, false, Row::x87_fst_r};
        default:
            return d9_single((digit - 4) * 8 + i);
    }
}

constexpr Instruction register_form_db(unsigned digit, unsigned i) {
    constexpr Instruction single[] = {plain(K::ignored, Row::x87_fnop),
                                      plain(K::ignored, Row::x87_fnop),
                                      plain(K::clear, Row::x87_fclex),
                                      plain(K::initialize, Row::x87_finit),
                                      plain(K::ignored, Row::x87_fnop),
                                      {},
                                      {},
                                      {}};
    return digit < 4    ? move_if
           : digit == 4 ? single[i]
           : digit < 7  ? compare_flags(digit == 5, 0)
                        : Instruction{};
}

constexpr Instruction register_form_dd(unsigned digit) {
    constexpr Instruction list[] = {release(0),
                                    exchange,
                                    store_register(0),
                                    store_register(1),
                                    compare(true, 0),
                                    compare(true, 1),
                                    {},
                                    {}};
    return list[digit];
}

constexpr Instruction register_form_df(unsigned digit, unsigned i) {
    if (digit == 4) return i == 0 ? plain(K::store_status_ax, Row::x87_fstsw) : Instruction{};
    constexpr Instruction list[] = {release(1),
                                    exchange,
                                    store_register(1),
                                    store_register(1),
                                    {},
                                    compare_flags(true, 1),
                                    compare_flags(false, 1),
                                    {}};
    return list[digit];
}

constexpr Instruction register_form(unsigned byte, unsigned digit, unsigned i) {
    switch (byte) {
        case 0:
            if (digit == 2 || digit == 3) return compare(false, digit == 3);
            return arithmetic(digit, false, 0);
        case 1:
            return register_form_d9(digit, i);
        case 2:
            return digit < 4 ? move_if : digit == 5 && i == 1 ? compare(true, 2) : Instruction{};
        case 3:
            return register_form_db(digit, i);
        case 4:
            if (digit == 2 || digit == 3) return compare(false, digit == 3);
            return arithmetic(digit, true, 0);
        case 5:
            return register_form_dd(digit);
        case 6:
            if (digit == 2) return compare(false, 1);
            if (digit == 3) return i == 1 ? compare(false, 2) : Instruction{};
            return arithmetic(digit, true, 1);
        default:
            return register_form_df(digit, i);
    }
}

constexpr auto make_table() {
    std::array<Instruction, 2048> table;
    for (unsigned opcode = 0; opcode < table.size(); ++opcode) {
        const unsigned byte = opcode >> 8, digit = opcode >> 3 & 7;
        table[opcode] = (opcode & 0xc0) == 0xc0 ? register_form(byte, digit, opcode & 7)
                                                : memory_form(byte, digit);
    }
    return table;
}

constinit const auto table = make_table();

}  // namespace

const Instruction& instruction(uint32_t opcode) { return table[opcode & 0x7ff]; }

}  // namespace sb::cpu::fpu
