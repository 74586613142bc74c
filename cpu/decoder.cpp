// SPDX-License-Identifier: Apache-2.0
#include "cpu/decoder.h"

#include "cpu/executor.h"
#include "cpu/pricing.h"
#include "cpu/state.h"

namespace sb::cpu {
namespace {

/// Where a general register's value is in the register file.
uint8_t register_offset(ZydisRegister r) {
    const auto id = static_cast<unsigned>(ZydisRegisterGetId(r));
    if (ZydisRegisterGetClass(r) != ZYDIS_REGCLASS_GPR8) return static_cast<uint8_t>(4 * id);
    return static_cast<uint8_t>(4 * (id & 3) + (id >> 2));  // AH to BH are byte 1
}

uint8_t segment_number(ZydisRegister r) {
    switch (r) {
        case ZYDIS_REGISTER_ES:
            return es;
        case ZYDIS_REGISTER_CS:
            return cs;
        case ZYDIS_REGISTER_SS:
            return ss;
        case ZYDIS_REGISTER_FS:
            return fs;
        case ZYDIS_REGISTER_GS:
            return gs;
        default:
            return ds;
    }
}

uint8_t address_register(ZydisRegister r) {
    return r == ZYDIS_REGISTER_NONE ? static_cast<uint8_t>(zero_register)
                                    : static_cast<uint8_t>(ZydisRegisterGetId(r));
}

/// The segment of an implicit [ESI] or [EBX]: DS, or what a prefix says.
uint8_t source_segment(ZydisInstructionAttributes a) {
    if (a & ZYDIS_ATTRIB_HAS_SEGMENT_CS) return cs;
    if (a & ZYDIS_ATTRIB_HAS_SEGMENT_SS) return ss;
    if (a & ZYDIS_ATTRIB_HAS_SEGMENT_ES) return es;
    if (a & ZYDIS_ATTRIB_HAS_SEGMENT_FS) return fs;
    if (a & ZYDIS_ATTRIB_HAS_SEGMENT_GS) return gs;
    return ds;
}

void take_memory(const ZydisDecodedOperand& o, Operation& op) {
    op.base = address_register(o.mem.base);
    op.index = address_register(o.mem.index);
    op.shift = o.mem.scale == 8 ? 3 : o.mem.scale == 4 ? 2 : o.mem.scale == 2 ? 1 : 0;
    op.disp = o.mem.disp.has_displacement ? static_cast<uint32_t>(o.mem.disp.value) : 0;
    op.segment = segment_number(o.mem.segment);
}

bool is_class(const ZydisDecodedOperand& o, ZydisRegisterClass c) {
    return o.type == ZYDIS_OPERAND_TYPE_REGISTER && ZydisRegisterGetClass(o.reg.value) == c;
}

/// Gives instructions that only share a mnemonic a number of their own.
uint16_t mnemonic_of(const ZydisDecodedInstruction& i, const ZydisDecodedOperand* o) {
    const unsigned n = i.operand_count_visible;
    const bool far = i.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
    switch (i.mnemonic) {
        case ZYDIS_MNEMONIC_MOV:
            if (is_class(o[0], ZYDIS_REGCLASS_SEGMENT)) return mov_to_sreg;
            if (is_class(o[1], ZYDIS_REGCLASS_SEGMENT)) return mov_from_sreg;
            if (is_class(o[0], ZYDIS_REGCLASS_CONTROL)) return mov_to_control;
            if (is_class(o[1], ZYDIS_REGCLASS_CONTROL)) return mov_from_control;
            if (is_class(o[0], ZYDIS_REGCLASS_DEBUG)) return mov_to_debug;
            if (is_class(o[1], ZYDIS_REGCLASS_DEBUG)) return mov_from_debug;
            break;
        case ZYDIS_MNEMONIC_PUSH:
            if (n && is_class(o[0], ZYDIS_REGCLASS_SEGMENT)) return push_sreg;
            break;
        case ZYDIS_MNEMONIC_POP:
            if (n && is_class(o[0], ZYDIS_REGCLASS_SEGMENT)) return pop_sreg;
            break;
        case ZYDIS_MNEMONIC_JMP:
            if (far) return jmp_far;
            break;
        case ZYDIS_MNEMONIC_CALL:
            if (far) return call_far;
            break;
        case ZYDIS_MNEMONIC_RET:
            if (far) return ret_far;
            break;
        case ZYDIS_MNEMONIC_MOVSD:
        case ZYDIS_MNEMONIC_CMPSD:
            if (i.meta.category != ZYDIS_CATEGORY_STRINGOP) return not_integer;
            break;
        default:
            break;
    }
    if (i.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && (i.opcode & 0xf8) == 0xd8) return x87;
    return static_cast<uint16_t>(i.mnemonic);
}

/// The eleven bits that the x87 has of an instruction.
uint32_t x87_opcode(const ZydisDecodedInstruction& i) {
    return (i.opcode & 7u) << 8 | uint32_t{i.raw.modrm.mod} << 6 | uint32_t{i.raw.modrm.reg} << 3 |
           i.raw.modrm.rm;
}

Form form_of(const ZydisDecodedInstruction& i, const ZydisDecodedOperand* o) {
    // Register, memory, immediate as digits; a third operand in CL does not count.
    unsigned code = 0;
    const bool double_shift =
        i.mnemonic == ZYDIS_MNEMONIC_SHLD || i.mnemonic == ZYDIS_MNEMONIC_SHRD;
    for (unsigned n = 0; n < i.operand_count_visible; ++n) {
        if (double_shift && n == 2 && o[n].type == ZYDIS_OPERAND_TYPE_REGISTER) break;
        const unsigned digit = o[n].type == ZYDIS_OPERAND_TYPE_REGISTER    ? 1
                               : o[n].type == ZYDIS_OPERAND_TYPE_MEMORY    ? 2
                               : o[n].type == ZYDIS_OPERAND_TYPE_IMMEDIATE ? 3
                                                                           : 4;
        code = code * 10 + digit;
    }
    switch (code) {
        case 0:
            return Form::none;
        case 1:
            return Form::r;
        case 2:
            return Form::m;
        case 3:
            return Form::i;
        case 11:
            return Form::rr;
        case 12:
            return Form::rm;
        case 21:
            return Form::mr;
        case 13:
            return Form::ri;
        case 23:
            return Form::mi;
        case 113:
            return Form::rri;
        case 123:
            return Form::rmi;
        case 213:
            return Form::mri;
        default:
            return Form::other;
    }
}

}  // namespace

Decoder::Decoder(const Model& model) : model_{model} {
    ZydisDecoderInit(&decoder32_, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    ZydisDecoderInit(&decoder16_, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    for (ZydisDecoder* d : {&decoder32_, &decoder16_}) {
        // What these bytes meant before the extensions that took them.
        for (ZydisDecoderMode mode :
             {ZYDIS_DECODER_MODE_MPX, ZYDIS_DECODER_MODE_CET, ZYDIS_DECODER_MODE_LZCNT,
              ZYDIS_DECODER_MODE_TZCNT, ZYDIS_DECODER_MODE_CLDEMOTE})
            ZydisDecoderEnableMode(d, mode, ZYAN_FALSE);
    }
}

/// What not every model has, and the feature that brings it. The rest is the 386's.
bool Decoder::known_to_model(const ZydisDecodedInstruction& i) const {
    switch (i.mnemonic) {
        case ZYDIS_MNEMONIC_CPUID:
            return model_.has(Feature::cpuid);
        case ZYDIS_MNEMONIC_RDTSC:
            return model_.has(Feature::tsc);
        case ZYDIS_MNEMONIC_RDMSR:
        case ZYDIS_MNEMONIC_WRMSR:
            return model_.has(Feature::msr);
        case ZYDIS_MNEMONIC_CMPXCHG8B:
            return model_.has(Feature::cx8);
        case ZYDIS_MNEMONIC_CMPXCHG:
        case ZYDIS_MNEMONIC_XADD:
        case ZYDIS_MNEMONIC_BSWAP:
        case ZYDIS_MNEMONIC_INVD:
        case ZYDIS_MNEMONIC_WBINVD:
        case ZYDIS_MNEMONIC_INVLPG:
            return model_.has(Feature::i486);
        case ZYDIS_MNEMONIC_SYSENTER:  // of later models
        case ZYDIS_MNEMONIC_SYSEXIT:
        case ZYDIS_MNEMONIC_SYSCALL:
        case ZYDIS_MNEMONIC_SYSRET:
        case ZYDIS_MNEMONIC_RDPMC:
        case ZYDIS_MNEMONIC_RSM:  // outside of system management mode, which is not there
            return false;
        case ZYDIS_MNEMONIC_NOP:
            return i.opcode_map != ZYDIS_OPCODE_MAP_0F || model_.has(Feature::long_nop);
        case ZYDIS_MNEMONIC_FXSAVE:
        case ZYDIS_MNEMONIC_FXRSTOR:
            return model_.has(Feature::fxsr);
        case ZYDIS_MNEMONIC_FCOMI:
        case ZYDIS_MNEMONIC_FCOMIP:
        case ZYDIS_MNEMONIC_FUCOMI:
        case ZYDIS_MNEMONIC_FUCOMIP:
            return model_.has(Feature::cmov);  // they came together
        default:
            if (i.meta.isa_set == ZYDIS_ISA_SET_FCMOV) return model_.has(Feature::cmov);
            return i.meta.category != ZYDIS_CATEGORY_CMOV || model_.has(Feature::cmov);
    }
}

bool Decoder::decode(const uint8_t* code, unsigned n, bool big, Operation& op) const {
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    const ZyanStatus status =
        ZydisDecoderDecodeFull(big ? &decoder32_ : &decoder16_, code, n, &instruction, operands);
    op = Operation{};
    if (!ZYAN_SUCCESS(status) || !known_to_model(instruction)) {
        // More than 15 bytes raise #GP, anything else #UD (SDM volume 3, 6.15).
        op.mnemonic = bad_code;
        op.length = status == ZYDIS_STATUS_NO_MORE_DATA ? 0 : 1;
        op.imm = status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG ? 13 : 6;
        op.run = raise_fault();
        return true;
    }
    resolve(instruction, operands, op);
    const Price price = price_of(op, model_);
    op.clocks = price.clocks;
    op.more_clocks = price.more;
    const Binding binding = bind(op);
    op.run = binding.run;
    return binding.ends;
}

void Decoder::resolve(const ZydisDecodedInstruction& i, const ZydisDecodedOperand* o,
                      Operation& op) const {
    op.mnemonic = mnemonic_of(i, o);
    op.form = form_of(i, o);
    op.length = i.length;
    op.condition = i.opcode & 0xf;
    op.address_mask = i.address_width == 16 ? 0xffff : 0xffffffff;
    op.stack_size = i.operand_width == 16 ? 2 : 4;
    op.size = static_cast<uint8_t>(i.operand_width / 8);
    op.segment = source_segment(i.attributes);
    op.lock = i.attributes & ZYDIS_ATTRIB_HAS_LOCK;
    // XCHG locks by itself (SDM volume 2, XCHG). Registers have no bus to lock.
    if (op.lock || i.mnemonic == ZYDIS_MNEMONIC_XCHG)
        op.locked_writes = i.mnemonic == ZYDIS_MNEMONIC_CMPXCHG8B ? 2 : 1;
    op.rep = i.attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE);
    op.repne = i.attributes & ZYDIS_ATTRIB_HAS_REPNE;
    if (op.mnemonic == not_integer) op.imm = i.mnemonic;
    if (op.mnemonic == x87) op.imm = x87_opcode(i);
    for (unsigned n = 0; n < i.operand_count_visible; ++n) {
        const ZydisDecodedOperand& operand = o[n];
        switch (operand.type) {
            case ZYDIS_OPERAND_TYPE_REGISTER: {
                const auto c = ZydisRegisterGetClass(operand.reg.value);
                const uint8_t where =
                    c == ZYDIS_REGCLASS_SEGMENT ? segment_number(operand.reg.value)
                    : c == ZYDIS_REGCLASS_CONTROL || c == ZYDIS_REGCLASS_DEBUG
                        ? static_cast<uint8_t>(ZydisRegisterGetId(operand.reg.value))
                    : c == ZYDIS_REGCLASS_GPR8 || c == ZYDIS_REGCLASS_GPR16 ||
                            c == ZYDIS_REGCLASS_GPR32
                        ? register_offset(operand.reg.value)
                        : uint8_t{0};
                if (n == 0) op.dst = where;
                if (n == 1 || (n == 0 && op.form == Form::r)) op.src = where;
                break;
            }
            case ZYDIS_OPERAND_TYPE_MEMORY:
                take_memory(operand, op);
                break;
            case ZYDIS_OPERAND_TYPE_IMMEDIATE:
                // ENTER has two: the level goes where the far selector would.
                if (i.mnemonic == ZYDIS_MNEMONIC_ENTER && n == 1)
                    op.selector = static_cast<uint16_t>(operand.imm.value.u);
                else
                    op.imm = static_cast<uint32_t>(operand.imm.value.u);
                break;
            case ZYDIS_OPERAND_TYPE_POINTER:
                op.selector = operand.ptr.segment;
                op.imm = operand.ptr.offset;
                break;
            default:
                break;
        }
        if (n == 0 && operand.type != ZYDIS_OPERAND_TYPE_POINTER &&
            operand.type != ZYDIS_OPERAND_TYPE_IMMEDIATE && operand.size <= 64)
            op.size = static_cast<uint8_t>(operand.size / 8);
        if (n == 1) op.src_size = static_cast<uint8_t>(operand.size / 8);
    }
}

}  // namespace sb::cpu
