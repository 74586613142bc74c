// SPDX-License-Identifier: Apache-2.0
//
// The x87's arithmetic on the x87 unit of the host, which is x86-64.
//
// Each operation is one asm block: the host's control word is saved, the guest's rounding and
// precision set, operands loaded from memory, the operation run, the status read, exceptions
// cleared, results stored, and the control word put back. The block says that it changes all eight
// registers, so a compiler that keeps a `long double` there moves it away first; it leaves the
// stack as empty as the ABI has it between functions. The host's sticky exception flags are
// cleared; MXCSR is not touched.
//
// No exception is ever taken by the host. Invalid, denormal, zero-divide and precision stay masked.
// Overflow and underflow are unmasked where the guest's are, as only the unit itself gives the
// biased result of every operation; a pending exception is taken only by a later waiting
// instruction, and what follows here is FNSTSW and FNCLEX, which do not wait (SDM volume
// 1, 8.3.11).
#include "cpu/fpu/arithmetic.h"

namespace sb::cpu::fpu {
namespace {

constexpr uint16_t always_masked = 0x27;  // IM, DM, ZM, PM

#define SB_CLOBBERS "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "cc"
#define SB_ENTER "fnstcw %[host]\n fnclex\n fldcw %[control]\n"
#define SB_STATUS "\n fnstsw %[status]\n fnclex\n"
#define SB_LEAVE "fldcw %[host]\n"

/// The condition codes begin at zero too: not every instruction sets all of them for every operand,
/// and what the host had there before must not be seen.
#define SB_ENTER_CLEAN "fnstcw %[host]\n fninit\n fldcw %[control]\n"

/// st0 op other -> st0; what is left of `other` is dropped.
#define SB_TWO_FROM(enter, function, instruction, drop)                          \
    uint16_t function(Pair& v, uint16_t control) {                               \
        uint16_t host, status;                                                   \
        asm volatile(enter "fldt %[b]\n fldt %[a]\n" instruction SB_STATUS       \
                           "fstpt %[a]\n" drop SB_LEAVE                          \
                     : [a] "+m"(v.st0), [host] "=m"(host), [status] "=m"(status) \
                     : [b] "m"(v.other), [control] "m"(control)                  \
                     : SB_CLOBBERS);                                             \
        return status;                                                           \
    }
#define SB_TWO(function, instruction, drop) SB_TWO_FROM(SB_ENTER, function, instruction, drop)
#define SB_DROP "fstp %%st(0)\n"

/// st0 op memory -> st0.
#define SB_MEMORY(function, instruction)                                                          \
    uint16_t function(Extended& st0, const Memory& m, uint16_t control) {                         \
        uint16_t host, status;                                                                    \
        asm volatile(SB_ENTER "fldt %[a]\n" instruction " %[m]" SB_STATUS "fstpt %[a]\n" SB_LEAVE \
                     : [a] "+m"(st0), [host] "=m"(host), [status] "=m"(status)                    \
                     : [m] "m"(m), [control] "m"(control)                                         \
                     : SB_CLOBBERS);                                                              \
        return status;                                                                            \
    }

#define SB_ONE(function, instruction)                                                           \
    uint16_t function(Extended& st0, uint16_t control) {                                        \
        uint16_t host, status;                                                                  \
        asm volatile(SB_ENTER_CLEAN "fldt %[a]\n" instruction SB_STATUS "fstpt %[a]\n" SB_LEAVE \
                     : [a] "+m"(st0), [host] "=m"(host), [status] "=m"(status)                  \
                     : [control] "m"(control)                                                   \
                     : SB_CLOBBERS);                                                            \
        return status;                                                                          \
    }

/// A push that may not come: the zero below is what the second store then finds, and FNINIT empties
/// the stack whatever is left in it.
#define SB_SPLIT(function, instruction)                                                    \
    uint16_t function(Pair& v, uint16_t control) {                                         \
        uint16_t host, status;                                                             \
        asm volatile(                                                                      \
            SB_ENTER_CLEAN "fldz\n fldt %[a]\n" instruction SB_STATUS                      \
                           "fstpt %[a]\n fstpt %[b]\n fninit\n" SB_LEAVE                   \
            : [a] "+m"(v.st0), [b] "=m"(v.other), [host] "=m"(host), [status] "=m"(status) \
            : [control] "m"(control)                                                       \
            : SB_CLOBBERS);                                                                \
        return status;                                                                     \
    }

#define SB_CONSTANT(function, instruction)                                        \
    uint16_t function(Extended& result, uint16_t control) {                       \
        uint16_t host, status;                                                    \
        asm volatile(SB_ENTER instruction SB_STATUS "fstpt %[r]\n" SB_LEAVE       \
                     : [r] "=m"(result), [host] "=m"(host), [status] "=m"(status) \
                     : [control] "m"(control)                                     \
                     : SB_CLOBBERS);                                              \
        return status;                                                            \
    }

#define SB_LOAD(function, instruction)                                              \
    uint16_t function(const Memory& m, Extended& result, uint16_t control) {        \
        uint16_t host, status;                                                      \
        asm volatile(SB_ENTER instruction " %[m]" SB_STATUS "fstpt %[r]\n" SB_LEAVE \
                     : [r] "=m"(result), [host] "=m"(host), [status] "=m"(status)   \
                     : [m] "m"(m), [control] "m"(control)                           \
                     : SB_CLOBBERS);                                                \
        return status;                                                              \
    }

/// A popping store that an unmasked exception stops does not pop: FNINIT empties the stack.
#define SB_STORE(function, instruction)                                                       \
    uint16_t function(const Extended& v, Memory& m, uint16_t control) {                       \
        uint16_t host, status;                                                                \
        asm volatile(SB_ENTER "fldt %[v]\n" instruction " %[m]" SB_STATUS "fninit\n" SB_LEAVE \
                     : [m] "+m"(m), [host] "=m"(host), [status] "=m"(status)                  \
                     : [v] "m"(v), [control] "m"(control)                                     \
                     : SB_CLOBBERS);                                                          \
        return status;                                                                        \
    }

#define SB_ARITHMETIC(name, with_register, integer, real) \
    SB_TWO(name##_st, with_register " %%st(1)", SB_DROP)  \
    SB_MEMORY(name##_f32, real "s")                       \
    SB_MEMORY(name##_f64, real "l")                       \
    SB_MEMORY(name##_i16, integer "s")                    \
    SB_MEMORY(name##_i32, integer "l")

// The assemblers' names for the operand sizes: s and l are 32 and 64 bits of a real, 16 and 32 of
// an integer.
SB_ARITHMETIC(add, "fadd", "fiadd", "fadd")
SB_ARITHMETIC(mul, "fmul", "fimul", "fmul")
SB_ARITHMETIC(com, "fcom", "ficom", "fcom")
SB_ARITHMETIC(sub, "fsub", "fisub", "fsub")
SB_ARITHMETIC(subr, "fsubr", "fisubr", "fsubr")
SB_ARITHMETIC(div, "fdiv", "fidiv", "fdiv")
SB_ARITHMETIC(divr, "fdivr", "fidivr", "fdivr")

SB_ONE(do_sqrt, "fsqrt")
SB_ONE(do_round, "frndint")
SB_ONE(do_f2xm1, "f2xm1")
SB_ONE(do_sin, "fsin")
SB_ONE(do_cos, "fcos")
SB_ONE(do_test, "ftst")

SB_TWO(do_scale, "fscale", SB_DROP)
SB_TWO_FROM(SB_ENTER_CLEAN, do_prem, "fprem", SB_DROP)
SB_TWO_FROM(SB_ENTER_CLEAN, do_prem1, "fprem1", SB_DROP)
SB_TWO(do_ucom, "fucom %%st(1)", SB_DROP)
SB_TWO(do_fyl2x, "fyl2x", "")  // these pop
SB_TWO(do_fyl2xp1, "fyl2xp1", "")
SB_TWO(do_patan, "fpatan", "")

SB_SPLIT(do_xtract, "fxtract")
SB_SPLIT(do_tan, "fptan")
SB_SPLIT(do_sincos, "fsincos")

SB_CONSTANT(load_one, "fld1")
SB_CONSTANT(load_l2t, "fldl2t")
SB_CONSTANT(load_l2e, "fldl2e")
SB_CONSTANT(load_pi, "fldpi")
SB_CONSTANT(load_lg2, "fldlg2")
SB_CONSTANT(load_ln2, "fldln2")
SB_CONSTANT(load_zero, "fldz")

SB_LOAD(load_f32, "flds")
SB_LOAD(load_f64, "fldl")
SB_LOAD(load_i16, "filds")
SB_LOAD(load_i32, "fildl")
SB_LOAD(load_i64, "fildll")
SB_LOAD(load_bcd, "fbld")

SB_STORE(store_f32, "fsts")
SB_STORE(store_f64, "fstl")
SB_STORE(store_f80, "fstpt")
SB_STORE(store_i16, "fists")
SB_STORE(store_i32, "fistl")
SB_STORE(store_i64, "fistpll")
SB_STORE(store_bcd, "fbstp")

using TwoFunction = uint16_t (*)(Pair&, uint16_t);
using OneFunction = uint16_t (*)(Extended&, uint16_t);
using MemoryFunction = uint16_t (*)(Extended&, const Memory&, uint16_t);
using LoadFunction = uint16_t (*)(const Memory&, Extended&, uint16_t);
using StoreFunction = uint16_t (*)(const Extended&, Memory&, uint16_t);

constexpr TwoFunction arithmetic_st[] = {add_st, mul_st,  com_st, com_st,
                                         sub_st, subr_st, div_st, divr_st};
#define SB_FORMATS(name) \
    { name##_f32, name##_f64, name##_i16, name##_i32 }
constexpr MemoryFunction arithmetic_m[][4] = {SB_FORMATS(add), SB_FORMATS(mul), SB_FORMATS(com),
                                              SB_FORMATS(com), SB_FORMATS(sub), SB_FORMATS(subr),
                                              SB_FORMATS(div), SB_FORMATS(divr)};
constexpr OneFunction unary_of[] = {do_sqrt, do_round, do_f2xm1, do_sin, do_cos, do_test};
constexpr TwoFunction binary_of[] = {do_scale, do_prem,    do_prem1, do_ucom,
                                     do_fyl2x, do_fyl2xp1, do_patan};
constexpr TwoFunction split_of[] = {do_xtract, do_tan, do_sincos};
constexpr OneFunction constant_of[] = {load_one, load_l2t, load_l2e, load_pi,
                                       load_lg2, load_ln2, load_zero};
// By Format.
constexpr LoadFunction load_of[] = {nullptr,  load_f32, load_f64, nullptr,
                                    load_i16, load_i32, load_i64, load_bcd};
constexpr StoreFunction store_of[] = {nullptr,   store_f32, store_f64, store_f80,
                                      store_i16, store_i32, store_i64, store_bcd};

uint16_t for_host(uint16_t control) { return control | always_masked; }

}  // namespace

uint16_t arithmetic(Arithmetic op, Pair& v, uint16_t control) {
    return arithmetic_st[static_cast<size_t>(op)](v, for_host(control));
}

uint16_t arithmetic(Arithmetic op, Extended& st0, const Memory& m, Format format,
                    uint16_t control) {
    const size_t column = format == Format::f32   ? 0
                          : format == Format::f64 ? 1
                          : format == Format::i16 ? 2
                                                  : 3;
    return arithmetic_m[static_cast<size_t>(op)][column](st0, m, for_host(control));
}

uint16_t unary(Unary op, Extended& st0, uint16_t control) {
    return unary_of[static_cast<size_t>(op)](st0, for_host(control));
}

uint16_t binary(Binary op, Pair& v, uint16_t control) {
    return binary_of[static_cast<size_t>(op)](v, for_host(control));
}

uint16_t split(Split op, Pair& v, uint16_t control) {
    return split_of[static_cast<size_t>(op)](v, for_host(control));
}

uint16_t constant(Constant which, Extended& result, uint16_t control) {
    return constant_of[static_cast<size_t>(which)](result, for_host(control));
}

uint16_t load(Format format, const Memory& m, Extended& result) {
    constexpr uint16_t all_masked = 0x37f;
    return load_of[static_cast<size_t>(format)](m, result, all_masked);
}

uint16_t store(Format format, const Extended& v, Memory& m, uint16_t control) {
    return store_of[static_cast<size_t>(format)](v, m, for_host(control));
}

}  // namespace sb::cpu::fpu
