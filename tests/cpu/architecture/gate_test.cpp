// SPDX-License-Identifier: Apache-2.0
//
// Gates: who may use one, and what it may lead to. Intel SDM volume 2, INT n and CALL (operation);
// volume 3, 5.8.2 to 5.8.4 (call gates), 6.12 (interrupt and trap gates), 6.13 (error codes). I/O
// permission: volume 1, 19.5.2. Alignment: volume 3, 6.15, interrupt 17.
#include <catch2/catch.hpp>

#include "tests/cpu/architecture/trap_guest.h"

using namespace sb;
using namespace sb::test;
using Bytes = std::vector<uint8_t>;

namespace {

constexpr int arrived = 99;

/// GDT 8 is where a gate leads to.
struct Gate {
    const char* name;
    unsigned level;
    uint8_t gate;  // the access byte
    uint16_t selector;
    uint8_t target;  // the access byte of GDT 8
    int vector;      // or `arrived`
    uint32_t error;
};
constexpr uint32_t by_gate = 0x40 * 8 + 2;

// INT 40h.
const Gate interrupts[] = {
    {"interrupt gate of level 0 at level 0", 0, 0x8e, 0x40, 0x9b, arrived, 0},
    {"interrupt gate of level 0 at level 3", 3, 0x8e, 0x40, 0x9b, 13, by_gate},
    {"interrupt gate of level 3 at level 3", 3, 0xee, 0x40, 0x9b, arrived, 0},
    {"interrupt gate of level 3 at level 0", 0, 0xee, 0x40, 0x9b, arrived, 0},
    {"trap gate of level 0 at level 3", 3, 0x8f, 0x40, 0x9b, 13, by_gate},
    {"trap gate of level 3 at level 3", 3, 0xef, 0x40, 0x9b, arrived, 0},
    {"16-bit interrupt gate of level 3 at level 3", 3, 0xe6, 0x40, 0x9b, arrived, 0},
    {"16-bit trap gate of level 3 at level 3", 3, 0xe7, 0x40, 0x9b, arrived, 0},
    {"16-bit interrupt gate of level 0 at level 0", 0, 0x86, 0x40, 0x9b, arrived, 0},
    {"16-bit trap gate of level 0 at level 3", 3, 0x87, 0x40, 0x9b, 13, by_gate},
    {"a gate that is not present", 0, 0x0e, 0x40, 0x9b, 11, by_gate},
    {"not present and of level 0 at level 3", 3, 0x0e, 0x40, 0x9b, 13, by_gate},
    {"a call gate", 0, 0x8c, 0x40, 0x9b, 13, by_gate},
    {"a TSS", 0, 0x89, 0x40, 0x9b, 13, by_gate},
    {"a data segment", 0, 0x93, 0x40, 0x9b, 13, by_gate},
    {"no type", 0, 0x80, 0x40, 0x9b, 13, by_gate},
    {"to a null selector", 0, 0x8e, 0, 0x9b, 13, 0},
    {"to beyond the GDT", 0, 0x8e, 0x100, 0x9b, 13, 0x100},
    {"to data", 0, 0x8e, 0x40, 0x93, 13, 0x40},
    {"to a system descriptor", 0, 0x8e, 0x40, 0x89, 13, 0x40},
    {"to code that is not present", 0, 0x8e, 0x40, 0x1b, 11, 0x40},
    {"to code of level 3 at level 0", 0, 0xee, 0x40, 0xfb, 13, 0x40},
    {"to code of level 3 at level 3", 3, 0xee, 0x43, 0xfb, arrived, 0},
    {"to conforming code of level 0 at level 3", 3, 0xee, 0x40, 0x9f, arrived, 0},
    {"to conforming code of level 3 at level 0", 0, 0xee, 0x40, 0xff, 13, 0x40},
    {"to execute-only code", 0, 0x8e, 0x40, 0x99, arrived, 0},
    {"with RPL 3 to code of level 0", 0, 0x8e, 0x43, 0x9b, arrived, 0},
};

Trapped through(const Gate& row) {
    return isolated([&] {
        TrapGuest g{"486", row.level};
        g.descriptor(8, 0, 0xfffff, row.target, 0xc);
        g.gate(0x40, TrapGuest::handlers + 16 * 63 + 8, row.gate, row.selector);
        // Where it leads to, at whatever level: mov eax, 99; then UD2 tells.
        g.at(TrapGuest::handlers + 16 * 63 + 8).mov(cpu::eax, 99).bytes({0x0f, 0x0b});
        return g.go({0xcd, 0x40});
    });
}

}  // namespace

TEST_CASE("INT n goes through the gates that it may and names what is wrong") {
    for (const Gate& row : interrupts) {
        INFO(row.name);
        const Trapped t = through(row);
        CHECK((t.eax == 99) == (row.vector == arrived));
        CHECK(t.vector == (row.vector == arrived ? 6 : row.vector));
        CHECK(t.error == row.error);
        if (row.vector != arrived) CHECK(t.eip == 0x1000);
    }
}

namespace {

// CALL and JMP to a call gate in GDT 9; its target is GDT 8.
struct Call {
    const char* name;
    unsigned level;
    bool jump;
    uint8_t gate;
    uint16_t through;   // the selector of the gate
    uint16_t selector;  // in it
    uint8_t target;
    int vector;
    uint32_t error;
};
const Call calls[] = {
    {"call to the same level", 0, false, 0x8c, 0x48, 0x40, 0x9b, arrived, 0},
    {"call to an inner level", 3, false, 0xec, 0x4b, 0x40, 0x9b, arrived, 0},
    {"call by a 16-bit gate to an inner level", 3, false, 0xe4, 0x4b, 0x40, 0x9b, arrived, 0},
    {"call to conforming code", 3, false, 0xec, 0x4b, 0x40, 0x9f, arrived, 0},
    {"call to level 3 at level 3", 3, false, 0xec, 0x4b, 0x43, 0xfb, arrived, 0},
    {"call to an outer level", 0, false, 0xec, 0x48, 0x43, 0xfb, 13, 0x40},
    {"call by a gate of level 0 at level 3", 3, false, 0x8c, 0x48, 0x40, 0x9b, 13, 0x48},
    {"call by a gate of level 0 with RPL 3", 0, false, 0x8c, 0x4b, 0x40, 0x9b, 13, 0x48},
    {"call by a gate that is not present", 0, false, 0x0c, 0x48, 0x40, 0x9b, 11, 0x48},
    {"call to code that is not present", 0, false, 0x8c, 0x48, 0x40, 0x1b, 11, 0x40},
    {"call to data", 0, false, 0x8c, 0x48, 0x40, 0x93, 13, 0x40},
    {"call to null", 0, false, 0x8c, 0x48, 0, 0x9b, 13, 0},
    {"call to beyond the GDT", 0, false, 0x8c, 0x48, 0x100, 0x9b, 13, 0x100},
    {"call to an interrupt gate", 0, false, 0x8e, 0x48, 0x40, 0x9b, 13, 0x48},
    {"call to an LDT", 0, false, 0x82, 0x48, 0x40, 0x9b, 13, 0x48},
    {"jump to the same level", 0, true, 0x8c, 0x48, 0x40, 0x9b, arrived, 0},
    {"jump to the same level at level 3", 3, true, 0xec, 0x4b, 0x43, 0xfb, arrived, 0},
    {"jump to an inner level", 3, true, 0xec, 0x4b, 0x40, 0x9b, 13, 0x40},
    {"jump to conforming code of an inner level", 3, true, 0xec, 0x4b, 0x40, 0x9f, arrived, 0},
    {"jump by a gate of level 0 at level 3", 3, true, 0x8c, 0x4b, 0x40, 0x9b, 13, 0x48},
    {"direct call to the same level", 0, false, 0, 0x40, 0, 0x9b, arrived, 0},
    {"direct call to an inner level", 3, false, 0, 0x40, 0, 0x9b, 13, 0x40},
    {"direct call to an outer level", 0, false, 0, 0x43, 0, 0xfb, 13, 0x40},
    {"direct call to conforming code", 3, false, 0, 0x43, 0, 0x9f, arrived, 0},
    {"direct call to conforming code of an outer level", 0, false, 0, 0x40, 0, 0xff, 13, 0x40},
    {"direct call with RPL above the level", 0, false, 0, 0x43, 0, 0x9b, 13, 0x40},
    {"direct jump to data", 0, true, 0, 0x40, 0, 0x93, 13, 0x40},
    {"direct jump to code that is not present", 0, true, 0, 0x40, 0, 0x1b, 11, 0x40},
    {"direct jump to null", 0, true, 0, 3, 0, 0x9b, 13, 0},
};

}  // namespace

TEST_CASE("far calls and jumps reach what they may and name what is wrong") {
    constexpr uint32_t to = TrapGuest::handlers + 16 * 63 + 8;
    for (const Call& row : calls) {
        INFO(row.name);
        const Trapped t = isolated([&] {
            TrapGuest g{"486", row.level};
            g.descriptor(8, 0, 0xfffff, row.target, 0xc);
            g.at(Guest::gdt + 72)
                .dword((to & 0xffff) | uint32_t{row.selector} << 16)
                .dword((to & 0xffff0000) | uint32_t{row.gate} << 8);
            g.at(to).mov(cpu::eax, 99).bytes({0x0f, 0x0b});
            return g.go({static_cast<uint8_t>(row.jump ? 0xea : 0x9a), to & 0xff, to >> 8 & 0xff, 0,
                         0, static_cast<uint8_t>(row.through),
                         static_cast<uint8_t>(row.through >> 8)});
        });
        CHECK((t.eax == 99) == (row.vector == arrived));
        CHECK(t.vector == (row.vector == arrived ? 6 : row.vector));
        CHECK(t.error == row.error);
    }
}

namespace {

struct PortCase {
    const char* name;
    Bytes code;
    uint32_t port, denied;  // and the port that the map denies; ~0: none
    unsigned iopl;
    bool allowed;
    uint32_t map = 0x100, limit = 0x2fff;  // the map's place and the TSS's limit
};
const PortCase ports[] = {
    {"IN AL allowed", {0xec}, 0x80, ~0u, 0, true},
    {"IN AL denied", {0xec}, 0x80, 0x80, 0, false},
    {"OUT AL denied", {0xee}, 0x80, 0x80, 0, false},
    {"IN AX: its second byte", {0x66, 0xed}, 0x80, 0x81, 0, false},
    {"IN AX: the byte behind", {0x66, 0xed}, 0x80, 0x82, 0, true},
    {"IN EAX: its last byte", {0xed}, 0x80, 0x83, 0, false},
    {"IN EAX: the byte behind", {0xed}, 0x80, 0x84, 0, true},
    {"IN EAX over the map's byte", {0xed}, 0x86, 0x88, 0, false},
    {"OUT imm denied", {0xe6, 0x80}, 0, 0x80, 0, false},
    {"INSB denied", {0x6c}, 0x80, 0x80, 0, false},
    {"OUTSD: its last byte", {0x6f}, 0x80, 0x83, 0, false},
    {"IOPL 3 goes before the map", {0xec}, 0x80, 0x80, 3, true},
    {"a map beyond the limit", {0xec}, 0x80, ~0u, 0, false, 0x3000},
    {"the map's last byte and no byte behind it", {0xec}, 0x80, ~0u, 0, false, 0x100, 0x110},
    {"the map's last byte and one behind it", {0xec}, 0x80, ~0u, 0, true, 0x100, 0x111},
    {"CLI with IOPL 0", {0xfa}, 0, ~0u, 0, false},
    {"CLI with IOPL 3", {0xfa}, 0, ~0u, 3, true},
    {"STI with IOPL 0", {0xfb}, 0, ~0u, 0, false},
    {"STI with IOPL 3", {0xfb}, 0, ~0u, 3, true},
};

}  // namespace

TEST_CASE("IOPL and the I/O map decide about ports") {
    for (const PortCase& row : ports) {
        INFO(row.name);
        const Trapped t = isolated([&] {
            TrapGuest g{"486", 3};
            g.at(TrapGuest::task_state + 0x66).word(row.map);
            if (row.denied != ~0u)
                g.memory[TrapGuest::task_state + row.map + row.denied / 8] =
                    static_cast<uint8_t>(1u << row.denied % 8);
            cpu::State& s = g.cpu.state();
            s.tr.limit = row.limit;
            s.other_flags |= row.iopl << 12;
            s.regs[cpu::edx] = row.port;
            s.regs[cpu::esi] = s.regs[cpu::edi] = 0x4000;
            return g.go(row.code);
        });
        CHECK(t.vector == 13);  // the HLT behind it, where it is allowed
        CHECK(t.error == 0);
        CHECK((t.eip == 0x1000) == !row.allowed);
    }
}

namespace {

struct Alignment {
    const char* name;
    Bytes code;  // EBX is 0x4001
    unsigned level;
    bool am, ac;
    int vector;
};
const Alignment alignments[] = {
    {"a word", {0x66, 0x8b, 0x03}, 3, true, true, 17},
    {"a doubleword", {0x8b, 0x03}, 3, true, true, 17},
    {"a byte", {0x8a, 0x03}, 3, true, true, 13},
    {"a doubleword at 3", {0x8b, 0x43, 0x02}, 3, true, true, 17},
    {"a doubleword at 4", {0x8b, 0x43, 0x03}, 3, true, true, 13},
    {"a word at 2", {0x66, 0x8b, 0x43, 0x01}, 3, true, true, 13},
    {"a write", {0x89, 0x03}, 3, true, true, 17},
    {"a read and write", {0x01, 0x03}, 3, true, true, 17},
    {"a push", {0x89, 0xdc, 0x50}, 3, true, true, 17},
    {"a string", {0x89, 0xde, 0xad}, 3, true, true, 17},
    {"a bit in a doubleword", {0x0f, 0xba, 0x23, 0x01}, 3, true, true, 17},
    {"without AM", {0x8b, 0x03}, 3, false, true, 13},
    {"without AC", {0x8b, 0x03}, 3, true, false, 13},
    {"at level 0", {0x8b, 0x03}, 0, true, true, no_fault},
    {"after AC is set by POPF",
     {0x8b, 0x03, 0x9c, 0x81, 0x0c, 0x24, 0, 0, 4, 0, 0x9d, 0x8b, 0x03},
     3,
     true,
     false,
     17},
    {"after AC is cleared by POPF",
     {0x9c, 0x81, 0x24, 0x24, 0xff, 0xff, 0xfb, 0xff, 0x9d, 0x8b, 0x03},
     3,
     true,
     true,
     13},
};

}  // namespace

TEST_CASE("alignment is checked at level 3 with AM and AC") {
    for (const Alignment& row : alignments) {
        INFO(row.name);
        const Trapped t = isolated([&] {
            TrapGuest g{"486", row.level};
            cpu::State& s = g.cpu.state();
            if (row.am) s.cr0 |= cpu::cr0::am;
            if (row.ac) s.other_flags |= cpu::flag::ac;
            s.regs[cpu::ebx] = 0x4001;
            return g.go(row.code);
        });
        CHECK(t.vector == row.vector);
        CHECK(t.error == 0);
    }
}

TEST_CASE("alignment checks that raise each other in their delivery end the run") {
    // The gate leads to level 3, whose stack is misaligned: each push of the delivery is an #AC.
    const Trapped t = isolated([&] {
        TrapGuest g{"486", 3};
        cpu::State& s = g.cpu.state();
        s.cr0 |= cpu::cr0::am;
        s.other_flags |= cpu::flag::ac;
        s.regs[cpu::ebx] = 0x4001;
        s.regs[cpu::esp] = TrapGuest::user_stack + 1;
        g.at(Guest::idt + 8 * 17 + 2).word(TrapGuest::code3);
        return g.go({0x8b, 0x03});
    });
    CHECK(t.shutdown);
}
