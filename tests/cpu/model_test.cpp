// SPDX-License-Identifier: Apache-2.0
//
// What each model has and lacks: instructions, bits of control registers and flags, CPUID, model
// specific registers. Sources: Intel SDM volume 2 (each instruction's exceptions), volume 3, 22
// (architecture compatibility); volume 4 (registers); Intel AP-485; 80386 Programmer's Reference
// Manual (230985), 4.1.3 and 10.1.
#include <catch2/catch.hpp>

#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using sb::test::Guest;
using sb::test::isolated;
using Bytes = std::vector<uint8_t>;

namespace {

constexpr int no_fault = -1;

/// What the code ran into, -1 where it came to its end, and the registers then.
struct Seen {
    int vector = no_fault;
    uint32_t regs[8] = {}, cr0 = 0, error = 0;
};

Seen run(const std::string& model, const Bytes& code, std::initializer_list<uint32_t> registers) {
    return isolated([&] {
        Guest g{model};
        for (unsigned vector : {6u, 13u, 16u, 7u})
            g.gate(vector, 0x9000 + 16 * vector), g.at(0x9000 + 16 * vector).hlt();
        g.at(0x1000).bytes(code).hlt();
        unsigned r = 0;
        for (uint32_t v : registers) g.cpu.state().regs[r++] = v;
        g.run(0x1000);
        Seen seen;
        const cpu::State& s = g.cpu.state();
        if (s.eip >= 0x9000) seen.vector = static_cast<int>((s.eip - 0x9000) / 16);
        std::copy(s.regs.begin(), s.regs.begin() + 8, seen.regs);
        seen.cr0 = s.cr0;
        return seen;
    });
}

/// One letter for each of 386, 486, pentium, p6: what the instruction does there.
constexpr const char* models[] = {"386", "486", "pentium", "p6"};

struct Instruction {
    const char* name;
    Bytes code;
    const char* has;  // y: runs, u: #UD, g: #GP
    std::initializer_list<uint32_t> registers = {};
};

const Instruction instructions[] = {
    {"XADD", {0x0f, 0xc1, 0xc1}, "uyyy"},
    {"CMPXCHG", {0x0f, 0xb1, 0xc1}, "uyyy"},
    {"BSWAP", {0x0f, 0xc8}, "uyyy"},
    {"INVD", {0x0f, 0x08}, "uyyy"},
    {"WBINVD", {0x0f, 0x09}, "uyyy"},
    {"INVLPG", {0x0f, 0x01, 0x38}, "uyyy", {0x4000}},
    {"CPUID", {0x0f, 0xa2}, "uuyy"},
    {"CMPXCHG8B", {0x0f, 0xc7, 0x0d, 0, 0x40, 0, 0}, "uuyy"},
    {"CMPXCHG8B of a register", {0x0f, 0xc7, 0xc8}, "uuuu"},
    {"RDTSC", {0x0f, 0x31}, "uuyy"},
    {"RDMSR of the TSC", {0x0f, 0x32}, "uuyy", {0, 0x10}},
    {"WRMSR of the TSC", {0x0f, 0x30}, "uuyy", {0, 0x10}},
    {"MOV EAX CR4", {0x0f, 0x20, 0xe0}, "uuyy"},
    {"MOV CR4 EAX", {0x0f, 0x22, 0xe0}, "uuyy", {0}},
    {"CR4.VME", {0x0f, 0x22, 0xe0}, "uugg", {1}},
    {"CR4.PSE", {0x0f, 0x22, 0xe0}, "uuyy", {0x10}},
    {"CR4.PGE", {0x0f, 0x22, 0xe0}, "uugy", {0x80}},
    {"CR4.PCE", {0x0f, 0x22, 0xe0}, "uugg", {0x100}},
    {"CR4.OSFXSR", {0x0f, 0x22, 0xe0}, "uugy", {0x200}},
    {"FXSAVE", {0x0f, 0xae, 0x00}, "uuuy", {0x4000}},
    {"FXRSTOR", {0x0f, 0xae, 0x08}, "uuuy", {0x4000}},
    {"FXSAVE off its boundary", {0x0f, 0xae, 0x00}, "uuug", {0x4008}},
    {"FXRSTOR off its boundary", {0x0f, 0xae, 0x08}, "uuug", {0x4008}},
    {"MOV EAX CR1", {0x0f, 0x20, 0xc8}, "uuuu"},
    {"MOV EAX CR5", {0x0f, 0x20, 0xe8}, "uuuu"},
    {"CMOVE", {0x0f, 0x44, 0xc1}, "uuuy"},
    {"long NOP", {0x0f, 0x1f, 0x00}, "uuuy"},
    {"NOP of 0F 18", {0x0f, 0x18, 0xc0}, "uuuy"},
    {"RDPMC", {0x0f, 0x33}, "uuuu"},
    {"SYSENTER", {0x0f, 0x34}, "uuuu"},
    {"RSM outside of SMM", {0x0f, 0xaa}, "uuuu"},
    {"UD2", {0x0f, 0x0b}, "uuuu"},
    {"UD1", {0x0f, 0xb9, 0xc0}, "uuuu"},
    {"0F FF", {0x0f, 0xff, 0xc0}, "uuuu"},
    {"FF /7", {0xff, 0xf8}, "uuuu"},
    {"FE /2", {0xfe, 0xd0}, "uuuu"},
    {"8F /1", {0x8f, 0xc8}, "uuuu"},
    {"C6 /1", {0xc6, 0xc8, 0}, "uuuu"},
    {"LEA of a register", {0x8d, 0xc0}, "uuuu"},
    {"LES of a register", {0xc4, 0xc0}, "uuuu"},
    {"LOCK on MOV", {0xf0, 0x89, 0x00}, "uuuu", {0x4000}},
    {"LOCK on a register", {0xf0, 0x01, 0xc0}, "uuuu"},
    {"LOCK on CMP", {0xf0, 0x39, 0x00}, "uuuu", {0x4000}},
    {"LOCK on BT", {0xf0, 0x0f, 0xa3, 0x00}, "uuuu", {0x4000}},
    {"LOCK ADD", {0xf0, 0x01, 0x00}, "yyyy", {0x4000}},
    {"LOCK BTS", {0xf0, 0x0f, 0xab, 0x08}, "yyyy", {0x4000}},
    {"SALC", {0xd6}, "yyyy"},
    {"82 /0 is 80 /0", {0x82, 0xc0, 0x01}, "yyyy"},
    {"D0 /6 is D0 /4", {0xd0, 0xf0}, "yyyy"},
    {"C1 /6 is C1 /4", {0xc1, 0xf0, 0x02}, "yyyy"},
    {"D3 /6 is D3 /4", {0xd3, 0xf0}, "yyyy"},
    {"F6 /1 is F6 /0", {0xf6, 0xc8, 0x01}, "yyyy"},
    {"F7 /1 is F7 /0", {0xf7, 0xc8, 1, 0, 0, 0}, "yyyy"},
    {"MOV to CS", {0x8e, 0xc8}, "uuuu", {0x10}},
    {"MOV of segment 6", {0x8c, 0xf0}, "uuuu"},
    {"a 16-byte instruction",
     {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
      0x90},
     "gggg"},
};

}  // namespace

TEST_CASE("what a model lacks raises UD") {
    for (const Instruction& row : instructions)
        for (unsigned m = 0; m < 4; ++m) {
            INFO(row.name << " on the " << models[m]);
            const int want = row.has[m] == 'y' ? no_fault : row.has[m] == 'u' ? 6 : 13;
            CHECK(run(models[m], row.code, row.registers).vector == want);
        }
}

TEST_CASE("aliases do what they are aliases of") {
    CHECK(run("386", {0x82, 0xc0, 0x05}, {7}).regs[eax] == 12);
    CHECK(run("386", {0xd0, 0xf0}, {0x41}).regs[eax] == 0x82);
    CHECK(run("486", {0xc1, 0xf0, 0x04}, {0x41}).regs[eax] == 0x410);
    CHECK(run("386", {0xf9, 0xd6}, {0}).regs[eax] == 0xff);  // stc; salc
}

namespace {

struct Bits {
    const char* name;
    const char* model;
    Bytes code;  // gives in EAX what EAX set
    uint32_t written, read;
};
const Bytes through_flags{0x50, 0x9d, 0x9c, 0x58};            // push eax; popf; pushf; pop eax
const Bytes through_cr0{0x0f, 0x22, 0xc0, 0x0f, 0x20, 0xc0};  // mov cr0, eax; mov eax, cr0

// EFLAGS: SDM the way processors are told apart (AP-485, 2.1).
const Bits bits[] = {
    {"no AC flag on the 386", "386", through_flags, 0x40002, 2},
    {"AC flag on the 486", "486", through_flags, 0x40002, 0x40002},
    {"no ID flag on the 486", "486", through_flags, 0x200002, 2},
    {"ID flag on the Pentium", "pentium", through_flags, 0x200002, 0x200002},
    {"VIF and VIP are not there", "p6", through_flags, 0x180002, 2},
    {"reserved flags stay clear", "p6", through_flags, 0xffc08028, 2},
    {"no WP AM NE NW CD on the 386", "386", through_cr0, 0x60050021, 1},
    {"ET can be written on the 386", "386", through_cr0, 0x11, 0x11},
    {"and cleared", "386", through_cr0, 0x01, 0x01},
    {"ET is fixed on the 486", "486", through_cr0, 0x01, 0x11},
    {"WP AM NE on the 486", "486", through_cr0, 0x00050021, 0x00050031},
    {"CD and NW on the 486", "486", through_cr0, 0x60000001, 0x60000011},
    {"reserved bits of CR0 are ignored", "p6", through_cr0, 0x1ffaffc1, 0x11},
};

}  // namespace

TEST_CASE("flags and bits of CR0 that a model lacks stay clear") {
    for (const Bits& row : bits) {
        INFO(row.name);
        const Seen seen = run(row.model, row.code, {row.written});
        CHECK(seen.vector == no_fault);
        CHECK(seen.regs[eax] == row.read);
    }
}

namespace {

struct Leaf {
    const char* model;
    uint32_t leaf, eax, ebx, ecx, edx;
};
constexpr uint32_t Genu = 0x756e6547, ineI = 0x49656e69, ntel = 0x6c65746e;

// No APIC on this board, so its bit (9) is clear everywhere. AP-485: tables of signatures, feature
// bits and cache descriptors.
const Leaf leaves[] = {
    {"pentium", 0, 1, Genu, ntel, ineI},
    {"pentium", 1, 0x052c, 0, 0, 0x000001bd},  // FPU DE PSE TSC MSR MCE CX8
    {"p6", 0, 2, Genu, ntel, ineI},
    {"p6", 1, 0x0652, 0, 0, 0x0101f1bd},  // and MTRR PGE MCA CMOV PAT FXSR
    {"p6", 2, 0x03020101, 0, 0, 0x0c040843},
    {"p6", 3, 0x03020101, 0, 0, 0x0c040843},  // beyond the last: as the last
    {"p6", 0x80000000, 0x03020101, 0, 0, 0x0c040843},
};

}  // namespace

TEST_CASE("CPUID answers by model") {
    for (const Leaf& row : leaves) {
        INFO(row.model << " leaf " << row.leaf);
        const Seen seen = run(row.model, {0x0f, 0xa2}, {row.leaf});
        CHECK(seen.regs[eax] == row.eax);
        CHECK(seen.regs[ebx] == row.ebx);
        CHECK(seen.regs[ecx] == row.ecx);
        CHECK(seen.regs[edx] == row.edx);
    }
    CHECK(run("386", {0x89, 0xd0}, {}).regs[eax] == 0x0308);  // EDX after reset
    CHECK(run("486", {0x89, 0xd0}, {}).regs[eax] == 0x0435);
}

namespace {

const Bytes rdmsr{0x0f, 0x32};
const Bytes wrmsr_rdmsr{0x0f, 0x30, 0x31, 0xc0, 0x31, 0xd2, 0x0f, 0x32};

struct Msr {
    const char* name;
    const char* model;
    uint32_t number;
    bool write;
    uint64_t written, read;
    int vector = no_fault;
};

// What Linux 6.1 asks a GenuineIntel of family 6 for, and the edges. SDM volume 4.
const Msr msrs[] = {
    {"P5_MC_ADDR", "pentium", 0, false, 0, 0},
    {"P5_MC_TYPE", "pentium", 1, false, 0, 0},
    {"no APIC base on the Pentium", "pentium", 0x1b, false, 0, 0, 13},
    {"no register", "p6", 0xc0000080, false, 0, 0, 13},
    {"PLATFORM_ID", "p6", 0x17, false, 0, 0},
    {"EBL_CR_POWERON", "p6", 0x2a, false, 0, 0},
    {"APIC base with no APIC on the board", "p6", 0x1b, false, 0, 0xfee00100},
    {"APIC base: reserved bits", "p6", 0x1b, true, 0xfee00901, 0, 13},
    {"BIOS_SIGN_ID can be cleared", "p6", 0x8b, true, 0, 0},
    {"MTRRcap", "p6", 0xfe, false, 0, 0x508},
    {"MTRRcap is read-only", "p6", 0xfe, true, 0x508, 0, 13},
    {"MTRRphysBase0", "p6", 0x200, true, 0x12345006, 0x12345006},
    {"MTRRphysMask7", "p6", 0x20f, true, 0xfff000800, 0xfff000800},
    {"MTRRphysBase1 of a type that is not there", "p6", 0x202, true, 2, 0, 13},
    {"MTRRphysBase1 of a type too high", "p6", 0x202, true, 7, 0, 13},
    {"MTRRphysBase1, reserved bit 8", "p6", 0x202, true, 0x106, 0, 13},
    {"MTRRphysMask1, reserved bit 10", "p6", 0x203, true, 0x400, 0, 13},
    {"MTRRdefType", "p6", 0x2ff, true, 0xc06, 0xc06},
    {"MTRRdefType of a type that is not there", "p6", 0x2ff, true, 0xc03, 0, 13},
    {"MTRRdefType, reserved bit 8", "p6", 0x2ff, true, 0x106, 0, 13},
    {"MTRRphysMask8 is not there", "p6", 0x210, true, 0, 0, 13},
    {"MTRRphysBase beyond 36 bits", "p6", 0x200, true, 0x1000000000, 0, 13},
    {"MTRRfix64K", "p6", 0x250, true, 0x0606060606060606, 0x0606060606060606},
    {"MTRRfix64K: type 2", "p6", 0x250, true, 0x0606060606060602, 0, 13},
    {"MTRRfix4K last", "p6", 0x26f, true, 0x0504010006040100, 0x0504010006040100},
    {"MTRRdefType", "p6", 0x2ff, true, 0xc06, 0xc06},
    {"MTRRdefType: reserved bits", "p6", 0x2ff, true, 0x1000, 0, 13},
    {"PAT after reset", "p6", 0x277, false, 0, 0x0007040600070406},
    {"PAT with type 7", "p6", 0x277, true, 0x0707070707070707, 0x0707070707070707},
    {"PAT with type 2", "p6", 0x277, true, 0x0207070707070707, 0, 13},
    {"MCG_CAP has no banks", "p6", 0x179, false, 0, 0},
    {"MC0_CTL is not there", "p6", 0x400, false, 0, 0, 13},
    {"DEBUGCTL", "p6", 0x1d9, true, 2, 2},
    {"PERFEVTSEL0 is not there", "p6", 0x186, false, 0, 0, 13},
    {"MISC_ENABLE came later", "p6", 0x1a0, false, 0, 0, 13},
};

}  // namespace

TEST_CASE("model specific registers by model") {
    for (const Msr& row : msrs) {
        INFO(row.name);
        const auto low = static_cast<uint32_t>(row.written);
        const auto high = static_cast<uint32_t>(row.written >> 32);
        const Seen seen = run(row.model, row.write ? wrmsr_rdmsr : rdmsr, {low, row.number, high});
        CHECK(seen.vector == row.vector);
        if (row.vector != no_fault) continue;
        CHECK(seen.regs[eax] == static_cast<uint32_t>(row.read));
        CHECK(seen.regs[edx] == static_cast<uint32_t>(row.read >> 32));
    }
}

TEST_CASE("a write of the time stamp counter clears its high half") {
    // SDM volume 3, 17.17: of the P6 family, only the low half can be written.
    const Seen seen = run("p6", {0x0f, 0x30, 0x0f, 0x31}, {1000, 0x10, 5});
    CHECK(seen.regs[edx] == 0);
    CHECK(seen.regs[eax] >= 1000);
    CHECK(seen.regs[eax] < 1100);
}
