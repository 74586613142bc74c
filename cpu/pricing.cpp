// SPDX-License-Identifier: Apache-2.0
#include "cpu/pricing.h"

#include "cpu/decoder.h"
#include "cpu/fpu/instruction.h"

namespace sb::cpu {
namespace {

bool has_memory(Form f) {
    return f == Form::m || f == Form::rm || f == Form::mr || f == Form::mi || f == Form::rmi ||
           f == Form::mri;
}

bool destination_is_memory(Form f) {
    return f == Form::m || f == Form::mr || f == Form::mi || f == Form::mri;
}

Row shift_row(const Operation& op, bool carry) {
    const bool memory = destination_is_memory(op.form);
    const bool by_cl = op.form == Form::rr || op.form == Form::mr;
    if (carry)
        return memory                  ? Row::shift_carry_m
               : !by_cl && op.imm == 1 ? Row::shift_carry_r_1
                                       : Row::shift_carry_r;
    if (memory) return by_cl ? Row::shift_m_cl : Row::shift_m_i;
    return by_cl ? Row::shift_r_cl : op.imm == 1 ? Row::shift_r_1 : Row::shift_r_i;
}

Row double_shift_row(const Operation& op) {
    switch (op.form) {
        case Form::rri:
            return Row::shift_double_r_i;
        case Form::rr:
            return Row::shift_double_r_cl;
        case Form::mri:
            return Row::shift_double_m_i;
        default:
            return Row::shift_double_m_cl;
    }
}

Row bit_row(const Operation& op, Row in_register) {
    const unsigned step = op.form == Form::mi ? 1 : op.form == Form::mr ? 2 : 0;
    return static_cast<Row>(static_cast<unsigned>(in_register) + step);
}

Row divide_row(unsigned size, Row bytes) {
    return static_cast<Row>(static_cast<unsigned>(bytes) + (size == 1 ? 0 : size == 2 ? 1 : 2));
}

/// Divisions and environments are charged as they run.
Row x87_row(const fpu::Instruction& i) {
    using fpu::Kind;
    const bool environment = i.kind == Kind::load_environment || i.kind == Kind::restore ||
                             i.kind == Kind::store_environment || i.kind == Kind::save;
    return i.divides() || environment ? Row::count_ : i.row;
}

/// The row of an operation whose clocks are fixed; Row::count_ for the others.
Row fixed_row(const Operation& op) {
    const bool m = has_memory(op.form);
    const bool to_m = destination_is_memory(op.form);
    switch (op.mnemonic) {
        case ZYDIS_MNEMONIC_MOV:
            return op.form == Form::rr   ? Row::mov_r_r
                   : op.form == Form::rm ? Row::mov_r_m
                   : op.form == Form::mr ? Row::mov_m_r
                   : op.form == Form::ri ? Row::mov_r_i
                                         : Row::mov_m_i;
        case mov_to_sreg:
            return m ? Row::mov_to_sreg_m : Row::mov_to_sreg_r;
        case mov_from_sreg:
            return Row::mov_from_sreg;
        case ZYDIS_MNEMONIC_MOVZX:
        case ZYDIS_MNEMONIC_MOVSX:
            return m ? Row::mov_extend_m : Row::mov_extend_r;
        case ZYDIS_MNEMONIC_LEA:
            return Row::mov_lea;
        case ZYDIS_MNEMONIC_XCHG:
            return m ? Row::mov_xchg_m : Row::mov_xchg_r;
        case ZYDIS_MNEMONIC_LDS:
        case ZYDIS_MNEMONIC_LES:
        case ZYDIS_MNEMONIC_LFS:
        case ZYDIS_MNEMONIC_LGS:
        case ZYDIS_MNEMONIC_LSS:
            return Row::mov_far_pointer;
        case ZYDIS_MNEMONIC_BSWAP:
            return Row::mov_bswap;
        case ZYDIS_MNEMONIC_XLAT:
            return Row::mov_xlat;
        case ZYDIS_MNEMONIC_ADD:
        case ZYDIS_MNEMONIC_ADC:
        case ZYDIS_MNEMONIC_SUB:
        case ZYDIS_MNEMONIC_SBB:
        case ZYDIS_MNEMONIC_AND:
        case ZYDIS_MNEMONIC_OR:
        case ZYDIS_MNEMONIC_XOR:
            return to_m ? Row::alu_m_r : m ? Row::alu_r_m : Row::alu_r_r;
        case ZYDIS_MNEMONIC_CMP:
            return m ? Row::alu_cmp_m : Row::alu_cmp_r;
        case ZYDIS_MNEMONIC_TEST:
            return m ? Row::alu_test_m : Row::alu_test_r;
        case ZYDIS_MNEMONIC_INC:
        case ZYDIS_MNEMONIC_DEC:
            return m ? Row::alu_inc_m : Row::alu_inc_r;
        case ZYDIS_MNEMONIC_NOT:
        case ZYDIS_MNEMONIC_NEG:
            return m ? Row::alu_not_m : Row::alu_not_r;
        case ZYDIS_MNEMONIC_CBW:
        case ZYDIS_MNEMONIC_CWDE:
            return Row::alu_convert;
        case ZYDIS_MNEMONIC_CWD:
        case ZYDIS_MNEMONIC_CDQ:
            return Row::alu_sign_extend;
        case ZYDIS_MNEMONIC_XADD:
            return m ? Row::alu_xadd_m : Row::alu_xadd_r;
        case ZYDIS_MNEMONIC_CMPXCHG:
            return m ? Row::alu_cmpxchg_m : Row::alu_cmpxchg_r;
        case ZYDIS_MNEMONIC_CMPXCHG8B:
            return Row::alu_cmpxchg8b;
        case ZYDIS_MNEMONIC_SHL:
        case ZYDIS_MNEMONIC_SHR:
        case ZYDIS_MNEMONIC_SAR:
        case ZYDIS_MNEMONIC_ROL:
        case ZYDIS_MNEMONIC_ROR:
            return shift_row(op, false);
        case ZYDIS_MNEMONIC_RCL:
        case ZYDIS_MNEMONIC_RCR:
            return shift_row(op, true);
        case ZYDIS_MNEMONIC_SHLD:
        case ZYDIS_MNEMONIC_SHRD:
            return double_shift_row(op);
        case ZYDIS_MNEMONIC_BSF:
            return Row::bits_scan_forward;
        case ZYDIS_MNEMONIC_BSR:
            return Row::bits_scan_reverse;
        case ZYDIS_MNEMONIC_BT:
            return bit_row(op, Row::bits_bt_r);
        case ZYDIS_MNEMONIC_BTS:
        case ZYDIS_MNEMONIC_BTR:
        case ZYDIS_MNEMONIC_BTC:
            return bit_row(op, Row::bits_bts_r);
        case ZYDIS_MNEMONIC_DIV:
            return divide_row(op.size, Row::multiply_div_8);
        case ZYDIS_MNEMONIC_IDIV:
            return divide_row(op.size, Row::multiply_idiv_8);
        case ZYDIS_MNEMONIC_AAA:
        case ZYDIS_MNEMONIC_AAS:
            return Row::multiply_aaa;
        case ZYDIS_MNEMONIC_DAA:
        case ZYDIS_MNEMONIC_DAS:
            return Row::multiply_daa;
        case ZYDIS_MNEMONIC_AAD:
            return Row::multiply_aad;
        case ZYDIS_MNEMONIC_AAM:
            return Row::multiply_aam;
        case ZYDIS_MNEMONIC_PUSH:
            return m                    ? Row::stack_push_m
                   : op.form == Form::i ? Row::stack_push_i
                                        : Row::stack_push_r;
        case ZYDIS_MNEMONIC_POP:
            return m ? Row::stack_pop_m : Row::stack_pop_r;
        case push_sreg:
            return Row::stack_push_sreg;
        case pop_sreg:
            return Row::stack_pop_sreg;
        case ZYDIS_MNEMONIC_PUSHA:
        case ZYDIS_MNEMONIC_PUSHAD:
            return Row::stack_pusha;
        case ZYDIS_MNEMONIC_POPA:
        case ZYDIS_MNEMONIC_POPAD:
            return Row::stack_popa;
        case ZYDIS_MNEMONIC_PUSHF:
        case ZYDIS_MNEMONIC_PUSHFD:
            return Row::stack_pushf;
        case ZYDIS_MNEMONIC_POPF:
        case ZYDIS_MNEMONIC_POPFD:
            return Row::stack_popf;
        case ZYDIS_MNEMONIC_ENTER:
            return Row::stack_enter;
        case ZYDIS_MNEMONIC_LEAVE:
            return Row::stack_leave;
        case ZYDIS_MNEMONIC_JMP:
            return m ? Row::flow_jmp_m : op.form == Form::r ? Row::flow_jmp_r : Row::flow_jmp_rel;
        case ZYDIS_MNEMONIC_CALL:
            return m                    ? Row::flow_call_m
                   : op.form == Form::r ? Row::flow_call_r
                                        : Row::flow_call_rel;
        case ZYDIS_MNEMONIC_RET:
            return op.form == Form::i ? Row::flow_ret_i : Row::flow_ret;
        case ZYDIS_MNEMONIC_LOOP:
            return Row::flow_loop;
        case ZYDIS_MNEMONIC_LOOPE:
        case ZYDIS_MNEMONIC_LOOPNE:
            return Row::flow_loop_condition;
        case ZYDIS_MNEMONIC_BOUND:
            return Row::interrupt_bound;
        case ZYDIS_MNEMONIC_HLT:
            return Row::interrupt_hlt;
        case ZYDIS_MNEMONIC_CLI:
            return Row::interrupt_cli;
        case ZYDIS_MNEMONIC_STI:
            return Row::interrupt_sti;
        case ZYDIS_MNEMONIC_NOP:
        case ZYDIS_MNEMONIC_PAUSE:
            return Row::system_nop;
        case ZYDIS_MNEMONIC_CLC:
        case ZYDIS_MNEMONIC_STC:
        case ZYDIS_MNEMONIC_CMC:
        case ZYDIS_MNEMONIC_CLD:
        case ZYDIS_MNEMONIC_STD:
        case ZYDIS_MNEMONIC_SALC:
            return Row::system_flag;
        case ZYDIS_MNEMONIC_LAHF:
            return Row::system_lahf;
        case ZYDIS_MNEMONIC_SAHF:
            return Row::system_sahf;
        case mov_to_control:
            return op.dst == 0 ? Row::system_mov_cr0_r : Row::system_mov_cr_r;
        case mov_from_control:
            return Row::system_mov_r_cr;
        case mov_to_debug:
            return Row::system_mov_dr_r;
        case mov_from_debug:
            return Row::system_mov_r_dr;
        case ZYDIS_MNEMONIC_LGDT:
        case ZYDIS_MNEMONIC_LIDT:
            return Row::system_lgdt;
        case ZYDIS_MNEMONIC_SGDT:
        case ZYDIS_MNEMONIC_SIDT:
            return Row::system_sgdt;
        case ZYDIS_MNEMONIC_LLDT:
            return Row::system_lldt;
        case ZYDIS_MNEMONIC_LTR:
            return Row::system_ltr;
        case ZYDIS_MNEMONIC_SLDT:
        case ZYDIS_MNEMONIC_STR:
            return Row::system_sldt;
        case ZYDIS_MNEMONIC_SMSW:
            return Row::system_smsw;
        case ZYDIS_MNEMONIC_LMSW:
            return Row::system_lmsw;
        case ZYDIS_MNEMONIC_CLTS:
            return Row::system_clts;
        case ZYDIS_MNEMONIC_ARPL:
            return Row::system_arpl;
        case ZYDIS_MNEMONIC_LAR:
            return Row::system_lar;
        case ZYDIS_MNEMONIC_LSL:
            return Row::system_lsl;
        case ZYDIS_MNEMONIC_VERR:
        case ZYDIS_MNEMONIC_VERW:
            return Row::system_verr;
        case ZYDIS_MNEMONIC_INVLPG:
            return Row::system_invlpg;
        case ZYDIS_MNEMONIC_INVD:
            return Row::system_invd;
        case ZYDIS_MNEMONIC_WBINVD:
            return Row::system_wbinvd;
        case ZYDIS_MNEMONIC_CPUID:
            return Row::system_cpuid;
        case ZYDIS_MNEMONIC_RDTSC:
            return Row::system_rdtsc;
        case ZYDIS_MNEMONIC_RDMSR:
            return Row::system_rdmsr;
        case ZYDIS_MNEMONIC_WRMSR:
            return Row::system_wrmsr;
        case ZYDIS_MNEMONIC_FWAIT:
            return Row::x87_fwait;
        case ZYDIS_MNEMONIC_FXSAVE:
            return Row::x87_fxsave;
        case ZYDIS_MNEMONIC_FXRSTOR:
            return Row::x87_fxrstor;
        case x87:
            return x87_row(fpu::instruction(op.imm));
        default:
            break;
    }
    if (op.mnemonic >= ZYDIS_MNEMONIC_SETB && op.mnemonic <= ZYDIS_MNEMONIC_SETZ)
        return m ? Row::bits_setcc_m : Row::bits_setcc_r;
    if (op.mnemonic >= ZYDIS_MNEMONIC_CMOVB && op.mnemonic <= ZYDIS_MNEMONIC_CMOVZ)
        return m ? Row::mov_cmov_m : Row::mov_cmov_r;
    return Row::count_;
}

bool is_jcc(uint16_t mnemonic) {
    return mnemonic >= ZYDIS_MNEMONIC_JB && mnemonic <= ZYDIS_MNEMONIC_JZ &&
           mnemonic != ZYDIS_MNEMONIC_JMP && mnemonic != ZYDIS_MNEMONIC_JCXZ &&
           mnemonic != ZYDIS_MNEMONIC_JECXZ && mnemonic != ZYDIS_MNEMONIC_JRCXZ;
}

}  // namespace

Price price_of(const Operation& op, const Model& model) {
    auto clocks = [&](Row row) { return static_cast<uint16_t>(model[row]); };
    // An untaken branch may cost more than a taken one only in a file of somebody's own.
    auto branch = [&](Row taken, Row untaken) {
        const unsigned least = std::min(model[taken], model[untaken]);
        return Price{static_cast<uint16_t>(least), static_cast<uint16_t>(model[taken] - least)};
    };
    if (is_jcc(op.mnemonic)) return branch(Row::flow_jcc_taken, Row::flow_jcc_not);
    if (op.mnemonic == ZYDIS_MNEMONIC_JCXZ || op.mnemonic == ZYDIS_MNEMONIC_JECXZ)
        return branch(Row::flow_jcxz_taken, Row::flow_jcxz_not);
    const Row row = fixed_row(op);
    if (row == Row::count_) return {};
    const unsigned lock = op.lock ? model[Row::system_lock] : 0;
    return {static_cast<uint16_t>(clocks(row) + lock), 0};
}

}  // namespace sb::cpu
