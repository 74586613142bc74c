// SPDX-License-Identifier: Apache-2.0
//
// The x87 instructions' way through the processor: whether there is a unit and whether it is the
// task's (#NM), whether an exception is pending (#MF, or FERR# and the wait for an interrupt), the
// memory operand, the remembered addresses, the clocks. What they do is in cpu/fpu.
//
// Sources: Intel SDM volume 1, 8.1 and 8.6 to 8.7; volume 3, 2.5 (EM, MP, TS, NE), 13.2 (#NM and
// emulation); volume 2.
#include "cpu/execute/x87.h"

#include "cpu/execute/handlers.h"

namespace sb::cpu {
namespace {

using fpu::Kind;
using fpu::Memory;

/// False where nothing more is to be done: there is no unit, or it waits.
/// A processor without an x87 unit lets ESC pass where EM does not trap it; that is how programs
/// find out: FNSTSW leaves what was there (Intel AP-485, "Determining the coprocessor type").
bool ready(Core& c, bool waits) {
    if (c.s.cr0 & (cr0::em | cr0::ts)) c.fault(device_not_available);
    if (!c.model.has(Feature::fpu)) return false;
    if (!waits || !c.s.fpu.error()) return true;
    if (c.s.cr0 & cr0::ne) c.fault(floating_point_error);
    if (c.s.ignne) return true;
    c.wait_for_error_interrupt();
    return false;
}

/// An operation in the midst of its block, which FERR# or the wait may leave.
template <void (*Body)(Core&, const Operation*, const fpu::Instruction&)>
void flowing(Core& c, const Operation* op) {
    c.commit(op);
    const fpu::Instruction& what = x87_of(op);
    if (ready(c, what.waits())) {
        Body(c, op, what);
        c.drive_ferr();
    } else if (c.s.frozen) {
        return;
    }
    next_checked(c, op);
}

/// One that ends its block.
template <void (*Body)(Core&, const Operation*, const fpu::Instruction&)>
void ending(Core& c, const Operation* op) {
    c.commit(op);
    c.next_eip = c.s.eip + op->length;
    const fpu::Instruction& what = x87_of(op);
    if (ready(c, what.waits())) {
        Body(c, op, what);
        c.drive_ferr();
    } else if (c.s.frozen) {
        return;
    }
    c.complete(op);
}

void remember_code(Core& c, const Operation* op) {
    fpu::State& f = c.s.fpu;
    f.opcode = static_cast<uint16_t>(op->imm);
    f.code_selector = c.s.segments[cs].selector;
    f.code_offset = c.s.eip;
}

void remember(Core& c, const Operation* op) {
    remember_code(c, op);
    c.s.fpu.data_selector = c.s.segments[op->segment].selector;
    c.s.fpu.data_offset = c.address(op);
}

/// Memory operands are read and written in doublewords, as a 32-bit bus has them.
void read_operand(Core& c, const Operation* op, unsigned size, Memory& m) {
    const uint32_t at = c.address(op);
    unsigned done = 0;
    for (; done + 4 <= size; done += 4) {
        const auto v = c.read<uint32_t>(op, op->segment, at + done);
        std::memcpy(m.bytes + done, &v, 4);
    }
    if (done == size) return;
    const auto v = c.read<uint16_t>(op, op->segment, at + done);
    std::memcpy(m.bytes + done, &v, 2);
}

void write_operand(Core& c, const Operation* op, unsigned size, const Memory& m) {
    const uint32_t at = c.address(op);
    unsigned done = 0;
    for (; done + 4 <= size; done += 4) {
        uint32_t v;
        std::memcpy(&v, m.bytes + done, 4);
        c.write<uint32_t>(op, op->segment, at + done, v);
    }
    if (done == size) return;
    uint16_t v;
    std::memcpy(&v, m.bytes + done, 2);
    c.write<uint16_t>(op, op->segment, at + done, v);
}

void on_registers(Core& c, const Operation* op, const fpu::Instruction& what) {
    remember_code(c, op);
    fpu::execute(c.s.fpu, what, op->imm & 7);
}

void from_memory(Core& c, const Operation* op, const fpu::Instruction& what) {
    Memory m;
    read_operand(c, op, fpu::size_of(what.format), m);
    remember(c, op);
    fpu::execute_load(c.s.fpu, what, m);
}

void to_memory(Core& c, const Operation* op, const fpu::Instruction& what) {
    const unsigned size = fpu::size_of(what.format);
    c.check_write(op->segment, c.address(op), size);  // before the stack changes
    remember(c, op);
    Memory m;
    if (fpu::execute_store(c.s.fpu, what, m)) write_operand(c, op, size, m);
}

void compare_flags(Core& c, const Operation* op, const fpu::Instruction& what) {
    remember_code(c, op);
    uint16_t conditions = 0;
    if (!fpu::execute_compare(c.s.fpu, what, op->imm & 7, conditions)) return;
    c.s.flags.set((conditions & fpu::bit::c3 ? flag::zf : 0) |
                  (conditions & fpu::bit::c2 ? flag::pf : 0) |
                  (conditions & fpu::bit::c0 ? flag::cf : 0));
}

/// FCMOVcc: the digit's low bits say below, equal, either, unordered; the first byte says not.
void move_if(Core& c, const Operation* op, const fpu::Instruction&) {
    remember_code(c, op);
    const uint32_t f = c.s.flags.value();
    constexpr uint32_t masks[] = {flag::cf, flag::zf, flag::cf | flag::zf, flag::pf};
    const bool holds = f & masks[op->imm >> 3 & 3];
    fpu::execute_move(c.s.fpu, op->imm & 7, holds != static_cast<bool>(op->imm & 0x100));
}

/// A division's clocks depend on the precision control (Intel486 manual, FDIV): 24, 53 or 64 bits.
void charge_division(Core& c, const fpu::Instruction& what) {
    const unsigned precision = c.s.fpu.control >> 8 & 3;
    c.spend(precision == 0   ? Row::x87_fdiv_24
            : precision == 2 ? Row::x87_fdiv_53
                             : Row::x87_fdiv_64);
    if (what.row != Row::x87_fdiv_24) c.spend(what.row);  // of an integer
}

template <void (*Body)(Core&, const Operation*, const fpu::Instruction&)>
void divide(Core& c, const Operation* op, const fpu::Instruction& what) {
    Body(c, op, what);
    charge_division(c, what);
}

void control(Core& c, const Operation* op, const fpu::Instruction& what) {
    fpu::State& f = c.s.fpu;
    switch (what.kind) {
        case Kind::initialize:
            f.initialize();
            break;
        case Kind::clear:
            f.status &= fpu::bit::conditions;
            break;
        case Kind::load_control:
            f.set_control(c.load<uint16_t>(op));
            break;
        case Kind::store_control:
            c.store<uint16_t>(op, f.control);
            break;
        case Kind::store_status:
            c.store<uint16_t>(op, f.status_word());
            break;
        case Kind::store_status_ax:
            c.set_reg<uint16_t>(4 * eax, f.status_word());
            break;
        default:  // what was FENI, FDISI and FSETPM
            break;
    }
}

template <void (*Body)(Core&, const Operation*)>
void environment(Core& c, const Operation* op, const fpu::Instruction& what) {
    const bool real = !c.s.protected_mode() || c.s.virtual_8086();
    Body(c, op);
    c.spend(static_cast<Row>(static_cast<unsigned>(what.row) + real));
}

void fwait(Core& c, const Operation* op) {
    c.commit(op);
    const uint32_t monitored = cr0::mp | cr0::ts;
    if ((c.s.cr0 & monitored) == monitored) c.fault(device_not_available);
    if (c.model.has(Feature::fpu) && c.s.fpu.error()) {
        if (c.s.cr0 & cr0::ne) c.fault(floating_point_error);
        if (!c.s.ignne) return c.wait_for_error_interrupt();
    }
    next_checked(c, op);
}

/// FISTTP, which came later: #NM comes first here too.
void no_such(Core& c, const Operation*) {
    if (c.s.cr0 & (cr0::em | cr0::ts)) c.fault(device_not_available);
    c.fault(invalid_opcode);
}

Binding bind_x87(const fpu::Instruction& what) {
    switch (what.kind) {
        case Kind::none:
            return {alone<no_such>, true};
        case Kind::arithmetic:
            if (what.divides()) return {ending<divide<on_registers>>, true};
            return {flowing<on_registers>, false};
        case Kind::arithmetic_memory:
            if (what.divides()) return {ending<divide<from_memory>>, true};
            return {flowing<from_memory>, false};
        case Kind::compare_memory:
        case Kind::load:
            return {flowing<from_memory>, false};
        case Kind::store:
            return {flowing<to_memory>, false};
        case Kind::compare_flags:
            return {flowing<compare_flags>, false};
        case Kind::move_if:
            return {flowing<move_if>, false};
        case Kind::load_environment:
            return {ending<environment<load_environment>>, true};
        case Kind::store_environment:
            return {ending<environment<store_environment>>, true};
        case Kind::save:
            return {ending<environment<save_x87>>, true};
        case Kind::restore:
            return {ending<environment<restore_x87>>, true};
        default:
            return {what.control() ? flowing<control> : flowing<on_registers>, false};
    }
}

}  // namespace

Binding bind_x87(const Operation& op) {
    if (op.mnemonic == x87) return bind_x87(x87_of(&op));
    if (op.mnemonic == ZYDIS_MNEMONIC_FWAIT) return {fwait, false};
    if (op.mnemonic == ZYDIS_MNEMONIC_FXSAVE) return {alone<save_extended>, true};
    if (op.mnemonic == ZYDIS_MNEMONIC_FXRSTOR) return {alone<restore_extended>, true};
    return {};
}

}  // namespace sb::cpu
