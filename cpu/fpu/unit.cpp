// SPDX-License-Identifier: Apache-2.0
#include "cpu/fpu/unit.h"

#include <cstring>
#include <utility>

namespace sb::cpu::fpu {
namespace {

constexpr uint16_t before_result = bit::ie | bit::de | bit::ze;
constexpr uint16_t comparison = bit::c0 | bit::c2 | bit::c3;

/// Takes over what an operation raised. False where an unmasked exception that is found before the
/// result (SDM volume 1, 8.5) leaves everything as it was.
bool accept(State& f, uint16_t raised, uint16_t stopping = before_result) {
    f.set_conditions(bit::c1, raised);
    if (raised & ~f.control & stopping) {
        const bool early = raised & ~f.control & before_result;
        f.status |= raised & (early ? before_result : bit::exceptions);
        if (early) f.set_conditions(bit::c1, 0);
        return false;
    }
    f.status |= raised & bit::exceptions;
    return true;
}

/// True where it is masked, and the indefinite value takes the place of what is not there.
bool stack_fault(State& f, bool overflow) {
    f.status |= bit::ie | bit::sf;
    f.set_conditions(bit::c1, overflow ? bit::c1 : 0);
    return f.control & bit::ie;
}
bool underflow(State& f) { return stack_fault(f, false); }

/// False where there is no room, and the fault is not masked.
bool push(State& f, const Extended& v) {
    if (!f.empty(7)) {
        if (!stack_fault(f, true)) return false;
        f.push(indefinite);
    } else {
        f.push(v);
    }
    return true;
}

void pop(State& f, unsigned count) {
    for (; count > 0; --count) f.pop();
}

void run_arithmetic(State& f, const Instruction& what, unsigned i) {
    Pair v{f.st(0), f.st(i)};
    if (f.empty(0) || f.empty(i)) {
        if (!underflow(f)) return;
        v.st0 = indefinite;
    } else if (!accept(f, arithmetic(static_cast<Arithmetic>(what.op), v, f.control))) {
        return;
    }
    f.set(what.to_other ? i : 0, v.st0);
    pop(f, what.pops);
}

void run_arithmetic(State& f, const Instruction& what, const Memory& m) {
    Extended v = f.st(0);
    if (f.empty(0)) {
        if (!underflow(f)) return;
        v = indefinite;
    } else if (!accept(
                   f, arithmetic(static_cast<Arithmetic>(what.op), v, m, what.format, f.control))) {
        return;
    }
    f.set(0, v);
}

/// The end of a comparison, whose codes are in `raised`.
void conclude(State& f, uint16_t raised, unsigned pops) {
    if (!accept(f, raised)) return;
    f.set_conditions(comparison | bit::c1, raised & comparison);
    pop(f, pops);
}

void compare_nothing(State& f, unsigned pops) {
    if (!underflow(f)) return;
    f.set_conditions(comparison, comparison);
    pop(f, pops);
}

uint16_t compare_registers(const State& f, bool unordered, unsigned i) {
    Pair v{f.st(0), f.st(i)};
    return unordered ? binary(Binary::ucom, v, f.control)
                     : arithmetic(Arithmetic::com, v, f.control);
}

void run_compare(State& f, const Instruction& what, unsigned i) {
    if (f.empty(0) || f.empty(i)) return compare_nothing(f, what.pops);
    conclude(f, compare_registers(f, what.op, i), what.pops);
}

void run_compare(State& f, const Instruction& what, const Memory& m) {
    if (f.empty(0)) return compare_nothing(f, what.pops);
    Extended v = f.st(0);
    conclude(f, arithmetic(Arithmetic::com, v, m, what.format, f.control), what.pops);
}

void run_unary(State& f, Unary op) {
    if (op == Unary::test) {
        if (f.empty(0)) return compare_nothing(f, 0);
        Extended v = f.st(0);
        return conclude(f, unary(op, v, f.control), 0);
    }
    Extended v = f.st(0);
    const bool reduces = op == Unary::sin || op == Unary::cos;
    if (reduces) f.set_conditions(bit::c2, 0);
    if (f.empty(0)) {
        if (underflow(f)) f.set(0, indefinite);
        return;
    }
    const uint16_t raised = unary(op, v, f.control);
    if (!accept(f, raised)) return;
    if (reduces) f.set_conditions(bit::c2, raised);
    f.set(0, v);
}

/// FSCALE, FPREM, FPREM1 leave both operands; FYL2X, FYL2XP1, FPATAN replace them.
void run_binary(State& f, const Instruction& what) {
    const auto op = static_cast<Binary>(what.op);
    const bool remainder = op == Binary::prem || op == Binary::prem1;
    Pair v{f.st(0), f.st(1)};
    if (remainder) f.set_conditions(bit::c2, 0);
    if (f.empty(0) || f.empty(1)) {
        if (!underflow(f)) return;
        v.st0 = indefinite;
    } else {
        const uint16_t raised = binary(op, v, f.control);
        if (!accept(f, raised)) return;
        // Where there is no quotient, its bits are not touched.
        if (remainder && class_of(v.st0) != Class::nan) f.set_conditions(bit::conditions, raised);
    }
    f.set(what.to_other ? 1 : 0, v.st0);
    pop(f, what.pops);
}

void run_split(State& f, Split op) {
    Pair v{f.st(0), {}};
    if (op != Split::xtract) f.set_conditions(bit::c2, 0);
    if (f.empty(0) || !f.empty(7)) {
        if (!stack_fault(f, !f.empty(0))) return;
        v = {indefinite, indefinite};
    } else {
        const uint16_t raised = split(op, v, f.control);
        if (!accept(f, raised)) return;
        if (op != Split::xtract && raised & bit::c2) {
            f.status |= bit::c2;
            return;
        }
    }
    f.set(0, v.other);
    f.push(v.st0);
}

void run_constant(State& f, Constant which) {
    Extended v;
    const uint16_t raised = constant(which, v, f.control);
    f.set_conditions(bit::c1, raised);
    push(f, v);
}

void examine(State& f) {
    const Extended& v = f.st(0);
    constexpr uint16_t code[] = {0,       bit::c0,           bit::c2,          bit::c2 | bit::c0,
                                 bit::c3, bit::c3 | bit::c0, bit::c3 | bit::c2};  // by Class
    const Class c = f.empty(0) ? Class::empty : class_of(v);
    f.set_conditions(bit::conditions, static_cast<uint16_t>(code[static_cast<size_t>(c)] |
                                                            (v.negative() ? bit::c1 : 0)));
}

void run_sign(State& f, bool absolute) {
    if (f.empty(0)) {
        if (underflow(f)) f.set(0, indefinite);
        return;
    }
    f.set_conditions(bit::c1, 0);
    uint16_t& word = f.st(0).sign_exponent;
    word = absolute ? word & 0x7fff : word ^ 0x8000;
}

void exchange(State& f, unsigned i) {
    f.set_conditions(bit::c1, 0);
    if (f.empty(0) || f.empty(i)) {
        if (!underflow(f)) return;
        if (f.empty(0)) f.set(0, indefinite);
        if (f.empty(i)) f.set(i, indefinite);
    }
    std::swap(f.st(0), f.st(i));
}

void load_register(State& f, unsigned i) {
    f.set_conditions(bit::c1, 0);
    Extended v = f.st(i);
    if (f.empty(i)) {
        if (!underflow(f)) return;
        f.push(indefinite);
        return;
    }
    push(f, v);
}

void store_register(State& f, const Instruction& what, unsigned i) {
    f.set_conditions(bit::c1, 0);
    Extended v = f.st(0);
    if (f.empty(0)) {
        if (what.op) return pop(f, what.pops);  // the form that does not look
        if (!underflow(f)) return;
        v = indefinite;
    }
    f.set(i, v);
    pop(f, what.pops);
}

void run_load(State& f, Format format, const Memory& m) {
    if (!f.empty(7)) {
        if (stack_fault(f, true)) f.push(indefinite);
        return;
    }
    Extended v;
    if (format == Format::f80) {
        std::memcpy(&v.significand, m.bytes, 8);
        std::memcpy(&v.sign_exponent, m.bytes + 8, 2);
        f.set_conditions(bit::c1, 0);
    } else if (!accept(f, load(format, m, v), bit::ie)) {  // a denormal is loaded all the same
        return;
    }
    f.push(v);
}

/// What a masked stack underflow stores: the indefinite of each format (SDM volume 1, 4.2, 4.7).
void store_indefinite(Format format, Memory& m) { store(format, indefinite, m, 0x37f); }

void rotate(State& f, unsigned by) {
    f.top = f.number(by);
    f.set_conditions(bit::c1, 0);
}

}  // namespace

void execute(State& f, const Instruction& what, unsigned i) {
    switch (what.kind) {
        case Kind::arithmetic:
            return run_arithmetic(f, what, i);
        case Kind::compare:
            return run_compare(f, what, i);
        case Kind::change_sign:
        case Kind::absolute:
            return run_sign(f, what.kind == Kind::absolute);
        case Kind::examine:
            return examine(f);
        case Kind::unary:
            return run_unary(f, static_cast<Unary>(what.op));
        case Kind::binary:
            return run_binary(f, what);
        case Kind::split:
            return run_split(f, static_cast<Split>(what.op));
        case Kind::constant:
            return run_constant(f, static_cast<Constant>(what.op));
        case Kind::load_register:
            return load_register(f, i);
        case Kind::store_register:
            return store_register(f, what, i);
        case Kind::exchange:
            return exchange(f, i);
        case Kind::free:
            f.release(i);
            f.set_conditions(bit::c1, 0);
            if (what.pops) f.pop();
            return;
        case Kind::increment:
        case Kind::decrement:
            return rotate(f, what.kind == Kind::increment ? 1 : 7);
        default:
            return;
    }
}

void execute_load(State& f, const Instruction& what, const Memory& m) {
    if (what.kind == Kind::load) return run_load(f, what.format, m);
    if (what.kind == Kind::compare_memory) return run_compare(f, what, m);
    run_arithmetic(f, what, m);
}

bool execute_store(State& f, const Instruction& what, Memory& m) {
    if (f.empty(0)) {
        if (!underflow(f)) return false;
        store_indefinite(what.format, m);
    } else if (what.format == Format::f80) {
        store(Format::f80, f.st(0), m, 0x37f);
        f.set_conditions(bit::c1, 0);
    } else if (!accept(f, store(what.format, f.st(0), m, f.control),
                       before_result | bit::oe | bit::ue)) {
        return false;
    }
    pop(f, what.pops);
    return true;
}

bool execute_compare(State& f, const Instruction& what, unsigned i, uint16_t& conditions) {
    if (f.empty(0) || f.empty(i)) {
        if (!underflow(f)) return false;
        conditions = comparison;
    } else {
        const uint16_t raised = compare_registers(f, what.op, i);
        if (!accept(f, raised)) return false;
        f.set_conditions(bit::c1, 0);
        conditions = raised & comparison;
    }
    pop(f, what.pops);
    return true;
}

void execute_move(State& f, unsigned i, bool condition) {
    if (f.empty(0) || f.empty(i)) {
        if (underflow(f)) f.set(0, indefinite);
        return;
    }
    if (condition) f.st(0) = f.st(i);
}

}  // namespace sb::cpu::fpu
