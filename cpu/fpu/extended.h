// SPDX-License-Identifier: Apache-2.0
//
// The x87's extended real format as bits: 1 sign, 15 exponent, 64 significand with its integer bit
// (SDM volume 1, 4.2.2). No arithmetic here.
#pragma once

#include <cstdint>

namespace sb::cpu::fpu {

struct Extended {
    uint64_t significand = 0;
    uint16_t sign_exponent = 0;

    constexpr bool negative() const { return sign_exponent & 0x8000; }
    constexpr unsigned exponent() const { return sign_exponent & 0x7fffu; }
    constexpr bool operator==(const Extended&) const = default;
};

/// The default QNaN, "real indefinite" (SDM volume 1, table 4-3).
inline constexpr Extended indefinite{0xc000000000000000, 0xffff};

/// What FXAM tells apart (SDM volume 2, FXAM); the numbers are C3, C2, C0 as bits 2, 1, 0.
enum class Class : uint8_t { unsupported, nan, normal, infinity, zero, empty, denormal };

constexpr Class class_of(const Extended& v) {
    const bool integer_bit = v.significand >> 63;
    if (v.exponent() == 0) return v.significand == 0 ? Class::zero : Class::denormal;
    if (!integer_bit) return Class::unsupported;  // unnormals, pseudo-NaNs, pseudo-infinities
    if (v.exponent() != 0x7fff) return Class::normal;
    return v.significand << 1 == 0 ? Class::infinity : Class::nan;
}

/// The tag of a register that is in use: valid, zero, special (SDM volume 1, 8.1.7).
constexpr unsigned tag_of(const Extended& v) {
    const Class c = class_of(v);
    return c == Class::normal ? 0 : c == Class::zero ? 1 : 2;
}

}  // namespace sb::cpu::fpu
