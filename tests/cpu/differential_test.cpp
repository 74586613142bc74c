// SPDX-License-Identifier: Apache-2.0
//
// Random instructions against Unicorn: each with random registers, flags and memory; registers,
// defined flags and memory must agree afterwards. One program holds a few thousand of them, each
// writing down what it did, so that a run of either side is one run.
//
// Flags that the Intel SDM leaves undefined are masked: what we do there is in the handlers' files.
#include <unicorn/unicorn.h>

#include <catch2/catch.hpp>
#include <random>

#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using sb::test::Guest;

namespace {

constexpr uint32_t code_start = 0x100000, records = 0x300000, data_start = 0x20000;
constexpr uint32_t record_size = 64, data_size = 0x400;
constexpr unsigned snippets = 1500;

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

const std::vector<Kind>& kinds() {
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

class Generator {
  public:
    explicit Generator(uint64_t seed) : random_{seed} {}

    struct Snippet {
        std::string text;
        uint32_t undefined;
    };

    Bytes program() {
        for (unsigned n = 0; n < snippets; ++n) snippet(n);
        code_.push_back(0xf4);
        return code_;
    }
    std::vector<Snippet> list;

  private:
    uint32_t any() {
        // Values at the edges find more than values in the middle.
        static constexpr uint32_t edges[] = {0,    1,          2,          0x7f,       0x80,
                                             0xff, 0x7fff,     0x8000,     0xffff,     0x10000,
                                             31,   0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe};
        return random_() % 3 == 0 ? edges[random_() % std::size(edges)]
                                  : static_cast<uint32_t>(random_());
    }
    void put(std::initializer_list<uint32_t> bytes) {
        for (uint32_t b : bytes) code_.push_back(static_cast<uint8_t>(b));
    }
    void number(Bytes& to, uint32_t v, unsigned n) {
        for (unsigned i = 0; i < n; ++i) to.push_back(static_cast<uint8_t>(v >> (8 * i)));
    }
    void load(unsigned r, uint32_t v) {
        put({0xb8 + r});
        number(code_, v, 4);
    }

    void snippet(unsigned n) {
        const Kind& k = kinds()[random_() % kinds().size()];
        const bool narrow = !k.byte && random_() % 3 == 0;
        const bool memory = k.special == Kind::lea || k.special == Kind::bit_string ||
                            (k.memory && k.extension != -2 && random_() % 2);
        uint32_t r[8];
        for (uint32_t& v : r) v = any();
        r[esi] = data_start + random_() % 0x100 + 0x100;
        r[edi] = data_start + random_() % 0x100 + 0x100;
        if (k.special == Kind::string) r[ecx] = random_() % 9;
        const uint32_t f =
            (random_() & flag::arithmetic) | (k.special == Kind::string ? random_() & flag::df : 0);

        Bytes op;
        if (narrow) op.push_back(0x66);
        if (k.special == Kind::string && random_() % 2) op.push_back(random_() % 2 ? 0xf3 : 0xf2);
        const bool store_string = k.special == Kind::string && k.opcode[0] != 0xa6 &&
                                  k.opcode[0] != 0xa7 && k.opcode[0] < 0xae;
        if (store_string && !op.empty() && op.back() == 0xf2) op.back() = 0xf3;
        Bytes opcode = k.opcode;
        opcode.back() = static_cast<uint8_t>(opcode.back() + random_() % k.more);
        op.insert(op.end(), opcode.begin(), opcode.end());
        unsigned operand = 0;
        if (k.extension != -2) {
            unsigned reg = k.extension >= 0 ? static_cast<unsigned>(k.extension) : random_() % 8;
            // ESP keeps its value, and ESI and EDI theirs where they are addresses.
            if (k.extension < 0 && !k.byte)
                while (reg == esp) reg = random_() % 8;
            if (k.special == Kind::bit_string) {
                reg = eax;
                r[eax] = static_cast<uint32_t>(static_cast<int32_t>(random_() % 1600) - 800);
            }
            if (memory) {
                operand = r[esi] + 16;
                if (random_() % 2) {
                    op.push_back(static_cast<uint8_t>(0x46 | reg << 3));  // [esi+16]
                    op.push_back(16);
                } else {  // [esi+ebx*4+disp]
                    r[ebx] = random_() % 16;
                    op.push_back(static_cast<uint8_t>(0x84 | reg << 3));
                    op.push_back(0x9e);
                    number(op, 16, 4);
                    operand += r[ebx] * 4;
                }
            } else {
                unsigned rm = random_() % 8;
                if (!k.byte || opcode[0] == 0x0f)
                    while (rm == esp) rm = random_() % 8;
                op.push_back(static_cast<uint8_t>(0xc0 | reg << 3 | rm));
            }
        }
        if (k.immediate == 1) op.push_back(static_cast<uint8_t>(any()));
        if (k.immediate == 4) number(op, any(), narrow ? 2 : 4);
        if (k.special == Kind::divide) limit_division(k, memory, narrow, op, r, operand);

        for (unsigned i = 0; i < 8; ++i)
            if (i != esp) load(i, r[i]);
        put({0x68});  // push flags; popf
        number(code_, f, 4);
        put({0x9d});
        code_.insert(code_.end(), op.begin(), op.end());
        record(n, undefined_flags(k, op, r, narrow));
        std::string text = std::string(k.name) + ":";
        for (uint8_t b : op) text += fmt::format(" {:02x}", b);
        text += fmt::format(
            " eax={:x} ecx={:x} edx={:x} ebx={:x} ebp={:x} esi={:x} edi={:x} flags={:x}", r[0],
            r[1], r[2], r[3], r[5], r[6], r[7], f);
        list.push_back({text, 0});
    }

    /// Divisions must not fault here: the dividend's high half is made small enough.
    void limit_division(const Kind& k, bool memory, bool narrow, Bytes& op, uint32_t* r,
                        uint32_t operand) {
        (void)operand;
        const unsigned rm = op.back() & 7;
        if (memory) {  // mov [operand], 0x7b6d5b3d before it: a divisor that is not small
            load(eax, 0x7b6d5b3d);
            put({0xa3});
            number(code_, operand, 4);
        } else if (k.byte) {
            r[ebx] = 0x5d;
            op.back() = static_cast<uint8_t>((op.back() & ~7u) | 3);
        } else if (rm == eax || rm == edx) {
            op.back() = static_cast<uint8_t>((op.back() & ~7u) | 3);
            r[ebx] = 0x7b6d5b3d;
        } else {
            r[rm] = rm == esi || rm == edi ? r[rm] : 0x7b6d5b3d;
        }
        if (k.byte) {
            r[eax] = (r[eax] & ~0xffffu) | (random_() % 0x1000);
        } else if (narrow) {
            r[edx] = (r[edx] & ~0xffffu) | (random_() % 0x800);
            if (!memory && (rm == esi || rm == edi)) r[edx] &= ~0xffffu, r[eax] &= ~0xff00u;
        } else {
            r[edx] = random_() % 0x8000;
        }
    }

    uint32_t undefined_flags(const Kind& k, const Bytes& op, const uint32_t* r, bool narrow) {
        uint32_t u = k.undefined;
        if (k.special != Kind::shift) return u;
        const bool by_cl = k.immediate == 0;
        const unsigned count = (by_cl ? r[ecx] : op.back()) & 31;
        if (count == 0) return 0;
        const unsigned bits = k.byte ? 8 : narrow ? 16 : 32;
        const bool rotate = k.extension >= 0 && k.extension < 4;
        if (count == 1) u &= ~flag::of;
        if (!rotate && count >= bits) u |= flag::cf;
        if (k.extension < 0 && count > bits) u |= flag::arithmetic;
        return u;
    }

    void record(unsigned n, uint32_t undefined) {
        const uint32_t at = records + n * record_size;
        put({0x9c});  // pushf, then the registers by absolute address
        for (uint32_t i = 0; i < 8; ++i) {
            put({0x89, 0x05 | i << 3});
            number(code_, at + 4 * i, 4);
        }
        put({0x58, 0x25});  // pop eax; and eax, mask
        number(code_, flag::arithmetic & ~undefined, 4);
        put({0xa3});
        number(code_, at + 32, 4);
    }

    std::mt19937_64 random_;
    Bytes code_;
};

std::vector<uint8_t> run_unicorn(const std::vector<uint8_t>& memory, uint32_t end) {
    uc_engine* uc = nullptr;
    REQUIRE(uc_open(UC_ARCH_X86, UC_MODE_32, &uc) == UC_ERR_OK);
    uc_mem_map(uc, 0, Guest::memory_size, UC_PROT_ALL);
    uc_mem_write(uc, 0, memory.data(), memory.size());
    uint32_t sp = Guest::stack;
    uc_reg_write(uc, UC_X86_REG_ESP, &sp);
    const uc_err error = uc_emu_start(uc, code_start, end, 0, 0);
    if (error != UC_ERR_OK) {
        uint32_t at = 0;
        uc_reg_read(uc, UC_X86_REG_EIP, &at);
        std::string code;
        for (unsigned i = 0; i < 12; ++i) code += fmt::format(" {:02x}", memory[at + i]);
        throw std::runtime_error(
            fmt::format("unicorn: {} at {:x}:{}", uc_strerror(error), at, code));
    }
    std::vector<uint8_t> after(memory.size());
    uc_mem_read(uc, 0, after.data(), after.size());
    uc_close(uc);
    return after;
}

/// The first disagreement as text; empty where there is none.
std::string compare(uint64_t seed, const std::string& cache) {
    Generator generator{seed};
    const Bytes program = generator.program();
    Guest g{"ideal", {{"cache", cache}}};
    std::copy(program.begin(), program.end(), g.memory + code_start);
    std::mt19937_64 random{seed + 1};
    for (unsigned i = 0; i < data_size; ++i)
        g.memory[data_start + i] = static_cast<uint8_t>(random());
    const std::vector<uint8_t> before(g.memory, g.memory + Guest::memory_size);
    const auto end = static_cast<uint32_t>(code_start + program.size() - 1);
    const auto expected = run_unicorn(before, end);
    const Outcome& outcome = g.run(code_start, Time::s(10));
    if (outcome.kind != Outcome::Kind::halted || g.cpu.state().eip != end + 1)
        return "seed " + std::to_string(seed) + " did not reach its end: " + outcome.text +
               g.cpu.describe_state();
    for (unsigned n = 0; n < snippets; ++n) {
        const uint32_t at = records + n * record_size;
        for (unsigned i = 0; i < 9; ++i) {
            uint32_t want;
            std::memcpy(&want, expected.data() + at + 4 * i, 4);
            if (want != g.dword(at + 4 * i))
                return fmt::format("seed {} snippet {}: {}\nvalue {} is {:x}, expected {:x}", seed,
                                   n, generator.list[n].text, i, g.dword(at + 4 * i), want);
        }
    }
    for (uint32_t a = data_start; a < data_start + data_size; ++a)
        if (g.memory[a] != expected[a])
            return fmt::format("seed {}: memory at {:x} is {:x}, expected {:x}", seed, a,
                               g.memory[a], expected[a]);
    return {};
}

}  // namespace

TEST_CASE("random integer instructions agree with Unicorn") {
    // More of them by hand: SOUTHBRIDGE_SEEDS=2000 test_cpu "random*"
    const char* asked = std::getenv("SOUTHBRIDGE_SEEDS");
    const uint64_t seeds = asked ? std::strtoull(asked, nullptr, 10) : 40;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string differs =
            sb::test::isolated_text([&] { return compare(seed, seed % 4 ? "perfect" : "none"); });
        INFO(differs);
        CHECK(differs.empty());
        if (!differs.empty()) break;
    }
}
