// SPDX-License-Identifier: Apache-2.0
//
// Decoded code: what the decoder makes, the executor runs, and a translator could compile. An
// operation is one instruction with its operands resolved to register offsets and address parts,
// and its clocks; a block is a straight run of them that begins at one physical address.
//
// `mnemonic`, `form` and `size` say what the operation means; `run` is only the interpreter's way
// of doing it, filled in by `bind` (executor.h).
#pragma once

#include <cstdint>
#include <vector>

namespace sb::cpu {

class Core;
struct Operation;
using Handler = void (*)(Core&, const Operation*);

/// The kinds of an instruction's explicit operands, in order: register, memory, immediate.
enum class Form : uint8_t { none, r, m, i, rr, rm, mr, ri, mi, rri, rmi, mri, other };

struct Operation {
    Handler run = nullptr;
    uint32_t imm = 0;             // immediate, branch displacement or far offset
    uint32_t disp = 0;            // of the memory operand
    uint32_t address_mask = ~0u;  // 0xffff for 16-bit addresses
    uint16_t clocks = 0;          // of this operation; what depends on data is added when it runs
    uint16_t more_clocks = 0;     // where a branch is taken
    uint16_t end_clocks = 0;      // of the block up to and including this operation
    uint16_t end_offset = 0;      // of the next instruction from the block's start
    uint16_t mnemonic = 0;        // ZydisMnemonic
    uint16_t selector = 0;        // of a far pointer
    uint8_t dst = 0, src = 0;     // byte offsets into the register file, or segment numbers
    uint8_t base = 8, index = 8, shift = 0, segment = 0;  // the memory operand
    uint8_t length = 0;                                   // bytes of code
    uint8_t ordinal = 0;                                  // in its block
    uint8_t condition = 0;                                // of Jcc, SETcc, CMOVcc
    Form form = Form::none;
    uint8_t size = 4;        // operand size in bytes
    uint8_t src_size = 4;    // of MOVZX, MOVSX and far pointers in memory
    uint8_t stack_size = 4;  // of what is pushed or popped
    bool lock = false, rep = false, repne = false;
    uint8_t locked_writes = 0;  // with LOCK#: LOCK, and XCHG with memory without it
};

/// What is kept of a run of a block, for a person: the last of them are in the text of a shutdown.
struct BlockRun {
    uint32_t linear = 0;
    uint8_t count = 0;
    bool big = true;
};

struct Block {
    static constexpr unsigned longest = 32;  // instructions

    uint64_t physical = 0;     // of its first byte
    uint64_t second_page = 0;  // physical page of its end where it straddles, else ~0
    uint32_t linear = 0;       // where it was first run: the address in profiles
    uint16_t bytes = 0;
    uint16_t last_start = 0;  // clocks before the last operation starts
    uint32_t code_lines[2]{1, 1};  // of the caches: of its first byte, and of all but that one
    uint8_t count = 0;
    bool big = true;      // 32-bit code
    BlockRun as_run;
    bool dead = false;    // its bytes were written; freed once it is left
    uint64_t cycles = 0;  // spent in it, stalls included
    uint64_t instructions = 0;
    // Where it went on the last time, by branch taken and not taken (`context` says if still true).
    struct Link {
        Block* block = nullptr;
        uint32_t linear = 0;
        uint32_t context = 0;
    } link[2];
    std::vector<Operation> operations;  // `count` of them, and one that ends the block
};

}  // namespace sb::cpu
