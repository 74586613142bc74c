// SPDX-License-Identifier: Apache-2.0
//
// From bytes to operations: Zydis takes an instruction apart, this resolves its operands, its
// clocks (pricing.h) and its handler (executor.h).
#pragma once

#include <Zydis/Zydis.h>

#include "cpu/operation.h"
#include "cpu/timing.h"

namespace sb::cpu {

/// Instructions that share a mnemonic with another one and are something else. Numbers outside of
/// Zydis's.
enum Special : uint16_t {
    bad_code = 0xf000,  // can not be decoded: imm is the vector
    mov_to_sreg,
    mov_from_sreg,
    mov_to_control,
    mov_from_control,
    mov_to_debug,
    mov_from_debug,
    push_sreg,
    pop_sreg,
    jmp_far,
    call_far,
    ret_far,
    x87,          // imm is the opcode, eleven bits
    not_integer,  // MMX, SSE: imm is the Zydis mnemonic
};

class Decoder {
  public:
    static constexpr unsigned longest = 15;  // bytes of an instruction (SDM volume 2, 2.3.11)

    explicit Decoder(const Model& model);
    /// Decodes one instruction from `n` bytes; true where it ends its block. What can not be
    /// decoded becomes an operation that raises the fault which the processor would raise. Where
    /// the bytes did not suffice its length is 0.
    bool decode(const uint8_t* code, unsigned n, bool big, Operation& op) const;

  private:
    bool known_to_model(const ZydisDecodedInstruction& instruction) const;
    void resolve(const ZydisDecodedInstruction& instruction, const ZydisDecodedOperand* operands,
                 Operation& op) const;

    const Model& model_;
    ZydisDecoder decoder32_;
    ZydisDecoder decoder16_;
};

}  // namespace sb::cpu
