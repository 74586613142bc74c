// SPDX-License-Identifier: Apache-2.0
//
// The x87's arithmetic, one operation at a time: operands and control word in, result and flags
// out. Nothing here knows of the stack, of memory or of pending exceptions (unit.h does).
//
// host_x87.cpp implements this with the host's x87 unit; a software implementation of the same
// interface could take its place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/fpu/extended.h"

namespace sb::cpu::fpu {

/// Formats of memory operands.
enum class Format : uint8_t { none, f32, f64, f80, i16, i32, i64, bcd };

constexpr unsigned size_of(Format f) {
    constexpr uint8_t sizes[] = {0, 4, 8, 10, 2, 4, 8, 10};
    return sizes[static_cast<size_t>(f)];
}

/// A memory operand as its bytes.
struct alignas(16) Memory {
    uint8_t bytes[16] = {};
};

/// ST(0) and the other operand: ST(1), ST(i), or the second result.
struct Pair {
    Extended st0, other;
};

/// The opcode's own numbers (its bits 5 to 3) for the arithmetic group.
enum class Arithmetic : uint8_t { add, mul, com, comp, sub, subr, div, divr };

enum class Unary : uint8_t { sqrt, round, f2xm1, sin, cos, test };
/// Two operands, one result, in st0.
enum class Binary : uint8_t { scale, prem, prem1, ucom, fyl2x, fyl2xp1, patan };
/// One operand, two results: the new ST(0) in st0, the new ST(1) in other.
enum class Split : uint8_t { xtract, tan, sincos };
enum class Constant : uint8_t { one, l2t, l2e, pi, lg2, ln2, zero };

// All give the exceptions and condition codes as in a status word. IE, DE, ZE and PE are those of
// the masked case, and so is the result. An overflow or underflow that the control word does not
// mask gives the result with its biased exponent, or, in a store, none.
uint16_t arithmetic(Arithmetic op, Pair& v, uint16_t control);
/// The same with a memory operand: f32, f64, i16 or i32.
uint16_t arithmetic(Arithmetic op, Extended& st0, const Memory& m, Format format, uint16_t control);
uint16_t unary(Unary op, Extended& st0, uint16_t control);
uint16_t binary(Binary op, Pair& v, uint16_t control);
/// C2 set says that the operand was out of range: nothing changed.
uint16_t split(Split op, Pair& v, uint16_t control);
uint16_t constant(Constant which, Extended& result, uint16_t control);
/// All formats but f80, which is not a conversion.
uint16_t load(Format format, const Memory& m, Extended& result);
uint16_t store(Format format, const Extended& v, Memory& m, uint16_t control);

}  // namespace sb::cpu::fpu
