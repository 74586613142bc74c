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

#include "tests/cpu/differential/instruction_kinds.h"
#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using sb::test::Guest;

namespace {

constexpr uint32_t code_start = 0x100000, records = 0x300000, data_start = 0x20000;
constexpr uint32_t record_size = 64, data_size = 0x400;
constexpr unsigned snippets = 1500;
// Real mode: all code in one segment.
constexpr uint32_t real_code = 0x10000, real_data = 0, real_stack = 0x8000, real_entry = 0x9000;
constexpr unsigned real_snippets = 350;

class Generator {
  public:
    /// `big`: 32-bit code in flat segments; else 16-bit code in real mode, with limits of 4 GiB.
    explicit Generator(uint64_t seed, bool big = true) : big_{big}, random_{seed} {}

    struct Snippet {
        std::string text;
        uint32_t undefined;
    };

    Bytes program() {
        for (unsigned n = 0; n < (big_ ? snippets : real_snippets); ++n) snippet(n);
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
    /// Prefixes that make the rest what it is in 32-bit code.
    void operand_32() {
        if (!big_) put({0x66});
    }
    void address_32() {
        if (!big_) put({0x67});
    }
    void load(unsigned r, uint32_t v) {
        operand_32();
        put({0xb8 + r});
        number(code_, v, 4);
    }

    void snippet(unsigned n) {
        const std::vector<Kind>& list_of = big_ ? kinds() : real_kinds();
        const Kind& k = list_of[random_() % list_of.size()];
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
        if (!k.byte && narrow == big_) op.push_back(0x66);
        const bool short_address = !big_ && memory && random_() % 2;
        if (!big_ && memory && !short_address) op.push_back(0x67);
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
                operand = (short_address ? r[esi] & 0xffff : r[esi]) + 16;
                if (short_address) {
                    const bool with_bx = random_() % 2;  // [bx+si+disp16] or [si+disp8]
                    if (with_bx) r[ebx] = random_() % 16;
                    operand += with_bx ? r[ebx] : 0;
                    op.push_back(static_cast<uint8_t>((with_bx ? 0x80 : 0x44) | reg << 3));
                    number(op, 16, with_bx ? 2 : 1);
                } else if (random_() % 2) {
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
        operand_32();
        put({0x68});  // push flags; popf
        number(code_, f, 4);
        operand_32();
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
            operand_32();
            address_32();
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
        operand_32();
        put({0x9c});  // pushf, then the registers by absolute address
        for (uint32_t i = 0; i < 8; ++i) {
            operand_32();
            address_32();
            put({0x89, 0x05 | i << 3});
            number(code_, at + 4 * i, 4);
        }
        operand_32();
        put({0x58});  // pop eax; and eax, mask
        operand_32();
        put({0x25});
        number(code_, flag::arithmetic & ~undefined, 4);
        operand_32();
        address_32();
        put({0xa3});
        number(code_, at + 32, 4);
    }

    const bool big_;
    std::mt19937_64 random_;
    Bytes code_;
};

/// How the two sides are set up alike.
enum class Setup { flat, paged, real };

// Page tables for Setup::paged: all of memory is mapped to itself. Unicorn 2.0 walks the tables and
// marks them, but then accesses memory at the linear address: that pages can be elsewhere is tested
// in paging_test.cpp.
constexpr uint32_t directory = 0x3f0000;

void build_tables(uint8_t* memory) {
    auto put = [&](uint32_t at, uint32_t v) { std::memcpy(memory + at, &v, 4); };
    put(directory, (directory + 0x1000) | 7);
    for (uint32_t n = 0; n < 1024; ++n) put(directory + 0x1000 + 4 * n, n << 12 | 7);
}

std::vector<uint8_t> run_unicorn(const std::vector<uint8_t>& memory, uint32_t end, Setup setup) {
    uc_engine* uc = nullptr;
    const bool real = setup == Setup::real;
    REQUIRE(uc_open(UC_ARCH_X86, real ? UC_MODE_16 : UC_MODE_32, &uc) == UC_ERR_OK);
    uc_mem_map(uc, 0, Guest::memory_size, UC_PROT_ALL);
    uc_mem_write(uc, 0, memory.data(), memory.size());
    uint32_t sp = real ? real_stack : Guest::stack;
    uc_reg_write(uc, UC_X86_REG_ESP, &sp);
    uint32_t start = code_start;
    if (real) {
        start = real_entry;  // a far jump: what a write of CS from outside does is not documented
    }
    if (setup == Setup::paged) {
        uint32_t cr3 = directory, cr0 = 0x80000011;
        uc_reg_write(uc, UC_X86_REG_CR3, &cr3);
        uc_reg_write(uc, UC_X86_REG_CR0, &cr0);
    }
    const uc_err error = uc_emu_start(uc, start, end, 0, 0);
    if (error != UC_ERR_OK) {
        uint32_t at = 0;
        uc_reg_read(uc, UC_X86_REG_EIP, &at);
        if (real) at += real_code;
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

void set_up(Guest& g, Setup setup) {
    cpu::State& s = g.cpu.state();
    if (setup == Setup::paged) {
        s.cr3 = directory;
        s.cr0 |= cr0::pg;
    }
    if (setup != Setup::real) return;
    g.cpu.reset();
    for (unsigned n = 0; n < 6; ++n) {
        s.segments[n].selector = n == cs ? real_code >> 4 : 0;
        s.segments[n].base = n == cs ? real_code : 0;
        s.segments[n].limit = n == cs ? 0xffff : 0xffffffff;  // Unicorn has none here
        s.segments[n].refresh();
    }
    s.regs[esp] = real_stack;
}

/// The first disagreement as text; empty where there is none.
std::string compare(uint64_t seed, const std::string& cache, Setup setup = Setup::flat) {
    const bool real = setup == Setup::real;
    Generator generator{seed, !real};
    const Bytes program = generator.program();
    Guest g{"ideal", {{"cache", cache}}};
    const uint32_t start = real ? real_code : code_start;
    std::copy(program.begin(), program.end(), g.memory + start);
    std::mt19937_64 random{seed + 1};
    for (uint32_t at : {data_start, real_data, 0x60000u})
        for (unsigned i = 0; i < (at == real_data && !real ? 0 : data_size); ++i)
            g.memory[at + i] = static_cast<uint8_t>(random());
    if (setup == Setup::paged) build_tables(g.memory);
    g.at(real_entry).bytes({0xea, 0, 0, real_code >> 4 & 0xff, real_code >> 12});
    const std::vector<uint8_t> before(g.memory, g.memory + Guest::memory_size);
    const auto end = static_cast<uint32_t>(start + program.size() - 1);
    if (real && program.size() > 0xfff0) return "the program is too long for its segment";
    const auto expected = run_unicorn(before, end, setup);
    set_up(g, setup);
    const uint32_t base = real ? real_code : 0;
    const Outcome& outcome = g.run(start - base, Time::s(10));
    if (outcome.kind != Outcome::Kind::halted || g.cpu.state().eip != end + 1 - base)
        return "seed " + std::to_string(seed) + " did not reach its end: " + outcome.text +
               g.cpu.describe_state();
    for (unsigned n = 0; n < generator.list.size(); ++n) {
        const uint32_t at = records + n * record_size;
        for (unsigned i = 0; i < 9; ++i) {
            uint32_t want;
            std::memcpy(&want, expected.data() + at + 4 * i, 4);
            if (want != g.dword(at + 4 * i))
                return fmt::format("seed {} snippet {}: {}\nvalue {} is {:x}, expected {:x}", seed,
                                   n, generator.list[n].text, i, g.dword(at + 4 * i), want);
        }
    }
    // All of memory, the page tables with their accessed and dirty bits too; but not what is left
    // of pushed flags, undefined ones among them, below the stack.
    const uint32_t top = real ? real_stack : Guest::stack;
    for (uint32_t a = 0; a < Guest::memory_size; ++a)
        if (g.memory[a] != expected[a] && a - (top - 0x100) >= 0x200)
            return fmt::format("seed {}: memory at {:x} is {:x}, expected {:x}", seed, a,
                               g.memory[a], expected[a]);
    return {};
}

void compare_all(Setup setup, uint64_t least) {
    // More of them by hand: SOUTHBRIDGE_SEEDS=2000 test_cpu "random*"
    const char* asked = std::getenv("SOUTHBRIDGE_SEEDS");
    const uint64_t seeds = asked ? std::strtoull(asked, nullptr, 10) : least;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string differs = sb::test::isolated_text(
            [&] { return compare(seed, seed % 4 ? "perfect" : "none", setup); });
        INFO(differs);
        CHECK(differs.empty());
        if (!differs.empty()) break;
    }
}

}  // namespace

TEST_CASE("random integer instructions agree with Unicorn") { compare_all(Setup::flat, 40); }
TEST_CASE("random integer instructions behind page tables agree with Unicorn") {
    compare_all(Setup::paged, 10);
}
TEST_CASE("random 16-bit instructions in real mode agree with Unicorn") {
    compare_all(Setup::real, 60);
}
