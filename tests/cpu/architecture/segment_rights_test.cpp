// SPDX-License-Identifier: Apache-2.0
//
// What a segment register may be loaded with, and what may be done through it: Intel SDM volume 3,
// 3.4.5 (types, expand-down), 5.3 (limits), 5.5 and 5.6 (types and privilege); volume 2, MOV and
// POP. The same in the 80386 Programmer's Reference Manual (230985), 6.3.
#include <catch2/catch.hpp>

#include "tests/cpu/architecture/trap_guest.h"

using namespace sb;
using namespace sb::test;
using Bytes = std::vector<uint8_t>;

namespace {

struct Load {
    const char* name;
    unsigned level;
    uint8_t access, flags;  // of GDT 8
    uint16_t selector;
    uint8_t segment;  // the ModRM byte of mov sreg, ax
    int vector;
    uint32_t error;
};
constexpr uint8_t to_ds = 0xd8, to_es = 0xc0, to_ss = 0xd0, to_fs = 0xe0, to_gs = 0xe8;

const Load loads[] = {
    {"data", 0, 0x93, 0xc, 0x40, to_ds, no_fault, 0},
    {"data that is read-only", 0, 0x91, 0xc, 0x40, to_ds, no_fault, 0},
    {"expand-down data", 0, 0x97, 0xc, 0x40, to_es, no_fault, 0},
    {"code that can be read", 0, 0x9b, 0xc, 0x40, to_fs, no_fault, 0},
    {"code that can not", 0, 0x99, 0xc, 0x40, to_gs, 13, 0x40},
    {"conforming code that can not be read", 0, 0x9d, 0xc, 0x40, to_ds, 13, 0x40},
    {"null into DS", 0, 0x93, 0xc, 0, to_ds, no_fault, 0},
    {"null with RPL 3 into GS", 0, 0x93, 0xc, 3, to_gs, no_fault, 0},
    {"null into SS", 0, 0x93, 0xc, 0, to_ss, 13, 0},
    {"null with RPL 3 into SS", 3, 0xf3, 0xc, 3, to_ss, 13, 0},
    {"beyond the GDT", 0, 0x93, 0xc, 0x100, to_ds, 13, 0x100},
    {"beyond the GDT into SS", 0, 0x93, 0xc, 0x200, to_ss, 13, 0x200},
    {"in an LDT that is not there", 0, 0x93, 0xc, 0x44, to_ds, 13, 0x44},
    {"data that is not present", 0, 0x13, 0xc, 0x40, to_ds, 11, 0x40},
    {"code that is not present", 0, 0x1b, 0xc, 0x40, to_es, 11, 0x40},
    {"a stack that is not present", 0, 0x13, 0xc, 0x40, to_ss, 12, 0x40},
    {"a TSS", 0, 0x89, 0, 0x40, to_ds, 13, 0x40},
    {"an LDT", 0, 0x82, 0, 0x40, to_ds, 13, 0x40},
    {"a call gate", 0, 0x8c, 0, 0x40, to_es, 13, 0x40},
    {"no type", 0, 0x80, 0, 0x40, to_ss, 13, 0x40},
    {"RPL 3 into DS of level 0", 0, 0x93, 0xc, 0x43, to_ds, 13, 0x40},
    {"level 0's data at level 3", 3, 0x93, 0xc, 0x40, to_ds, 13, 0x40},
    {"level 0's data at level 3 with RPL 3", 3, 0x93, 0xc, 0x43, to_ds, 13, 0x40},
    {"level 2's data at level 3", 3, 0xd3, 0xc, 0x43, to_ds, 13, 0x40},
    {"level 3's data at level 3", 3, 0xf3, 0xc, 0x43, to_ds, no_fault, 0},
    {"level 3's data at level 3 with RPL 0", 3, 0xf3, 0xc, 0x40, to_ds, no_fault, 0},
    {"level 3's data at level 0", 0, 0xf3, 0xc, 0x43, to_ds, no_fault, 0},
    {"conforming code of level 0 at level 3", 3, 0x9f, 0xc, 0x43, to_ds, no_fault, 0},
    {"code of level 0 at level 3", 3, 0x9b, 0xc, 0x43, to_ds, 13, 0x40},
    {"a stack of level 0 at level 0", 0, 0x93, 0xc, 0x40, to_ss, no_fault, 0},
    {"a stack with RPL 3 at level 0", 0, 0x93, 0xc, 0x43, to_ss, 13, 0x40},
    {"a stack of level 3 at level 0", 0, 0xf3, 0xc, 0x40, to_ss, 13, 0x40},
    {"a stack of level 3 with RPL 3 at level 0", 0, 0xf3, 0xc, 0x43, to_ss, 13, 0x40},
    {"a stack of level 3 at level 3", 3, 0xf3, 0xc, 0x43, to_ss, no_fault, 0},
    {"a stack of level 3 with RPL 0 at level 3", 3, 0xf3, 0xc, 0x40, to_ss, 13, 0x40},
    {"a stack of level 0 at level 3", 3, 0x93, 0xc, 0x43, to_ss, 13, 0x40},
    {"a stack that can not be written", 0, 0x91, 0xc, 0x40, to_ss, 13, 0x40},
    {"code as a stack", 0, 0x9b, 0xc, 0x40, to_ss, 13, 0x40},
    {"an expand-down stack", 0, 0x97, 0xc, 0x40, to_ss, no_fault, 0},
    {"not present and of level 0 at level 3", 3, 0x13, 0xc, 0x43, to_ds, 13, 0x40},
};

}  // namespace

TEST_CASE("a segment register takes what the manual says it takes") {
    for (const Load& row : loads) {
        INFO(row.name);
        const Trapped t = isolated([&] {
            TrapGuest g{"486", row.level};
            g.descriptor(8, 0, 0xfffff, row.access, row.flags);
            return g.go({0xb8, static_cast<uint8_t>(row.selector),
                         static_cast<uint8_t>(row.selector >> 8), 0, 0, 0x8e, row.segment});
        });
        // A HLT at level 3 is what comes after a load that went well there.
        const bool ended = row.level == 3 && row.vector == no_fault;
        CHECK(t.vector == (ended ? 13 : row.vector));
        CHECK(t.error == row.error);
        CHECK((t.vector == no_fault || t.eip == (ended ? 0x1007 : 0x1005)));
    }
}

namespace {

enum Access : uint8_t { read_1, read_2, read_4, write_1, write_2, write_4 };

struct Through {
    const char* name;
    uint32_t limit;
    uint8_t access, flags;
    uint32_t offset;
    Access what;
    int vector;
    bool stack = false;  // by SS
};

const Through throughs[] = {
    {"the last byte", 0xfff, 0x93, 4, 0xfff, read_1, no_fault},
    {"a byte beyond", 0xfff, 0x93, 4, 0x1000, read_1, 13},
    {"the last word", 0xfff, 0x93, 4, 0xffe, read_2, no_fault},
    {"a word half beyond", 0xfff, 0x93, 4, 0xfff, read_2, 13},
    {"the last doubleword", 0xfff, 0x93, 4, 0xffc, read_4, no_fault},
    {"a doubleword a quarter beyond", 0xfff, 0x93, 4, 0xffd, read_4, 13},
    {"a write of the last byte", 0xfff, 0x93, 4, 0xfff, write_1, no_fault},
    {"a write half beyond", 0xfff, 0x93, 4, 0xfff, write_2, 13},
    {"a write a quarter beyond", 0xfff, 0x93, 4, 0xffd, write_4, 13},
    {"pages: the last byte", 0, 0x93, 0xc, 0xfff, read_1, no_fault},
    {"pages: a byte beyond", 0, 0x93, 0xc, 0x1000, read_1, 13},
    {"a limit of zero has one byte", 0, 0x93, 4, 0, read_1, no_fault},
    {"and no word", 0, 0x93, 4, 0, read_2, 13},
    {"4 GiB: the last doubleword wraps", 0xfffff, 0x93, 0xc, 0xfffffffd, read_4, 13},
    {"expand-down: the limit itself", 0xfff, 0x97, 4, 0xfff, read_1, 13},
    {"expand-down: above it", 0xfff, 0x97, 4, 0x1000, read_1, no_fault},
    {"expand-down: a word half below", 0xfff, 0x97, 4, 0xfff, read_2, 13},
    {"expand-down: zero", 0xfff, 0x97, 4, 0, read_4, 13},
    {"expand-down of 16 bits: the top", 0xfff, 0x97, 0, 0xffff, read_1, no_fault},
    {"expand-down of 16 bits: beyond it", 0xfff, 0x97, 0, 0x10000, read_1, 13},
    {"expand-down of 16 bits: a word half beyond", 0xfff, 0x97, 0, 0xffff, write_2, 13},
    {"expand-down of 32 bits: beyond 64 KiB", 0xfff, 0x97, 4, 0x10000, write_4, no_fault},
    {"expand-down that can not be written", 0xfff, 0x95, 4, 0x1000, write_1, 13},
    {"read-only: a read", 0xfff, 0x91, 4, 0, read_4, no_fault},
    {"read-only: a write", 0xfff, 0x91, 4, 0, write_4, 13},
    {"code: a read", 0xfff, 0x9b, 4, 0, read_4, no_fault},
    {"code: a write", 0xfff, 0x9b, 4, 0, write_1, 13},
    {"conforming code: a read", 0xfff, 0x9f, 4, 0, read_1, no_fault},
    {"by SS: beyond", 0xfff, 0x93, 4, 0x1000, read_1, 12, true},
    {"by SS: a write half beyond", 0xfff, 0x93, 4, 0xfff, write_2, 12, true},
    {"by SS: the last word", 0xfff, 0x93, 4, 0xffe, write_2, no_fault, true},
    {"by SS: expand-down below", 0xfff, 0x97, 4, 0xffe, read_2, 12, true},
    {"by SS: expand-down above", 0xfff, 0x97, 4, 0x1000, write_4, no_fault, true},
};

}  // namespace

TEST_CASE("limits and rights of segments are kept at every access") {
    constexpr uint8_t opcodes[] = {0x8a, 0x8b, 0x8b, 0x88, 0x89, 0x89};
    for (const Through& row : throughs) {
        INFO(row.name);
        const Trapped t = isolated([&] {
            TrapGuest g;
            g.descriptor(8, 0x20000, row.limit, row.access, row.flags);
            Bytes code{0xb8, 0x40, 0, 0, 0, 0x8e, row.stack ? to_ss : to_ds, 0xba};
            for (unsigned n = 0; n < 4; ++n)
                code.push_back(static_cast<uint8_t>(row.offset >> (8 * n)));
            code.insert(code.end(), {0x31, 0xc9});  // xor ecx, ecx
            if (row.what == read_2 || row.what == write_2) code.push_back(0x66);
            if (row.stack) code.push_back(0x36);
            code.insert(code.end(), {opcodes[row.what], 0x0a});  // [edx], ecx
            // The exception is delivered on a stack that is good.
            if (row.stack) {
                g.descriptor(9, 0x5c00, 0x67, 0x89, 0);
                g.at(0x5c00 + 0x20).dword(TrapGuest::handlers + 16 * 12).dword(2);
                g.at(0x5c00 + 0x28 + 16).dword(TrapGuest::kernel_stack);
                for (uint32_t n = 0; n < 6; ++n)
                    g.at(0x5c00 + 0x48 + 4 * n).dword(n == 1 ? 8 : 0x10);
                g.gate(12, 0, 0x85, 0x48);
            }
            return g.go(code);
        });
        CHECK(t.vector == row.vector);
        CHECK(t.error == 0);
    }
}
