// SPDX-License-Identifier: Apache-2.0
//
// Shifts and rotates. Source: Intel SDM volume 2. What it leaves undefined is done as the hardware
// does it: shifts by more than 1 set OF as the last single-bit step would, AF is cleared by shifts;
// rotates leave SF, ZF, AF and PF alone; SHLD and SHRD of 16 bits by more than 16 take their bits
// from the doubled source.
#include "cpu/execute/handlers.h"

namespace sb::cpu {
namespace {

template <typename T>
constexpr unsigned bits_of = 8 * sizeof(T);

template <typename T>
bool top(T v) {
    return v >> (bits_of<T> - 1) & 1;
}

struct Shl {
    template <typename T>
    static T apply(LazyFlags& f, T a, unsigned n) {
        const uint64_t wide = uint64_t{a} << n;
        const T r = static_cast<T>(wide);
        const bool carry = wide >> bits_of<T> & 1;
        f.set_logic(r);
        f.set_cf_of(carry, carry != top(r));
        return r;
    }
};
struct Shr {
    template <typename T>
    static T apply(LazyFlags& f, T a, unsigned n) {
        const T r = static_cast<T>(uint64_t{a} >> n);
        f.set_logic(r);
        // OF is the sign before the last step: only a single shift can have had it set.
        f.set_cf_of(uint64_t{a} >> (n - 1) & 1, n == 1 && top(a));
        return r;
    }
};
struct Sar {
    template <typename T>
    static T apply(LazyFlags& f, T a, unsigned n) {
        const int64_t wide = static_cast<std::make_signed_t<T>>(a);
        const T r = static_cast<T>(wide >> n);
        f.set_logic(r);
        f.set_cf_of(wide >> (n - 1) & 1, false);
        return r;
    }
};
struct Rol {
    template <typename T>
    static T apply(LazyFlags& f, T a, unsigned n) {
        const unsigned k = n % bits_of<T>;
        const T r = k ? static_cast<T>(a << k | a >> (bits_of<T> - k)) : a;
        const bool carry = r & 1;
        f.set_cf_of(carry, carry != top(r));
        return r;
    }
};
struct Ror {
    template <typename T>
    static T apply(LazyFlags& f, T a, unsigned n) {
        const unsigned k = n % bits_of<T>;
        const T r = k ? static_cast<T>(a >> k | a << (bits_of<T> - k)) : a;
        f.set_cf_of(top(r), top(r) != top(static_cast<T>(r << 1)));
        return r;
    }
};
struct Rcl {
    template <typename T>
    static T apply(LazyFlags& f, T a, unsigned n) {
        constexpr unsigned width = bits_of<T> + 1;
        const unsigned k = n % width;
        if (k == 0) {  // all the way round: the flags that a single step would see
            f.set_cf_of(f.cf(), f.cf() != top(a));
            return a;
        }
        const uint64_t mask = (uint64_t{1} << width) - 1;
        const uint64_t wide = a | uint64_t{f.cf()} << bits_of<T>;
        const uint64_t turned = (wide << k | wide >> (width - k)) & mask;
        const T r = static_cast<T>(turned);
        const bool carry = turned >> bits_of<T> & 1;
        f.set_cf_of(carry, carry != top(r));
        return r;
    }
};
struct Rcr {
    template <typename T>
    static T apply(LazyFlags& f, T a, unsigned n) {
        constexpr unsigned width = bits_of<T> + 1;
        const unsigned k = n % width;
        const uint64_t mask = (uint64_t{1} << width) - 1;
        const uint64_t wide = a | uint64_t{f.cf()} << bits_of<T>;
        const uint64_t turned = k ? (wide >> k | wide << (width - k)) & mask : wide;
        const T r = static_cast<T>(turned);
        f.set_cf_of(turned >> bits_of<T> & 1, top(r) != top(static_cast<T>(r << 1)));
        return r;
    }
};

template <typename F, typename T, Form form>
void shift(Core& c, const Operation* op) {
    constexpr bool by_cl = form == Form::rr || form == Form::mr;
    constexpr bool memory = form == Form::mr || form == Form::mi;
    const unsigned n = (by_cl ? c.s.regs[ecx] : op->imm) & 31;
    if constexpr (memory) {
        const T a = c.load_for_update<T>(op);
        LazyFlags f = c.s.flags;
        const T r = n ? F::template apply<T>(f, a, n) : a;
        c.store_update<T>(op, r);
        c.s.flags = f;
        next_checked(c, op);
    } else {
        if (n) c.set_reg<T>(op->dst, F::template apply<T>(c.s.flags, c.reg<T>(op->dst), n));
        next(c, op);
    }
}

template <typename F>
Binding pick(const Operation& op) {
    return for_size(op.size, [&]<typename T>(T) -> Binding {
        switch (op.form) {
            case Form::rr:
                return {shift<F, T, Form::rr>};
            case Form::ri:
                return {shift<F, T, Form::ri>};
            case Form::mr:
                return {shift<F, T, Form::mr>};
            case Form::mi:
                return {shift<F, T, Form::mi>};
            default:
                return {};
        }
    });
}

template <typename T, bool Left>
T double_shift(LazyFlags& f, T a, T b, unsigned n) {
    constexpr unsigned bits = bits_of<T>;
    // The two operands as one, the source twice for counts beyond 16 bits.
    T r;
    bool carry;
    if constexpr (sizeof(T) == 4) {
        r = Left ? a << n | b >> (bits - n) : a >> n | b << (bits - n);
        carry = Left ? a >> (bits - n) & 1 : a >> (n - 1) & 1;
    } else {
        const uint64_t wide = Left ? uint64_t{a} << 32 | uint64_t{b} << 16 | a
                                   : uint64_t{a} << 32 | uint64_t{b} << 16 | a;
        if constexpr (Left) {
            r = static_cast<T>(wide << n >> 32);
            carry = (wide << (n - 1)) >> 47 & 1;
        } else {
            const uint64_t low = uint64_t{a} << 32 | uint64_t{b} << 16 | a;
            r = static_cast<T>(low >> n);
            carry = low >> (n - 1) & 1;
        }
    }
    f.set_logic(r);
    f.set_cf_of(carry, top(r) != top(a));
    return r;
}

template <typename T, bool Left, Form form>
void shift_double(Core& c, const Operation* op) {
    constexpr bool by_cl = form == Form::rr || form == Form::mr;
    constexpr bool memory = form == Form::mr || form == Form::mri;
    const unsigned n = (by_cl ? c.s.regs[ecx] : op->imm) & 31;
    if constexpr (memory) {
        const T a = c.load_for_update<T>(op);
        LazyFlags f = c.s.flags;
        const T r = n ? double_shift<T, Left>(f, a, c.reg<T>(op->src), n) : a;
        c.store_update<T>(op, r);
        c.s.flags = f;
        next_checked(c, op);
    } else {
        if (n)
            c.set_reg<T>(op->dst,
                         double_shift<T, Left>(c.s.flags, c.reg<T>(op->dst), c.reg<T>(op->src), n));
        next(c, op);
    }
}

template <bool Left>
Binding pick_double(const Operation& op) {
    return for_size(op.size, [&]<typename T>(T) -> Binding {
        if constexpr (sizeof(T) > 1) {
            switch (op.form) {
                case Form::rr:
                    return {shift_double<T, Left, Form::rr>};
                case Form::rri:
                    return {shift_double<T, Left, Form::rri>};
                case Form::mr:
                    return {shift_double<T, Left, Form::mr>};
                case Form::mri:
                    return {shift_double<T, Left, Form::mri>};
                default:
                    break;
            }
        }
        return {};
    });
}

}  // namespace

Binding bind_shift(const Operation& op) {
    switch (op.mnemonic) {
        case ZYDIS_MNEMONIC_SHL:
            return pick<Shl>(op);
        case ZYDIS_MNEMONIC_SHR:
            return pick<Shr>(op);
        case ZYDIS_MNEMONIC_SAR:
            return pick<Sar>(op);
        case ZYDIS_MNEMONIC_ROL:
            return pick<Rol>(op);
        case ZYDIS_MNEMONIC_ROR:
            return pick<Ror>(op);
        case ZYDIS_MNEMONIC_RCL:
            return pick<Rcl>(op);
        case ZYDIS_MNEMONIC_RCR:
            return pick<Rcr>(op);
        case ZYDIS_MNEMONIC_SHLD:
            return pick_double<true>(op);
        case ZYDIS_MNEMONIC_SHRD:
            return pick_double<false>(op);
        default:
            return {};
    }
}

}  // namespace sb::cpu
