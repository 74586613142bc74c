// SPDX-License-Identifier: Apache-2.0
#include "tests/cpu/differential/rows.h"

namespace sb::test {
namespace {

using P = Row::Property;
// r stands for the reserved bits, which some of Unicorn's instructions put garbage into.
constexpr const char* all = "oszapcr";

uint8_t low(int v) { return static_cast<uint8_t>(v); }

void add_arithmetic(std::vector<Row>& r) {
    for (int op = 0; op < 8; ++op) {
        const bool logic = op == 1 || op == 4 || op == 6, carry = op == 2 || op == 3;
        const char *reads = carry ? "c" : "", *sets = logic ? "oszpcr" : all,
                   *lost = logic ? "a" : "";
        const uint32_t lock = op == 7 ? 0 : uint32_t{P::lockable};
        for (int b = 0; b < 2; ++b) {
            r.push_back({"alu rm,r", {low(op * 8 + b)}, -1, 0, !b, reads, sets, lost, lock});
            r.push_back({"alu r,rm", {low(op * 8 + 2 + b)}, -1, 0, !b, reads, sets, lost});
            r.push_back(
                {"alu a,i", {low(op * 8 + 4 + b)}, -2, b ? 'z' : 'b', !b, reads, sets, lost});
            r.push_back(
                {"alu rm,i", {low(0x80 + b)}, op, b ? 'z' : 'b', !b, reads, sets, lost, lock});
            r.push_back({"alu rm,i8", {low(0x82 + b)}, op, 'b', !b, reads, sets, lost, lock});
        }
    }
    for (int b = 0; b < 2; ++b) {
        r.push_back({"test i", {low(0xf6 + b)}, 0, b ? 'z' : 'b', !b, "", "oszpc", "a"});
        for (int op : {0, 1}) {
            r.push_back({"inc dec", {low(0xfe + b)}, op, 0, !b, "", "oszap", "", P::lockable});
        }
        r.push_back({"not", {low(0xf6 + b)}, 2, 0, !b, "", "", "", P::lockable});
        r.push_back({"neg", {low(0xf6 + b)}, 3, 0, !b, "", all});
        r.push_back({"mul", {low(0xf6 + b)}, 4, 0, !b, "", "oc", "szap"});
        r.push_back({"imul", {low(0xf6 + b)}, 5, 0, !b, "", "oc", "szap"});
        r.push_back({"div", {low(0xf6 + b)}, 6, 0, !b, "", "", "oszapc"});
        r.push_back({"idiv", {low(0xf6 + b)}, 7, 0, !b, "", "", "oszapc"});
        r.push_back({"test r", {low(0x84 + b)}, -1, 0, !b, "", "oszpc", "a"});
        r.push_back({"test a,i", {low(0xa8 + b)}, -2, b ? 'z' : 'b', !b, "", "oszpc", "a"});
        r.push_back({"xadd", {0x0f, low(0xc0 + b)}, -1, 0, !b, "", all, "", P::lockable});
        r.push_back({"cmpxchg", {0x0f, low(0xb0 + b)}, -1, 0, !b, "", all, "", P::lockable});
    }
    for (int op : {0x40, 0x48})
        r.push_back({"inc dec r", {low(op)}, -2, 0, false, "", "oszap", "", P::in_opcode});
    r.push_back({"imul r,rm", {0x0f, 0xaf}, -1, 0, false, "", "oc", "szap"});
    r.push_back({"imul r,rm,i", {0x69}, -1, 'z', false, "", "oc", "szap"});
    r.push_back({"imul r,rm,i8", {0x6b}, -1, 'b', false, "", "oc", "szap"});
    r.push_back({"cmpxchg8b",
                 {0x0f, 0xc7},
                 1,
                 0,
                 false,
                 all,
                 "z",
                 "r",
                 P::lockable | P::parts | P::memory_only});
    r.push_back({"daa", {0x27}, -2, 0, true, "ac", "szapc", "o"});
    r.push_back({"das", {0x2f}, -2, 0, true, "ac", "szapc", "o"});
    r.push_back({"aaa", {0x37}, -2, 0, true, "a", "ac", "oszp"});
    r.push_back({"aas", {0x3f}, -2, 0, true, "a", "ac", "oszp"});
    r.push_back({"aam", {0xd4}, -2, 'b', true, "", "szp", "oac"});
    r.push_back({"aad", {0xd5}, -2, 'b', true, "", "szp", "oac"});
}

void add_shifts(std::vector<Row>& r) {
    for (int op = 0; op < 8; ++op) {
        if (op == 6)
            continue;  // an alias of 4, as F6 /1 is of F6 /0: not all of them Unicorn knows
        const bool carry = op == 2 || op == 3;
        const char* reads = carry ? "c" : "";
        const uint32_t kind = P::shift | P::loses_flags;
        for (int b = 0; b < 2; ++b) {
            r.push_back({"shift 1", {low(0xd0 + b)}, op, 0, !b, reads, "", "", kind});
            r.push_back({"shift i", {low(0xc0 + b)}, op, 'b', !b, reads, "", "", kind});
            r.push_back({"shift cl", {low(0xd2 + b)}, op, 0, !b, reads, "", "", kind});
        }
    }
    for (int op : {0xa4, 0xac}) {
        r.push_back({"double shift i",
                     {0x0f, low(op)},
                     -1,
                     'b',
                     false,
                     "",
                     "",
                     "",
                     P::shift | P::loses_flags});
        r.push_back({"double shift cl",
                     {0x0f, low(op + 1)},
                     -1,
                     0,
                     false,
                     "",
                     "",
                     "",
                     P::shift | P::loses_flags | P::wide_only});
    }
    for (int op = 4; op < 8; ++op)
        r.push_back({"bt i",
                     {0x0f, 0xba},
                     op,
                     'b',
                     false,
                     "",
                     "c",
                     "osap",
                     P::loses_flags | (op == 4 ? 0u : P::lockable * 1u)});
    for (int op : {0xa3, 0xab, 0xb3, 0xbb})
        r.push_back({"bt r",
                     {0x0f, low(op)},
                     -1,
                     0,
                     false,
                     "",
                     "c",
                     "osap",
                     P::loses_flags | (op == 0xa3 ? 0u : P::lockable * 1u)});
    r.push_back({"bsf", {0x0f, 0xbc}, -1, 0, false, "", "z", "osapc"});
    r.push_back({"bsr", {0x0f, 0xbd}, -1, 0, false, "", "z", "osapc"});
}

void add_moves(std::vector<Row>& r) {
    for (int b = 0; b < 2; ++b) {
        r.push_back({"mov rm,r", {low(0x88 + b)}, -1, 0, !b});
        r.push_back({"mov r,rm", {low(0x8a + b)}, -1, 0, !b});
        r.push_back({"mov rm,i", {low(0xc6 + b)}, 0, b ? 'z' : 'b', !b});
        r.push_back({"xchg", {low(0x86 + b)}, -1, 0, !b, "", "", "", P::lockable});
        r.push_back({"movzx", {0x0f, low(0xb6 + b)}, -1, 0, false});
        r.push_back({"movsx", {0x0f, low(0xbe + b)}, -1, 0, false});
        for (int op : {0xa4, 0xaa, 0xac})
            r.push_back({"string", {low(op + b)}, -2, 0, !b, "", "", "", P::string});
        for (int op : {0xa6, 0xae})
            r.push_back(
                {"compare", {low(op + b)}, -2, 0, !b, "", all, "", P::string | P::compares});
        r.push_back({"ins", {low(0x6c + b)}, -2, 0, !b, "", "", "", P::string | P::port});
        r.push_back({"outs", {low(0x6e + b)}, -2, 0, !b, "", "", "", P::string | P::port});
        r.push_back({"in", {low(0xe4 + b)}, -2, 'b', !b, "", "", "", P::port});
        r.push_back({"out", {low(0xe6 + b)}, -2, 'b', !b, "", "", "", P::port});
        r.push_back({"in dx", {low(0xec + b)}, -2, 0, !b, "", "", "", P::port});
        r.push_back({"out dx", {low(0xee + b)}, -2, 0, !b, "", "", "", P::port});
    }
    r.push_back({"mov r8,i", {0xb0}, -2, 'b', true, "", "", "", P::in_opcode});
    r.push_back({"mov r,i", {0xb8}, -2, 'z', false, "", "", "", P::in_opcode});
    r.push_back({"xchg a,r", {0x90}, -2, 0, false, "", "", "", P::in_opcode});
    r.push_back({"bswap", {0x0f, 0xc8}, -2, 0, false, "", "", "", P::in_opcode | P::wide_only});
    r.push_back({"lea", {0x8d}, -1, 0, false, "", "", "", P::memory_only});
    r.push_back({"setcc", {0x0f, 0x90}, 0, 0, true, "", "", "", P::condition | P::loses_flags});
    r.push_back({"cmovcc", {0x0f, 0x40}, -1, 0, false, "", "", "", P::condition});
    r.push_back({"cbw", {0x98}});
    r.push_back({"cwd", {0x99}});
    r.push_back({"xlat", {0xd7}, -2, 0, true});
    r.push_back({"salc", {0xd6}, -2, 0, true, "c"});
    r.push_back({"lahf", {0x9f}, -2, 0, true, "szapcr"});
    r.push_back({"sahf", {0x9e}, -2, 0, true, "", "szapc"});
    r.push_back({"cmc", {0xf5}, -2, 0, true, "c", "c"});
    for (int op : {0xf8, 0xf9}) r.push_back({"clc stc", {low(op)}, -2, 0, true, "", "c"});
    for (int op : {0xfc, 0xfd}) r.push_back({"cld std", {low(op)}, -2, 0, true});
    r.push_back({"mov rm,sreg", {0x8c}, 3, 0, false});
    r.push_back({"mov rm,sreg", {0x8c}, 0, 0, false});
}

void add_stack(std::vector<Row>& r) {
    r.push_back({"push r", {0x50}, -2, 0, false, "", "", "", P::in_opcode});
    r.push_back({"pop r", {0x58}, -2, 0, false, "", "", "", P::in_opcode | P::moves_stack});
    r.push_back({"push i", {0x68}, -2, 'z', false});
    r.push_back({"push i8", {0x6a}, -2, 'b', false});
    r.push_back({"push m", {0xff}, 6, 0, false});
    r.push_back({"pop m", {0x8f}, 0, 0, false, "", "", "", P::moves_stack});
    r.push_back({"pusha", {0x60}});
    r.push_back({"popa", {0x61}});
    r.push_back({"pushf", {0x9c}, -2, 0, false, all});
    for (int op : {0x06, 0x0e, 0x16, 0x1e}) r.push_back({"push sreg", {low(op)}});
    r.push_back({"push fs", {0x0f, 0xa0}});
    r.push_back({"enter", {0xc8}, -2, 'e', true, "", "", "", P::level_3});
    r.push_back({"leave", {0xc9}, -2, 0, false, "", "", "", P::level_3 | P::moves_stack});
    r.push_back({"popf", {0x9d}, -2, 'f', false, "", all});
    for (int op : {0x07, 0x17, 0x1f})
        r.push_back({"pop sreg", {low(op)}, -2, 's', false, "", "", "", P::last | P::level_3});
    r.push_back({"pop fs", {0x0f, 0xa1}, -2, 's', false, "", "", "", P::last | P::level_3});
}

void add_flow(std::vector<Row>& r) {
    for (int op = 0x70; op < 0x80; ++op)
        r.push_back({"jcc", {low(op)}, -2, 0, true, "", "", "", P::branch | P::condition});
    for (int op = 0x80; op < 0x90; ++op)
        r.push_back(
            {"jcc near", {0x0f, low(op)}, -2, 'z', false, "", "", "", P::branch | P::condition});
    for (int op : {0xe0, 0xe1})
        r.push_back({"loop while", {low(op)}, -2, 0, true, "z", "", "", P::branch});
    for (int op : {0xe2, 0xe3, 0xeb})
        r.push_back({"loop jcxz jmp", {low(op)}, -2, 0, true, "", "", "", P::branch});
    r.push_back({"jmp near", {0xe9}, -2, 'z', false, "", "", "", P::branch});
    r.push_back({"call", {0xe8}, -2, 'z', false, "", "", "", P::branch});
    r.push_back({"bound", {0x62}, -1, 0, false, "", "", "", P::parts | P::memory_only});
    r.push_back({"into", {0xce}, -2, 0, true, "o"});
    r.push_back({"int3", {0xcc}, -2, 0, true, "", "", "", P::last});
    r.push_back({"int 40", {0xcd, 0x40}, -2, 0, true, "", "", "", P::last});
    r.push_back({"ud2", {0x0f, 0x0b}, -2, 0, true, "", "", "", P::last});
}

void add_system(std::vector<Row>& r) {
    r.push_back({"arpl", {0x63}, -1, 0, true, "", "z", "r"});
    r.push_back({"lar", {0x0f, 0x02}, -1, 0, false, "", "z", "r"});
    r.push_back({"lsl", {0x0f, 0x03}, -1, 0, false, "", "z", "r"});
    r.push_back({"verr", {0x0f, 0x00}, 4, 0, true, "", "z", "r"});
    r.push_back({"verw", {0x0f, 0x00}, 5, 0, true, "", "z", "r"});
    r.push_back({"sldt", {0x0f, 0x00}, 0, 0, false});
    r.push_back({"str", {0x0f, 0x00}, 1, 0, false});
    r.push_back({"sgdt", {0x0f, 0x01}, 0, 0, false, "", "", "", P::parts | P::memory_only});
    r.push_back({"sidt", {0x0f, 0x01}, 1, 0, false, "", "", "", P::parts | P::memory_only});
    r.push_back({"smsw", {0x0f, 0x01}, 4, 0, true, "", "", "", P::memory_only});
    r.push_back({"mov sreg,rm", {0x8e}, -1, 0, true, "", "", "", P::last | P::level_3});
    for (int op : {0xc4, 0xc5})
        r.push_back({"les lds",
                     {low(op)},
                     -1,
                     0,
                     false,
                     "",
                     "",
                     "",
                     P::last | P::level_3 | P::parts | P::memory_only});
    for (int op : {0xb2, 0xb4})
        r.push_back({"lss lfs",
                     {0x0f, low(op)},
                     -1,
                     0,
                     false,
                     "",
                     "",
                     "",
                     P::last | P::level_3 | P::parts | P::memory_only});
    // Privileged, or sensitive to IOPL: at level 3 only, where they fault or do little.
    for (Bytes b : std::initializer_list<Bytes>{{0xf4},
                                                {0xfa},
                                                {0xfb},
                                                {0x0f, 0x06},
                                                {0x0f, 0x08},
                                                {0x0f, 0x09},
                                                {0x0f, 0x20, 0xc0},
                                                {0x0f, 0x22, 0xc0},
                                                {0x0f, 0x22, 0xd8},
                                                {0x0f, 0x23, 0xc0},
                                                {0x0f, 0x21, 0xf8},
                                                {0x0f, 0x30},
                                                {0x0f, 0x32}})
        r.push_back({"privileged", b, -2, 0, true, "", "", "", P::level_3});
    for (int op : {2, 3})
        r.push_back({"lldt ltr", {0x0f, 0x00}, op, 0, true, "", "", "", P::level_3});
    for (int op : {2, 3})
        r.push_back({"lgdt lidt",
                     {0x0f, 0x01},
                     op,
                     0,
                     false,
                     "",
                     "",
                     "",
                     P::level_3 | P::parts | P::memory_only});
    r.push_back({"lmsw", {0x0f, 0x01}, 6, 0, true, "", "", "", P::level_3});
    r.push_back({"invlpg", {0x0f, 0x01}, 7, 0, true, "", "", "", P::level_3 | P::memory_only});
}

}  // namespace

const std::vector<Row>& rows() {
    static const std::vector<Row> list = [] {
        std::vector<Row> r;
        add_arithmetic(r);
        add_shifts(r);
        add_moves(r);
        add_stack(r);
        add_flow(r);
        add_system(r);
        return r;
    }();
    return list;
}

}  // namespace sb::test
