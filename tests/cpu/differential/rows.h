// SPDX-License-Identifier: Apache-2.0
//
// The instructions that the differential test draws from, and which flags each reads, sets and
// leaves undefined (Intel SDM volume 2, each instruction's "Flags Affected"; volume 1, appendix A).
#pragma once

#include <cstdint>
#include <vector>

namespace sb::test {

using Bytes = std::vector<uint8_t>;

struct Row {
    enum Property : uint32_t {
        lockable = 1,     // LOCK is allowed with a memory destination
        shift = 2,        // count in the immediate, in CL, or 1
        memory_only = 4,  // the r/m operand is in memory
        register_only = 8,
        last = 16,           // only at the end: what it leaves behind the other side does not check
        level_3 = 32,        // not at level 0: it would change the mode, or the stack
        moves_stack = 64,    // sets ESP to anything: not at level 0 either
        in_opcode = 128,     // a register in the opcode's low bits
        condition = 256,     // one in the opcode's low bits
        string = 512,        // may be repeated
        compares = 1024,     // a string instruction for which REPNE means something
        wide_only = 2048,    // 32-bit operands only
        branch = 4096,       // relative: goes over the next instruction, or not
        parts = 32768,       // the operand is read or written in parts: how they wrap differs
        port = 16384,        // Unicorn does not look at the I/O permission
        loses_flags = 8192,  // where it faults, Unicorn has worked out the flags already, wrongly
    };
    const char* name;
    Bytes opcode;
    int modrm = -2;      // the ModRM reg field; -1: any register; -2: there is no ModRM
    char immediate = 0;  // b: a byte, z: as wide as the operand up to 32 bits, w: 16 bits
    bool byte = false;   // the operand is a byte
    const char* reads = "";
    const char* sets = "";
    const char* undefined = "";
    uint32_t properties = 0;
};

const std::vector<Row>& rows();

}  // namespace sb::test
