// SPDX-License-Identifier: Apache-2.0
//
// ADD to CMP, TEST, INC, DEC, NEG, NOT, XADD, CMPXCHG, CMPXCHG8B. Source: Intel SDM volume 2.
#include "cpu/execute/handlers.h"

namespace sb::cpu {
namespace {

struct Add {
    static constexpr bool writes = true;
    template <typename T>
    static T apply(Core& c, T a, T b) {
        const T r = static_cast<T>(a + b);
        c.s.flags.set_add(a, b, r);
        return r;
    }
};
struct Adc {
    static constexpr bool writes = true;
    template <typename T>
    static T apply(Core& c, T a, T b) {
        const T r = static_cast<T>(a + b + c.s.flags.cf());
        c.s.flags.set_add(a, b, r);
        return r;
    }
};
struct Sub {
    static constexpr bool writes = true;
    template <typename T>
    static T apply(Core& c, T a, T b) {
        const T r = static_cast<T>(a - b);
        c.s.flags.set_sub(a, b, r);
        return r;
    }
};
struct Sbb {
    static constexpr bool writes = true;
    template <typename T>
    static T apply(Core& c, T a, T b) {
        const T r = static_cast<T>(a - b - c.s.flags.cf());
        c.s.flags.set_sub(a, b, r);
        return r;
    }
};
struct Cmp : Sub {
    static constexpr bool writes = false;
};
template <typename Op, bool Writes>
struct Logic {
    static constexpr bool writes = Writes;
    template <typename T>
    static T apply(Core& c, T a, T b) {
        const T r = Op::apply(a, b);
        c.s.flags.set_logic(r);
        return r;
    }
};
struct AndOf {
    template <typename T>
    static T apply(T a, T b) {
        return a & b;
    }
};
struct OrOf {
    template <typename T>
    static T apply(T a, T b) {
        return a | b;
    }
};
struct XorOf {
    template <typename T>
    static T apply(T a, T b) {
        return a ^ b;
    }
};

template <typename F, typename T, Form form>
void binary(Core& c, const Operation* op) {
    constexpr bool immediate = form == Form::ri || form == Form::mi;
    if constexpr (form == Form::rr || form == Form::ri || form == Form::rm) {
        T b;
        if constexpr (form == Form::rm)
            b = c.load<T>(op);
        else
            b = immediate ? static_cast<T>(op->imm) : c.reg<T>(op->src);
        const T r = F::template apply<T>(c, c.reg<T>(op->dst), b);
        if constexpr (F::writes) c.set_reg<T>(op->dst, r);
    } else if constexpr (F::writes) {
        const T a = c.load_for_update<T>(op);
        const T b = immediate ? static_cast<T>(op->imm) : c.reg<T>(op->src);
        // The store may fault: only then may the flags change.
        const LazyFlags before = c.s.flags;
        const T r = F::template apply<T>(c, a, b);
        const LazyFlags after = c.s.flags;
        c.s.flags = before;
        c.store_update<T>(op, r);
        c.s.flags = after;
    } else {
        const T a = c.load<T>(op);
        F::template apply<T>(c, a, immediate ? static_cast<T>(op->imm) : c.reg<T>(op->src));
    }
    if constexpr (form == Form::rr || form == Form::ri)
        next(c, op);
    else
        next_checked(c, op);
}

template <typename F>
Binding pick_binary(const Operation& op) {
    return for_size(op.size, [&]<typename T>(T) -> Binding {
        switch (op.form) {
            case Form::rr:
                return {binary<F, T, Form::rr>};
            case Form::ri:
                return {binary<F, T, Form::ri>};
            case Form::rm:
                return {binary<F, T, Form::rm>};
            case Form::mr:
                return {binary<F, T, Form::mr>};
            case Form::mi:
                return {binary<F, T, Form::mi>};
            default:
                return {};
        }
    });
}

/// INC and DEC leave CF as it was.
template <bool Up>
struct Step {
    template <typename T>
    static T apply(Core& c, T a) {
        const bool carry = c.s.flags.cf();
        const T r = static_cast<T>(Up ? a + 1 : a - 1);
        if constexpr (Up)
            c.s.flags.set_add(a, T{1}, r);
        else
            c.s.flags.set_sub(a, T{1}, r);
        c.s.flags.set_cf(carry);
        return r;
    }
};
struct Neg {
    template <typename T>
    static T apply(Core& c, T a) {
        const T r = static_cast<T>(-a);
        c.s.flags.set_sub(T{0}, a, r);
        return r;
    }
};
struct Not {
    template <typename T>
    static T apply(Core&, T a) {
        return static_cast<T>(~a);
    }
};

template <typename F, typename T, bool memory>
void unary(Core& c, const Operation* op) {
    if constexpr (memory) {
        const T a = c.load_for_update<T>(op);
        const LazyFlags before = c.s.flags;
        const T r = F::template apply<T>(c, a);
        const LazyFlags after = c.s.flags;
        c.s.flags = before;
        c.store_update<T>(op, r);
        c.s.flags = after;
        next_checked(c, op);
    } else {
        c.set_reg<T>(op->dst, F::template apply<T>(c, c.reg<T>(op->dst)));
        next(c, op);
    }
}

template <typename F>
Binding pick_unary(const Operation& op) {
    return for_size(op.size, [&]<typename T>(T) -> Binding {
        if (op.form == Form::m) return {unary<F, T, true>};
        return {unary<F, T, false>};
    });
}

template <typename T>
void xadd_m(Core& c, const Operation* op) {
    const T a = c.load_for_update<T>(op), b = c.reg<T>(op->src);
    const T r = static_cast<T>(a + b);
    c.store_update<T>(op, r);
    c.set_reg<T>(op->src, a);
    c.s.flags.set_add(a, b, r);
    next_checked(c, op);
}

template <typename T>
void xadd_r(Core& c, const Operation* op) {
    const T a = c.reg<T>(op->dst), b = c.reg<T>(op->src);
    const T r = static_cast<T>(a + b);
    c.set_reg<T>(op->src, a);
    c.set_reg<T>(op->dst, r);
    c.s.flags.set_add(a, b, r);
    next(c, op);
}

template <typename T>
void cmpxchg_m(Core& c, const Operation* op) {
    const T held = c.load_for_update<T>(op), a = c.reg<T>(eax * 4);
    // The destination is written in both cases (SDM volume 2, CMPXCHG).
    c.store_update<T>(op, held == a ? c.reg<T>(op->src) : held);
    c.s.flags.set_sub(a, held, static_cast<T>(a - held));
    if (held != a) c.set_reg<T>(eax * 4, held);
    next_checked(c, op);
}

template <typename T>
void cmpxchg_r(Core& c, const Operation* op) {
    const T held = c.reg<T>(op->dst), a = c.reg<T>(eax * 4);
    c.s.flags.set_sub(a, held, static_cast<T>(a - held));
    if (held == a)
        c.set_reg<T>(op->dst, c.reg<T>(op->src));
    else
        c.set_reg<T>(eax * 4, held);
    next(c, op);
}

void cmpxchg8b(Core& c, const Operation* op) {
    const uint32_t at = c.address(op);
    auto& r = c.s.regs;
    // Both halves are checked before either is written: the second fault would come too late.
    const uint32_t low = c.load_for_update<uint32_t>(op);
    const uint32_t high = c.read_for_update<uint32_t>(op, op->segment, (at + 4) & op->address_mask);
    const bool equal = low == r[eax] && high == r[edx];
    c.write<uint32_t>(op, op->segment, (at + 4) & op->address_mask, equal ? r[ecx] : high);
    c.write<uint32_t>(op, op->segment, at, equal ? r[ebx] : low);
    if (!equal) {
        r[eax] = low;
        r[edx] = high;
    }
    const uint32_t f = c.s.flags.value();
    c.s.flags.set(equal ? f | flag::zf : f & ~flag::zf);
    next_checked(c, op);
}

}  // namespace

Binding bind_arithmetic(const Operation& op) {
    switch (op.mnemonic) {
        case ZYDIS_MNEMONIC_ADD:
            return pick_binary<Add>(op);
        case ZYDIS_MNEMONIC_ADC:
            return pick_binary<Adc>(op);
        case ZYDIS_MNEMONIC_SUB:
            return pick_binary<Sub>(op);
        case ZYDIS_MNEMONIC_SBB:
            return pick_binary<Sbb>(op);
        case ZYDIS_MNEMONIC_CMP:
            return pick_binary<Cmp>(op);
        case ZYDIS_MNEMONIC_AND:
            return pick_binary<Logic<AndOf, true>>(op);
        case ZYDIS_MNEMONIC_OR:
            return pick_binary<Logic<OrOf, true>>(op);
        case ZYDIS_MNEMONIC_XOR:
            return pick_binary<Logic<XorOf, true>>(op);
        case ZYDIS_MNEMONIC_TEST:
            return pick_binary<Logic<AndOf, false>>(op);
        case ZYDIS_MNEMONIC_INC:
            return pick_unary<Step<true>>(op);
        case ZYDIS_MNEMONIC_DEC:
            return pick_unary<Step<false>>(op);
        case ZYDIS_MNEMONIC_NEG:
            return pick_unary<Neg>(op);
        case ZYDIS_MNEMONIC_NOT:
            return pick_unary<Not>(op);
        case ZYDIS_MNEMONIC_XADD:
            return for_size(op.size, [&]<typename T>(T) -> Binding {
                return {op.form == Form::mr ? xadd_m<T> : xadd_r<T>};
            });
        case ZYDIS_MNEMONIC_CMPXCHG:
            return for_size(op.size, [&]<typename T>(T) -> Binding {
                return {op.form == Form::mr ? cmpxchg_m<T> : cmpxchg_r<T>};
            });
        case ZYDIS_MNEMONIC_CMPXCHG8B:
            return {cmpxchg8b};
        default:
            return {};
    }
}

}  // namespace sb::cpu
