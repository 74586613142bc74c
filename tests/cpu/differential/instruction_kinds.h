// SPDX-License-Identifier: Apache-2.0
//
// The classes of instructions that the differential test draws from.
#pragma once

#include <string>
#include <vector>

#include "cpu/flags.h"

namespace {

using namespace sb::cpu;

using Bytes = std::vector<uint8_t>;

/// A class of instructions: opcode, and which ModRM reg fields, operand sizes and immediates it
/// has.
struct Kind {
    const char* name;
    Bytes opcode;
    int extension = -1;      // the ModRM reg field; -1: a register; -2: there is no ModRM
    unsigned immediate = 0;  // 0 none, 1 a byte, 4 as wide as the operand
    bool byte = false;       // the operand is a byte (no 66 prefix)
    uint32_t undefined = 0;  // flags
    bool memory = true;      // the operand may be in memory
    enum Special { plain, divide, string, shift, bit_string, lea } special = plain;
    unsigned more = 1;  // so many opcodes in a row
};

constexpr uint32_t szap = flag::sf | flag::zf | flag::af | flag::pf;

inline const std::vector<Kind>& kinds() {
    static const std::vector<Kind> list = [] {
        std::vector<Kind> k;
        for (int op = 0; op < 8; ++op) {
            const auto base = static_cast<uint8_t>(op * 8);
            const uint32_t logic = op == 1 || op == 4 || op == 6 ? flag::af : 0;
            k.push_back({"alu rm8,r8", {base}, -1, 0, true, logic});
            k.push_back({"alu rm,r", {static_cast<uint8_t>(base + 1)}, -1, 0, false, logic});
            k.push_back({"alu r8,rm8", {static_cast<uint8_t>(base + 2)}, -1, 0, true, logic});
            k.push_back({"alu r,rm", {static_cast<uint8_t>(base + 3)}, -1, 0, false, logic});
            k.push_back({"alu rm8,i8", {0x80}, op, 1, true, logic});
            k.push_back({"alu rm,i", {0x81}, op, 4, false, logic});
            k.push_back({"alu rm,i8", {0x83}, op, 1, false, logic});
            k.push_back({"alu al,i", {static_cast<uint8_t>(base + 4)}, -2, 1, true, logic});
            k.push_back({"alu eax,i", {static_cast<uint8_t>(base + 5)}, -2, 4, false, logic});
        }
        for (int op = 0; op < 8; ++op) {
            if (op == 6) continue;  // an alias that Unicorn does not know everywhere
            const uint32_t u = op < 4 ? flag::of : flag::of | flag::af;
            for (bool byte : {true, false}) {
                const uint8_t b = byte ? 0 : 1;
                k.push_back({"shift 1",
                             {static_cast<uint8_t>(0xd0 + b)},
                             op,
                             0,
                             byte,
                             op < 4 ? 0 : flag::af});
                k.push_back({"shift i",
                             {static_cast<uint8_t>(0xc0 + b)},
                             op,
                             1,
                             byte,
                             u,
                             true,
                             Kind::shift});
                k.push_back({"shift cl",
                             {static_cast<uint8_t>(0xd2 + b)},
                             op,
                             0,
                             byte,
                             u,
                             true,
                             Kind::shift});
            }
        }
        for (uint8_t op : {0xa4, 0xac}) {
            k.push_back(
                {"shld/shrd i", {0x0f, op}, -1, 1, false, flag::of | flag::af, true, Kind::shift});
            k.push_back({"shld/shrd cl",
                         {0x0f, static_cast<uint8_t>(op + 1)},
                         -1,
                         0,
                         false,
                         flag::of | flag::af,
                         true,
                         Kind::shift});
        }
        for (bool byte : {true, false}) {
            const uint8_t b = byte ? 0 : 1;
            const auto f6 = static_cast<uint8_t>(0xf6 + b);
            k.push_back({"test i", {f6}, 0, byte ? 1u : 4u, byte, flag::af});
            k.push_back({"not", {f6}, 2, 0, byte});
            k.push_back({"neg", {f6}, 3, 0, byte});
            k.push_back({"mul", {f6}, 4, 0, byte, szap});
            k.push_back({"imul", {f6}, 5, 0, byte, szap});
            k.push_back({"div", {f6}, 6, 0, byte, flag::arithmetic, true, Kind::divide});
            k.push_back({"idiv", {f6}, 7, 0, byte, flag::arithmetic, true, Kind::divide});
            k.push_back({"inc", {static_cast<uint8_t>(0xfe + b)}, 0, 0, byte});
            k.push_back({"dec", {static_cast<uint8_t>(0xfe + b)}, 1, 0, byte});
            k.push_back({"test r", {static_cast<uint8_t>(0x84 + b)}, -1, 0, byte, flag::af});
            k.push_back({"xchg", {static_cast<uint8_t>(0x86 + b)}, -1, 0, byte});
            k.push_back({"mov rm,r", {static_cast<uint8_t>(0x88 + b)}, -1, 0, byte});
            k.push_back({"mov r,rm", {static_cast<uint8_t>(0x8a + b)}, -1, 0, byte});
            k.push_back({"mov rm,i", {static_cast<uint8_t>(0xc6 + b)}, 0, byte ? 1u : 4u, byte});
            k.push_back({"xadd", {0x0f, static_cast<uint8_t>(0xc0 + b)}, -1, 0, byte});
            k.push_back({"cmpxchg", {0x0f, static_cast<uint8_t>(0xb0 + b)}, -1, 0, byte});
            for (uint8_t op : {0xa4, 0xa6, 0xaa, 0xac, 0xae})
                k.push_back(
                    {"string", {static_cast<uint8_t>(op + b)}, -2, 0, byte, 0, true, Kind::string});
            k.push_back({"movzx", {0x0f, static_cast<uint8_t>(0xb6 + b)}, -1, 0, false});
            k.push_back({"movsx", {0x0f, static_cast<uint8_t>(0xbe + b)}, -1, 0, false});
        }
        k.push_back({"imul r,rm", {0x0f, 0xaf}, -1, 0, false, szap});
        k.push_back({"imul r,rm,i", {0x69}, -1, 4, false, szap});
        k.push_back({"imul r,rm,i8", {0x6b}, -1, 1, false, szap});
        k.push_back({"lea", {0x8d}, -1, 0, false, 0, true, Kind::lea});
        k.push_back({"setcc", {0x0f, 0x90}, -1, 0, true, 0, true, Kind::plain, 16});
        k.push_back({"cmovcc", {0x0f, 0x40}, -1, 0, false, 0, true, Kind::plain, 16});
        for (int op = 4; op < 8; ++op)
            k.push_back({"bt i", {0x0f, 0xba}, op, 1, false, szap | flag::of});
        for (uint8_t op : {0xa3, 0xab, 0xb3, 0xbb}) {
            k.push_back({"bt r", {0x0f, op}, -1, 0, false, szap | flag::of, false});
            k.push_back(
                {"bt m,r", {0x0f, op}, -1, 0, false, szap | flag::of, true, Kind::bit_string});
        }
        k.push_back({"bsf", {0x0f, 0xbc}, -1, 0, false, flag::arithmetic & ~flag::zf});
        k.push_back({"bsr", {0x0f, 0xbd}, -1, 0, false, flag::arithmetic & ~flag::zf});
        k.push_back({"bswap", {0x0f, 0xc8}, -2, 0, true, 0, true, Kind::plain, 4});
        k.push_back({"bswap", {0x0f, 0xcd}, -2, 0, true, 0, true, Kind::plain, 3});
        k.push_back({"inc/dec r", {0x40}, -2, 0, false, 0, true, Kind::plain, 4});
        k.push_back({"xchg eax,r", {0x90}, -2, 0, false, 0, true, Kind::plain, 4});
        k.push_back({"cbw cwd", {0x98}, -2, 0, false, 0, true, Kind::plain, 2});
        k.push_back({"sahf lahf", {0x9e}, -2, 0, true, 0, true, Kind::plain, 2});
        k.push_back({"cmc", {0xf5}, -2, 0, true});
        k.push_back({"clc stc", {0xf8}, -2, 0, true, 0, true, Kind::plain, 2});
        // Short sequences: stack, branches over one instruction, 16-bit addresses.
        for (Bytes b : std::initializer_list<Bytes>{
                 {0x50, 0x5a},                    // push eax; pop edx
                 {0x66, 0x50, 0x66, 0x5a},        // push ax; pop dx
                 {0x60, 0x40, 0x4b, 0x61},        // pusha; inc eax; dec ebx; popa
                 {0x66, 0x60, 0x66, 0x61},        // pushaw; popaw
                 {0x6a, 0x85, 0x58},              // push -123; pop eax
                 {0x68, 1, 2, 3, 0x84, 0x5b},     // push imm32; pop ebx
                 {0xff, 0x36, 0x8f, 0x46, 0x04},  // push [esi]; pop [esi+4]
                 {0x50, 0x8f, 0x04, 0x24, 0x58},  // push eax; pop [esp]; pop eax
                 {0xff, 0x74, 0x24, 0xfc, 0x5b},  // push [esp-4]; pop ebx
                 {0x54, 0x5b},                    // push esp; pop ebx
                 {0xc8, 0x10, 0, 0x00, 0xc9},     // enter 16,0; leave
                 {0x89, 0xe5, 0xc8, 0x10, 0, 0x03, 0x89, 0xe8, 0xc9},  // enter 16,3
                 {0xe8, 0, 0, 0, 0, 0x58},                             // call next; pop eax
                 {0xe8, 1, 0, 0, 0, 0x43, 0x83, 0xc4, 0x04},           // call over inc ebx
                 {0x68, 0, 0, 0, 0, 0x58},
                 {0xe2, 0x01, 0x43},  // loop over inc ebx
                 {0xe1, 0x01, 0x43},
                 {0xe0, 0x01, 0x43},
                 {0xe3, 0x01, 0x43},
                 {0x67, 0xe2, 0x01, 0x43},                          // loop on CX
                 {0x67, 0x8d, 0x40, 0x10},                          // lea eax, [bx+si+16]
                 {0x67, 0x8d, 0x8e, 0x00, 0x80},                    // lea ecx, [bp-0x8000]
                 {0x66, 0x8d, 0x44, 0x8b, 0x05},                    // lea ax, [ebx+ecx*4+5]
                 {0x0f, 0xc7, 0x0e},                                // cmpxchg8b [esi]
                 {0x8b, 0x06, 0x8b, 0x56, 0x04, 0x0f, 0xc7, 0x0e},  // one that is equal
                 {0x8d, 0x1e, 0xd7},                                // lea ebx, [esi]; xlat
                 {0xd6}})                                           // salc
            k.push_back({"sequence", b, -2, 0, true});
        for (uint8_t cc = 0; cc < 16; ++cc)
            k.push_back({"jcc", {static_cast<uint8_t>(0x70 + cc), 0x01, 0x43}, -2, 0, true});
        const uint32_t decimal = flag::of;
        k.push_back({"daa", {0x27}, -2, 0, true, decimal});
        k.push_back({"das", {0x2f}, -2, 0, true, decimal});
        const uint32_t ascii = flag::of | flag::sf | flag::zf | flag::pf;
        k.push_back({"aaa", {0x37}, -2, 0, true, ascii});
        k.push_back({"aas", {0x3f}, -2, 0, true, ascii});
        k.push_back({"aam", {0xd4, 0x0a}, -2, 0, true, flag::of | flag::af | flag::cf});
        k.push_back({"aad", {0xd5, 0x0a}, -2, 0, true, flag::of | flag::af | flag::cf});
        return k;
    }();
    return list;
}

/// The same for 16-bit code: other sequences.
inline const std::vector<Kind>& real_kinds() {
    static const std::vector<Kind> list = [] {
        std::vector<Kind> k;
        for (const Kind& kind : kinds())
            if (std::string name = kind.name; name != "sequence" && name != "bswap")
                k.push_back(kind);
        for (Bytes b : std::initializer_list<Bytes>{
                 {0x66, 0x0f, 0xcb},                                // bswap ebx
                 {0x50, 0x5a},                                      // push ax; pop dx
                 {0x66, 0x50, 0x66, 0x5a},                          // push eax; pop edx
                 {0x60, 0x40, 0x4b, 0x61},                          // pusha; inc ax; dec bx; popa
                 {0x66, 0x60, 0x66, 0x61},                          // pushad; popad
                 {0x6a, 0x85, 0x58},                                // push -123; pop ax
                 {0x68, 1, 0x84, 0x5b},                             // push imm16; pop bx
                 {0xff, 0x34, 0x8f, 0x44, 0x04},                    // push [si]; pop [si+4]
                 {0xc8, 0x10, 0, 0x00, 0xc9},                       // enter 16,0; leave
                 {0x89, 0xe5, 0xc8, 0x10, 0, 3, 0xc9},              // enter 16,3
                 {0xe8, 0, 0, 0x58},                                // call next; pop ax
                 {0x66, 0xe8, 0, 0, 0, 0, 0x66, 0x58},              // the same with 32 bits
                 {0xe8, 1, 0, 0x43, 0x83, 0xc4, 0x02},              // call over inc bx
                 {0x0e, 0xe8, 4, 0, 0xeb, 0x03, 0x90, 0x90, 0xcb},  // push cs; call retf; jmp
                 {0x1e, 0x07, 0x06, 0x58},                       // push ds; pop es; push es; pop ax
                 {0x8c, 0xd8, 0x8e, 0xc0},                       // mov ax, ds; mov es, ax
                 {0xb8, 0x10, 0, 0x8e, 0xe0, 0x64, 0x8b, 0x1c},  // mov fs, 16; mov bx, fs:[si]
                 {0xe2, 0x01, 0x43},                             // loop over inc bx
                 {0xe1, 0x01, 0x43},
                 {0xe0, 0x01, 0x43},
                 {0xe3, 0x01, 0x43},
                 {0x67, 0xe2, 0x01, 0x43},              // loop on ECX
                 {0x8d, 0x40, 0x10},                    // lea ax, [bx+si+16]
                 {0x8d, 0x8e, 0x00, 0x80},              // lea cx, [bp-0x8000]
                 {0x67, 0x8d, 0x44, 0x8b, 0x05},        // lea ax, [ebx+ecx*4+5]
                 {0x66, 0x67, 0x8d, 0x44, 0x8b, 0x05},  // lea eax, [ebx+ecx*4+5]
                 {0x0f, 0xc7, 0x0c},                    // cmpxchg8b [si]
                 {0x8d, 0x1c, 0x30, 0xe4, 0xd7},        // lea bx, [si]; xor ah, ah; xlat
                 {0xd6}})
            k.push_back({"sequence", b, -2, 0, true});
        return k;
    }();
    return list;
}

}  // namespace
