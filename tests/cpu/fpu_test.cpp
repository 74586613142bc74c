// SPDX-License-Identifier: Apache-2.0
//
// The x87 unit as the processor has it: what the manual says of control word, exceptions, stack,
// formats and condition codes (Intel SDM volume 1, chapter 8), and when its instructions raise #NM
// and #MF or drive FERR# (volume 3, 2.5; volume 1, appendix D). Values are written out by hand from
// the definitions of the formats; what random instructions do is compared elsewhere
// (fpu_native_test.cpp, fpu_differential_test.cpp).
#include <catch2/catch.hpp>

#include "tests/cpu/fpu_values.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using sb::test::Extended;
using sb::test::Guest;
using sb::test::isolated;

namespace {

constexpr uint32_t code_at = 0x1000, data_at = 0x20000, image_at = 0x21000;
using Bytes = std::vector<uint8_t>;

constexpr Extended one{1ull << 63, 0x3fff}, minus_one{1ull << 63, 0xbfff}, zero{0, 0},
    infinity{1ull << 63, 0x7fff}, indefinite{3ull << 62, 0xffff}, least_denormal{1, 0},
    least_normal{1ull << 63, 1}, greatest{~0ull, 0x7ffe}, quiet{0xc000000000000001, 0x7fff},
    signalling{0xa000000000000000, 0x7fff}, three{3ull << 62, 0x4000};

struct Unit {
    uint16_t control = 0, status = 0, tags = 0;
    Extended st[8];
    uint8_t memory[16] = {};
    uint32_t eax = 0;
    int vector = -1;
};

/// Runs `code` at 32 bits with `values` on the stack (the first is ST(0)), and looks at the unit
/// itself. Operands are at [esi].
Unit run(const std::vector<Extended>& values, uint16_t control, const Bytes& code,
         const Bytes& operand = {}) {
    return isolated([&] {
        Guest g{"ideal"};
        fpu::State& f = g.cpu.state().fpu;
        for (size_t n = values.size(); n-- > 0;) f.push(values[n]);
        f.set_control(control);
        std::copy(operand.begin(), operand.end(), g.memory + data_at);
        g.cpu.state().regs[esi] = data_at;
        g.at(code_at).bytes(code).hlt();
        g.run(code_at);
        Unit u;
        u.control = f.control;
        u.status = f.status_word();
        u.tags = f.tag_word();
        for (unsigned i = 0; i < 8; ++i) u.st[i] = f.st(i);
        std::memcpy(u.memory, g.memory + data_at, sizeof u.memory);
        u.eax = g.reg(eax);
        return u;
    });
}

Bytes bytes_of(uint64_t v, unsigned n) {
    Bytes b;
    for (unsigned i = 0; i < n; ++i) b.push_back(static_cast<uint8_t>(v >> (8 * i)));
    return b;
}

}  // namespace

TEST_CASE("x87 state after reset and after FNINIT") {
    const auto f = isolated([] {
        Guest g{"486"};
        g.cpu.reset();
        return g.cpu.state().fpu;
    });
    CHECK(f.control == 0x40);  // SDM volume 3, table 9-1
    CHECK(f.status_word() == 0);
    CHECK(f.tag_word() == 0x5555);
    const Unit u = run({one, one}, 0, {0xdb, 0xe3});
    CHECK(u.control == 0x37f);
    CHECK(u.status == 0);
    CHECK(u.tags == 0xffff);
}

TEST_CASE("x87 FXAM tells the classes apart") {
    struct Row {
        Extended value;
        uint16_t codes;  // C3, C2, C1, C0
    };
    constexpr uint16_t c0 = 0x100, c1 = 0x200, c2 = 0x400, c3 = 0x4000;
    const Row rows[] = {{one, c2},
                        {minus_one, c2 | c1},
                        {zero, c3},
                        {{0, 0x8000}, c3 | c1},
                        {infinity, c2 | c0},
                        {{1ull << 63, 0xffff}, c2 | c1 | c0},
                        {quiet, c0},
                        {signalling, c0},
                        {indefinite, c1 | c0},
                        {least_denormal, c3 | c2},
                        {{1ull << 63, 0}, c3 | c2},  // pseudo-denormal
                        {{1ull << 62, 0x3fff}, 0},   // unnormal
                        {{1ull << 62, 0x7fff}, 0},   // pseudo-NaN
                        {{0, 0xffff}, c1}};          // pseudo-infinity
    for (const Row& row : rows) {
        INFO(std::hex << row.value.sign_exponent << ':' << row.value.significand);
        CHECK((run({row.value}, 0x37f, {0xd9, 0xe5}).status & 0x4700) == row.codes);
    }
    CHECK((run({}, 0x37f, {0xd9, 0xe5}).status & 0x4500) == (c3 | c0));
}

TEST_CASE("x87 rounding and precision control") {
    // 1/3 and -1/3 in binary are 1.0101..., so of the last bit kept the rounding is known.
    struct Row {
        uint16_t precision, rounding;
        uint64_t plus, minus;
    };
    constexpr uint64_t down24 = 0xaaaaaa0000000000, up24 = 0xaaaaab0000000000,
                       down53 = 0xaaaaaaaaaaaaa800, up53 = 0xaaaaaaaaaaaab000,
                       down64 = 0xaaaaaaaaaaaaaaaa, up64 = 0xaaaaaaaaaaaaaaab;
    const Row rows[] = {
        {0x000, 0x000, up24, up24},     {0x000, 0x400, down24, up24},
        {0x000, 0x800, up24, down24},   {0x000, 0xc00, down24, down24},
        {0x200, 0x000, down53, down53}, {0x200, 0x400, down53, up53},
        {0x200, 0x800, up53, down53},   {0x200, 0xc00, down53, down53},
        {0x300, 0x000, up64, up64},     {0x300, 0x400, down64, up64},
        {0x300, 0x800, up64, down64},   {0x300, 0xc00, down64, down64},
    };
    for (const Row& row : rows) {
        const auto control = static_cast<uint16_t>(0x7f | row.precision | row.rounding);
        INFO("control word " << std::hex << control);
        for (const Extended& numerator : {one, minus_one}) {
            const Unit u = run({numerator, three}, control, {0xd8, 0xf1});  // fdiv st, st(1)
            const bool minus = numerator.negative();
            const uint64_t significand = minus ? row.minus : row.plus;
            CHECK(u.st[0] == Extended{significand, static_cast<uint16_t>(minus ? 0xbffd : 0x3ffd)});
            CHECK((u.status & 0x3f) == 0x20);  // PE
            // C1 says that the significand was made greater.
            const bool up = significand == up24 || significand == up53 || significand == up64;
            CHECK(static_cast<bool>(u.status & 0x200) == up);
        }
    }
}

namespace {

struct Exception {
    const char* name;
    std::vector<Extended> stack;
    Bytes code;
    uint16_t flag;
    uint16_t masked;  // the status word's exceptions and SF afterwards
    Extended result;  // of the masked response
    uint16_t unmasked;
    Extended kept;  // ST(0) where the exception is unmasked
};

const Exception exceptions[] = {
    {"signalling NaN",
     {signalling, one},
     {0xd8, 0xc1},
     0x01,
     0x01,
     {0xe000000000000000, 0x7fff},
     0x81,
     signalling},
    {"infinity less infinity",
     {infinity, infinity},
     {0xd8, 0xe1},
     0x01,
     0x01,
     indefinite,
     0x81,
     infinity},
    {"root of -1", {minus_one}, {0xd9, 0xfa}, 0x01, 0x01, indefinite, 0x81, minus_one},
    {"zero by zero", {zero, zero}, {0xd8, 0xf1}, 0x01, 0x01, indefinite, 0x81, zero},
    {"one by zero", {one, zero}, {0xd8, 0xf1}, 0x04, 0x04, infinity, 0x84, one},
    {"a denormal",
     {least_denormal, one},
     {0xd8, 0xc9},
     0x02,
     0x02,
     least_denormal,
     0x82,
     least_denormal},
    // Masked: infinity; unmasked: the exponent less 24576, 0x6000 (SDM volume 1, 8.5.4).
    {"overflow",
     {greatest, three},
     {0xd8, 0xc9},
     0x08,
     0x28,
     infinity,
     0xa8,
     {0xbfffffffffffffff, 0x2000}},
    // Half of the least normal number is exact as a denormal: no UE where it is masked; unmasked it
    // is reported, with the exponent more by 24576 (8.5.5).
    {"underflow",
     {least_normal, {1ull << 63, 0x3ffe}},
     {0xd8, 0xc9},
     0x10,
     0x00,
     {1ull << 62, 0},
     0x90,
     {1ull << 63, 0x6000}},
    {"precision",
     {one, three},
     {0xd8, 0xf1},
     0x20,
     0x20,
     {0xaaaaaaaaaaaaaaab, 0x3ffd},
     0xa0,
     {0xaaaaaaaaaaaaaaab, 0x3ffd}},
    {"an empty register", {one}, {0xd8, 0xc3}, 0x01, 0x41, indefinite, 0xc1, one},
    {"no room",
     {one, one, one, one, one, one, one, three},
     {0xd9, 0xe8},
     0x01,
     0x241,
     indefinite,
     0x2c1,
     one},
};

}  // namespace

TEST_CASE("x87 exceptions have their masked and unmasked responses") {
    for (const Exception& e : exceptions) {
        INFO(e.name);
        const Unit masked = run(e.stack, 0x37f, e.code);
        const uint16_t looked_at = e.masked & 0x40 ? 0x2ff : 0xff;
        CHECK((masked.status & looked_at) == e.masked);
        CHECK(masked.st[0] == e.result);
        const Unit unmasked = run(e.stack, static_cast<uint16_t>(0x37f & ~e.flag), e.code);
        CHECK((unmasked.status & looked_at) == e.unmasked);
        CHECK(unmasked.st[0] == e.kept);
        CHECK(static_cast<bool>(unmasked.status & 0x8000));  // B follows ES
    }
}

TEST_CASE("an unmasked exception keeps a store from memory and from popping") {
    struct Row {
        const char* name;
        Extended value;
        uint16_t control;
        Bytes code;
        uint64_t stored;  // where it is masked
        unsigned size;
    };
    const Row rows[] = {
        {"overflow of m32", greatest, 0x377, {0xd9, 0x1e}, 0x7f800000, 4},
        {"underflow of m64", least_normal, 0x36f, {0xdd, 0x1e}, 0, 8},
        {"signalling NaN to m32", signalling, 0x37e, {0xd9, 0x1e}, 0x7fe00000, 4},
        {"an integer that is too great", greatest, 0x37e, {0xdb, 0x1e}, 0x80000000, 4},
        {"a word that is too great", {0x8000000000000000, 0x400e}, 0x37e, {0xdf, 0x1e}, 0x8000, 2},
        {"64 bits of an infinity", infinity, 0x37e, {0xdf, 0x3e}, 1ull << 63, 8},
    };
    const Bytes before = bytes_of(0x1122334455667788, 8);
    for (const Row& row : rows) {
        INFO(row.name);
        const Unit masked = run({row.value}, 0x37f, row.code, before);
        CHECK(Bytes(masked.memory, masked.memory + row.size) == bytes_of(row.stored, row.size));
        CHECK(masked.tags == 0xffff);
        const Unit unmasked = run({row.value}, row.control, row.code, before);
        CHECK(Bytes(unmasked.memory, unmasked.memory + 8) == before);
        CHECK(unmasked.tags != 0xffff);
        CHECK((unmasked.status & 0x80) == 0x80);
    }
}

TEST_CASE("x87 packed decimals") {
    const Bytes digits{0x21, 0x43, 0x65, 0x87, 0x09, 0x21, 0x43, 0x65, 0x07, 0x80};
    // -76543210987654321 is -0x10ff0a5af4e58b1 (57 bits), normalised by 7 bits.
    const Unit loaded = run({}, 0x37f, {0xdf, 0x26}, digits);
    const uint64_t integer = 76543210987654321;
    const auto shift = static_cast<unsigned>(std::countl_zero(integer));
    CHECK(loaded.st[0] == Extended{integer << shift, static_cast<uint16_t>(0xbfff + 63 - shift)});
    const Unit stored = run({}, 0x37f, {0xdf, 0x26, 0xdf, 0x36}, digits);
    CHECK(Bytes(stored.memory, stored.memory + 10) == digits);
    CHECK(stored.tags == 0xffff);
    const Unit none = run({infinity}, 0x37f, {0xdf, 0x36});
    CHECK(Bytes(none.memory, none.memory + 10) == Bytes{0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff});
    CHECK((none.status & 1) == 1);
}

TEST_CASE("x87 FPREM reduces by up to 63 powers of two at a time") {
    // 2^100 rem 3: incomplete first, then 1 (2^100 mod 3), with a quotient that is odd.
    const Extended big{1ull << 63, 0x3fff + 100};
    const Unit first = run({big, three}, 0x37f, {0xd9, 0xf8});
    CHECK((first.status & 0x400) == 0x400);
    const Unit whole = run({big, three}, 0x37f, {0xd9, 0xf8, 0xdf, 0xe0, 0x9e, 0x7a, 0xf9});
    CHECK((whole.status & 0x400) == 0);
    CHECK(whole.st[0] == one);
    // 7 rem 4 is 3 with a quotient of 1: C1 (bit 0). IEEE's remainder is -1 with 2: C3 (bit 1).
    const Extended seven{7ull << 61, 0x4001}, four{1ull << 63, 0x4001};
    const Unit truncated = run({seven, four}, 0x37f, {0xd9, 0xf8});
    CHECK(truncated.st[0] == three);
    CHECK((truncated.status & 0x4700) == 0x200);
    const Unit nearest = run({seven, four}, 0x37f, {0xd9, 0xf5});
    CHECK(nearest.st[0] == minus_one);
    CHECK((nearest.status & 0x4700) == 0x4000);
}

TEST_CASE("x87 FXTRACT and FSCALE undo each other") {
    const Extended v{0xc90fdaa22168c235, 0xc000};  // -pi
    const Unit parts = run({v}, 0x37f, {0xd9, 0xf4});
    CHECK(parts.st[0] == Extended{0xc90fdaa22168c235, 0xbfff});
    CHECK(parts.st[1] == one);
    CHECK(run({v}, 0x37f, {0xd9, 0xf4, 0xd9, 0xfd}).st[0] == v);
    const Unit nothing = run({zero}, 0x37f, {0xd9, 0xf4});
    CHECK(nothing.st[0] == zero);
    CHECK(nothing.st[1] == Extended{1ull << 63, 0xffff});
    CHECK((nothing.status & 0x3f) == 0x04);
}

TEST_CASE("x87 comparisons set the flags of the processor by SAHF and FCOMI") {
    struct Row {
        Extended a, b;
        uint32_t flags;  // ZF 40, PF 4, CF 1
        uint16_t ordered;
    };
    const Row rows[] = {{one, three, 0x01, 0},
                        {three, one, 0x00, 0},
                        {one, one, 0x40, 0},
                        {zero, {0, 0x8000}, 0x40, 0},
                        {quiet, one, 0x45, 1}};
    for (const Row& row : rows) {
        // fcom st(1); fnstsw ax; sahf; pushf; pop eax
        const Unit sahf = run({row.a, row.b}, 0x37f, {0xd8, 0xd1, 0xdf, 0xe0, 0x9e, 0x9c, 0x58});
        CHECK((sahf.eax & 0x45) == row.flags);
        CHECK((sahf.status & 1) == row.ordered);
        // fucomi st, st(1); pushf; pop eax
        const Unit direct = run({row.a, row.b}, 0x37f, {0xdb, 0xe9, 0x9c, 0x58});
        CHECK((direct.eax & 0x8d5) == row.flags);
        CHECK((direct.status & 1) == 0);  // a quiet NaN is not invalid for an unordered one
    }
}

TEST_CASE("the x87's reserved control bits can not be written") {
    const Unit u = run({}, 0x37f, {0xd9, 0x2e, 0xd9, 0x3e}, {0xff, 0xff});
    CHECK(bytes_of(0x1f7f, 2) == Bytes(u.memory, u.memory + 2));
    CHECK(bytes_of(0x0040, 2) == [] {
        const Unit z = run({}, 0x37f, {0xd9, 0x2e, 0xd9, 0x3e}, {0, 0});
        return Bytes(z.memory, z.memory + 2);
    }());
}

TEST_CASE("the host's floating-point state is left as it was") {
    struct State {
        uint16_t control_before, control_after, tags;
        uint32_t mxcsr_before, mxcsr_after;
    };
    const State s = isolated([] {
        State r{};
        asm volatile("fnstcw %0" : "=m"(r.control_before));
        asm volatile("stmxcsr %0" : "=m"(r.mxcsr_before));
        Guest g{"ideal"};
        g.at(code_at)
            .bytes({0xd9, 0x2d})
            .dword(data_at)                               // everything unmasked, to zero, 24 bits
            .bytes({0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9})  // 1/0: pending
            .hlt();
        g.at(data_at).word(0x0c40);
        g.run(code_at);
        std::array<uint8_t, 28> environment;
        asm volatile("fnstcw %0" : "=m"(r.control_after));
        asm volatile("stmxcsr %0" : "=m"(r.mxcsr_after));
        asm volatile("fnstenv %0\n fldenv %0" : "=m"(environment));
        std::memcpy(&r.tags, environment.data() + 8, 2);
        return r;
    });
    CHECK(s.control_before == s.control_after);
    CHECK(s.mxcsr_before == s.mxcsr_after);
    CHECK(s.tags == 0xffff);
}

// SDM volume 2, FXSAVE: layout of the image; one tag bit a register, by physical number.
TEST_CASE("FXSAVE writes the unit as it is, and FXRSTOR takes it back") {
    Guest g{"p6"};
    fpu::State& f = g.cpu.state().fpu;
    f.initialize();
    f.push(three);
    f.push(minus_one);  // registers 7 and 6
    f.set_control(0x027f);
    f.opcode = 0x123;
    f.code_selector = 0x8, f.code_offset = 0x11223344;
    f.data_selector = 0x10, f.data_offset = 0x55667788;
    std::fill_n(g.memory + image_at, 512, uint8_t{0xcc});
    g.cpu.state().regs[esi] = image_at;
    // fxsave [esi]; fninit; fxrstor [esi]; hlt
    g.at(code_at).bytes({0x0f, 0xae, 0x06, 0xdb, 0xe3, 0x0f, 0xae, 0x0e}).hlt();
    g.run(code_at);
    const uint8_t* m = g.memory + image_at;
    CHECK(Bytes(m, m + 24) == Bytes{0x7f, 0x02, 0x00, 0x30, 0xc0, 0x00, 0x23, 0x01,
                                    0x44, 0x33, 0x22, 0x11, 0x08, 0x00, 0x00, 0x00,
                                    0x88, 0x77, 0x66, 0x55, 0x10, 0x00, 0x00, 0x00});
    CHECK(Bytes(m + 24, m + 32) == Bytes(8, 0xcc));  // MXCSR: there is no SSE
    // ST(0) and ST(1), each in 16 bytes.
    CHECK(Bytes(m + 32, m + 42) == Bytes{0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0xbf});
    CHECK(Bytes(m + 48, m + 58) == Bytes{0, 0, 0, 0, 0, 0, 0, 0xc0, 0x00, 0x40});
    CHECK(Bytes(m + 160, m + 512) == Bytes(352, 0xcc));
    CHECK(f.control == 0x027f);
    CHECK(f.top == 6);
    CHECK(f.used == 0xc0);
    CHECK(f.opcode == 0x123);
    CHECK(f.code_offset == 0x11223344);
    CHECK(f.data_selector == 0x10);
    CHECK(f.st(0).significand == minus_one.significand);
    CHECK(f.st(1).sign_exponent == three.sign_exponent);
}
