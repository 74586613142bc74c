// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic flags, kept as what they follow from and worked out only when somebody looks.
//
// `result`: ZF = its low 32 bits are zero; SF = bit 63; PF = even parity of byte 0 xor byte 4. An
// operation stores its result sign-extended to 64 bits, where bytes 4 to 7 are all zeros or all
// ones and so do not disturb PF; any other mix of the three flags has a value too (see `set`).
// `carries`: the vector of carries out of each bit, aligned so that bit 31 is the carry out of the
// operand's most significant bit and bit 30 the carry into it. CF = bit 31, OF = bit 31 xor bit 30,
// AF = bit 3.
//
// Flags that the architecture leaves undefined: logic operations clear AF; the rest is said where
// it is done. Source of the definitions: Intel SDM volume 1, 3.4.3.1.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace sb::cpu {

namespace flag {
constexpr uint32_t cf = 1u << 0, always = 1u << 1, pf = 1u << 2, af = 1u << 4, zf = 1u << 6,
                   sf = 1u << 7, tf = 1u << 8, if_ = 1u << 9, df = 1u << 10, of = 1u << 11,
                   iopl = 3u << 12, nt = 1u << 14, rf = 1u << 16, vm = 1u << 17, ac = 1u << 18,
                   vif = 1u << 19, vip = 1u << 20, id = 1u << 21;
constexpr uint32_t arithmetic = cf | pf | af | zf | sf | of;
}  // namespace flag

struct LazyFlags {
    uint64_t result = 1;
    uint32_t carries = 0;

    bool zf() const { return static_cast<uint32_t>(result) == 0; }
    bool sf() const { return static_cast<int64_t>(result) < 0; }
    bool pf() const {
        return (std::popcount(static_cast<uint8_t>(result ^ (result >> 32))) & 1) == 0;
    }
    bool cf() const { return carries >> 31; }
    bool of() const { return (carries ^ (carries << 1)) >> 31; }
    bool af() const { return carries >> 3 & 1; }

    template <typename T>
    void set_result(T r) {
        result = static_cast<uint64_t>(static_cast<int64_t>(static_cast<std::make_signed_t<T>>(r)));
    }
    template <typename T>
    void set_logic(T r) {
        set_result(r);
        carries = 0;
    }
    /// r = a + b (+ carry in)
    template <typename T>
    void set_add(T a, T b, T r) {
        set_result(r);
        set_carries<T>((a & b) | ((a | b) & ~uint32_t{r}));
    }
    /// r = a - b (- borrow in)
    template <typename T>
    void set_sub(T a, T b, T r) {
        set_result(r);
        set_carries<T>((~uint32_t{a} & b) | ((~uint32_t{a} | b) & r));
    }
    template <typename T>
    void set_carries(uint32_t out) {
        constexpr unsigned bits = 8 * sizeof(T);
        carries = (out << (32 - bits)) | (out & 8);
    }
    void set_cf_of(bool c, bool o) {
        carries = (carries & 8) | uint32_t{c} << 31 | uint32_t(c != o) << 30;
    }
    void set_cf(bool c) { set_cf_of(c, of()); }

    uint32_t value() const {
        return (cf() ? flag::cf : 0) | (pf() ? flag::pf : 0) | (af() ? flag::af : 0) |
               (zf() ? flag::zf : 0) | (sf() ? flag::sf : 0) | (of() ? flag::of : 0);
    }
    void set(uint32_t f) {
        uint64_t low = f & flag::zf ? 0 : 0x100;  // its low byte is of even parity in both cases
        uint64_t odd = f & flag::pf ? 0 : 1;
        result = low | odd << 32 | uint64_t{(f & flag::sf) != 0} << 63;
        carries = f & flag::af ? 8 : 0;
        set_cf_of(f & flag::cf, f & flag::of);
    }
    /// The condition numbers of Jcc, SETcc and CMOVcc (Intel SDM volume 2, appendix B.1.4.7).
    template <unsigned N>
    bool condition() const {
        constexpr unsigned kind = N >> 1;
        bool holds;
        if constexpr (kind == 0) holds = of();
        if constexpr (kind == 1) holds = cf();
        if constexpr (kind == 2) holds = zf();
        if constexpr (kind == 3) holds = cf() || zf();
        if constexpr (kind == 4) holds = sf();
        if constexpr (kind == 5) holds = pf();
        if constexpr (kind == 6) holds = sf() != of();
        if constexpr (kind == 7) holds = zf() || sf() != of();
        return holds != bool(N & 1);
    }
};

}  // namespace sb::cpu
