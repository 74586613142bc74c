// SPDX-License-Identifier: Apache-2.0
//
// Single x87 instructions against the host's own unit: a random state is loaded by FRSTOR, the
// instruction runs with the guest's own control word, exceptions unmasked and all, and the state is
// saved by FNSAVE, which does not wait: so nothing that is pending is ever taken. The same bytes
// run in the guest. Control, status and tag word, all registers, EFLAGS and the memory operand must
// be equal to the bit.
//
// The simulator uses the same unit for its arithmetic, but only for that, with exceptions masked
// and one or two registers: what this checks is the stack, its faults, the tags, the condition
// codes, and all of what unmasked exceptions do. That the arithmetic itself is right is the other
// reference's part (fpu_differential_test.cpp).
//
// Where an AMD host (as the one this was written on) and the SDM differ, the SDM holds and the test
// does not look:
//   a comparison with an unmasked exception: the SDM leaves condition codes and EFLAGS as they
//   were,
//     AMD's unit sets them
//   FCOMI and its kin: the SDM clears C1, AMD's unit leaves it
#include <sys/mman.h>

#include <catch2/catch.hpp>

#include "tests/cpu/fpu_values.h"
#include "tests/support/isolated.h"

using namespace sb;
using sb::test::Guest;
using sb::test::Numbers;
using sb::test::X87Image;

namespace {

constexpr unsigned cases_per_run = 300;
constexpr uint32_t code_at = 0x100000, records_at = 0x200000, record_size = 512;
constexpr unsigned memory_bytes = 112;  // the greatest operand: FSAVE's

struct Case {
    std::vector<uint8_t> bytes;
    X87Image before, after;
    std::array<uint8_t, memory_bytes> memory_before{}, memory_after{};
    uint32_t flags_before = 0, flags_after = 0;
    bool environment = false;  // its operand has addresses, which differ
};

/// Register forms by first byte: a bit for each group of eight in `all`, single ones in `some`.
struct Forms {
    uint8_t all;
    std::vector<uint8_t> some;
    uint8_t memory;  // digits
};

const Forms forms[8] = {
    {0xff, {}, 0xff},                                                                        // D8
    {0xe3, {0xd0, 0xe0, 0xe1, 0xe4, 0xe5, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee}, 0xfd},  // D9
    {0x0f, {0xe9}, 0xff},                                                                    // DA
    {0x6f, {0xe2, 0xe3}, 0xad},                                                              // DB
    {0xff, {}, 0xff},                                                                        // DC
    {0x3f, {}, 0xdd},                                                                        // DD
    {0xf7, {0xd9}, 0xff},                                                                    // DE
    {0x6f, {}, 0xfd},                                                                        // DF
};

bool chosen(const Forms& f, unsigned byte, unsigned modrm) {
    const unsigned digit = modrm >> 3 & 7;
    // D9 C8 to CF and D9 D8 to DF are groups, D9 D0 is one: `all` has bits 0, 1 and 5 to 7 of D9.
    if (byte == 1 && digit >= 2 && digit <= 5) {
        for (uint8_t one : f.some)
            if (one == modrm) return true;
        return digit == 3;
    }
    if (f.all >> digit & 1) return true;
    for (uint8_t one : f.some)
        if (one == modrm) return true;
    return false;
}

std::vector<std::vector<uint8_t>> all_instructions() {
    std::vector<std::vector<uint8_t>> list;
    for (unsigned byte = 0; byte < 8; ++byte) {
        for (unsigned digit = 0; digit < 8; ++digit)
            if (forms[byte].memory >> digit & 1)
                list.push_back({static_cast<uint8_t>(0xd8 + byte),
                                static_cast<uint8_t>(digit << 3 | 6)});  // [esi], [rsi]
        for (unsigned modrm = 0xc0; modrm < 0x100; ++modrm)
            if (chosen(forms[byte], byte, modrm))
                list.push_back({static_cast<uint8_t>(0xd8 + byte), static_cast<uint8_t>(modrm)});
    }
    return list;
}

Case make(std::mt19937_64& random, const std::vector<uint8_t>& bytes) {
    Numbers numbers{random};
    Case c;
    c.bytes = bytes;
    c.before = numbers.image(random() % 2);
    // FBLD of what is not digits, and of a sign that is not one, is undefined.
    const bool bcd = bytes[0] == 0xdf && bytes[1] == 0x26;
    const auto m = bcd ? numbers.decimal() : numbers.memory();
    std::copy(m.begin(), m.end(), c.memory_before.begin());
    const bool loads_state = (bytes[0] == 0xd9 || bytes[0] == 0xdd) && bytes[1] == 0x26;
    if (loads_state) {
        const X87Image other = numbers.image(true);
        std::copy(other.bytes.begin(), other.bytes.end(), c.memory_before.begin());
        c.memory_before[4] = static_cast<uint8_t>(random());  // flags that may be pending
    }
    c.environment = (bytes[0] == 0xd9 || bytes[0] == 0xdd) && bytes[1] == 0x36;
    c.flags_before = 2 | (random() & 0x8d5);
    return c;
}

/// mmap'd code: frstor [rdi]; push rcx; popfq; the instruction; pushfq; pop rax; fnsave [rdx]; ret
class Native {
  public:
    Native()
        : page_{static_cast<uint8_t*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))} {}
    ~Native() { munmap(page_, 4096); }
    bool works() const { return page_ != MAP_FAILED; }

    void run(Case& c) {
        uint8_t* p = page_;
        auto put = [&](std::initializer_list<uint8_t> list) {
            for (uint8_t b : list) *p++ = b;
        };
        put({0xdd, 0x27, 0x51, 0x9d});
        for (uint8_t b : c.bytes) *p++ = b;
        put({0x9c, 0x58, 0xdd, 0x32, 0xc3});
        __builtin___clear_cache(reinterpret_cast<char*>(page_), reinterpret_cast<char*>(p));
        alignas(16) X87Image in = c.before, out{};
        c.memory_after = c.memory_before;
        uint64_t flags, before = c.flags_before;
        asm volatile("sub $128, %%rsp\n call *%[code]\n add $128, %%rsp"
                     : "=a"(flags), "+c"(before)
                     : [code] "r"(page_), "D"(in.bytes.data()), "S"(c.memory_after.data()),
                       "d"(out.bytes.data())
                     : "memory", "cc", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)",
                       "st(7)");
        c.flags_after = static_cast<uint32_t>(flags);
        c.after = out;
    }

  private:
    uint8_t* page_;
};

std::string hex(const uint8_t* p, unsigned n) {
    std::string s;
    for (unsigned i = 0; i < n; ++i) s += fmt::format("{:02x}", p[i]);
    return s;
}

std::string text(const X87Image& s) {
    std::string t = fmt::format("cw={:04x} sw={:04x} tw={:04x}", s.control(), s.status(), s.tags());
    for (unsigned i = 0; i < 8; ++i)
        t += fmt::format(" {:04x}:{:016x}", s.st(i).sign_exponent, s.st(i).significand);
    return t;
}

std::string describe(const Case& c, const X87Image& got, const uint8_t* memory, uint32_t flags) {
    return fmt::format(
        "{}\n before {}\n got    {}\n native {}\n memory before {}\n got           {}\n native     "
        "   "
        "{}\n flags {:x}, got {:x}, native {:x}",
        hex(c.bytes.data(), 2), text(c.before), text(got), text(c.after),
        hex(c.memory_before.data(), 28), hex(memory, 28), hex(c.memory_after.data(), 28),
        c.flags_before, flags, c.flags_after);
}

uint32_t record_of(size_t n) { return records_at + static_cast<uint32_t>(n) * record_size; }

void assemble(Guest& g, const std::vector<Case>& cases) {
    test::Code code = g.at(code_at);
    for (size_t n = 0; n < cases.size(); ++n) {
        const Case& c = cases[n];
        const uint32_t at = record_of(n);
        std::copy(c.before.bytes.begin(), c.before.bytes.end(), g.memory + at);
        std::copy(c.memory_before.begin(), c.memory_before.end(), g.memory + at + 128);
        code.mov(cpu::edi, at).mov(cpu::esi, at + 128).mov(cpu::edx, at + 256);
        code.bytes({0xdd, 0x27, 0x68}).dword(c.flags_before).bytes({0x9d});
        code.bytes(c.bytes);
        code.bytes({0x9c, 0x58, 0xdd, 0x32, 0xa3}).dword(at + 384);
    }
    code.hlt();
}

bool compares(const Case& c) {
    const unsigned digit = c.bytes[1] >> 3 & 7, byte = c.bytes[0] & 7;
    if (c.bytes[1] < 0xc0) return byte % 2 == 0 && (digit == 2 || digit == 3);
    switch (byte) {
        case 0:
        case 4:
        case 6:
            return digit == 2 || digit == 3;
        case 1:
            return c.bytes[1] == 0xe4;
        case 2:
            return digit == 5;
        case 5:
            return digit == 4 || digit == 5;
        default:
            return digit == 5 || digit == 6;
    }
}

/// The bits of the status word that are not looked at, for the reasons above.
uint16_t ignored_status(const Case& c) {
    const bool to_flags = (c.bytes[0] & 3) == 3 && compares(c);
    const bool stopped = c.after.status() & ~c.after.control() & 7;
    return static_cast<uint16_t>((to_flags ? 0x200 : 0) | (compares(c) && stopped ? 0x4500 : 0));
}

bool same(const Case& c, const X87Image& got, const uint8_t* memory, uint32_t flags) {
    const uint16_t ignored = ignored_status(c);
    bool equal = got.control() == c.after.control() && got.tags() == c.after.tags() &&
                 ((got.status() ^ c.after.status()) & ~ignored) == 0 &&
                 ((ignored & 0x4000) || ((flags ^ c.flags_after) & 0x8d5) == 0);
    for (unsigned i = 0; i < 8; ++i) equal = equal && got.st(i) == c.after.st(i);
    auto bytes_equal = [&](unsigned from, unsigned to) {
        return std::memcmp(memory + from, c.memory_after.data() + from, to - from) == 0;
    };
    if (!c.environment) return equal && bytes_equal(0, memory_bytes);
    const bool full = c.bytes[0] == 0xdd;
    return equal && bytes_equal(0, 12) && (!full || bytes_equal(28, 108));
}

std::string compare(uint64_t seed) {
    std::mt19937_64 random{seed};
    static const auto instructions = all_instructions();
    Native native;
    if (!native.works()) return "no executable memory";
    std::vector<Case> cases;
    for (unsigned n = 0; n < cases_per_run; ++n) {
        cases.push_back(make(random, instructions[random() % instructions.size()]));
        native.run(cases.back());
    }
    Guest g{"ideal"};
    assemble(g, cases);
    if (g.run(code_at, Time::s(1)).kind != Outcome::Kind::halted) return "the guest did not end";
    std::string differences;
    const bool all = std::getenv("SOUTHBRIDGE_ALL");
    for (size_t n = 0; n < cases.size(); ++n) {
        X87Image got;
        std::memcpy(got.bytes.data(), g.memory + record_of(n) + 256, X87Image::size);
        const uint8_t* memory = g.memory + record_of(n) + 128;
        const uint32_t flags = g.dword(record_of(n) + 384);
        if (same(cases[n], got, memory, flags)) continue;
        differences +=
            fmt::format("seed {} case {}: {}\n", seed, n, describe(cases[n], got, memory, flags));
        if (!all) break;
    }
    return differences;
}

}  // namespace

TEST_CASE("single x87 instructions agree with the host's unit to the bit") {
    // More of them by hand: SOUTHBRIDGE_SEEDS=2000 test_cpu "single x87*"
    const char* asked = std::getenv("SOUTHBRIDGE_SEEDS");
    const uint64_t seeds = asked ? std::strtoull(asked, nullptr, 10) : 40;
    for (uint64_t seed = 1; seed <= seeds; ++seed) {
        const std::string differs = sb::test::isolated_text([&] { return compare(seed); });
        INFO(differs);
        CHECK(differs.empty());
        if (!differs.empty() && !std::getenv("SOUTHBRIDGE_ALL")) break;
    }
}
