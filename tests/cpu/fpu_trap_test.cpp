// SPDX-License-Identifier: Apache-2.0
//
// The x87 unit among the rest of the processor: #NM by EM, MP and TS, #MF and FERR#, processors
// without one, environments in memory, clocks, saved machines.
#include <catch2/catch.hpp>

#include "tests/cpu/fpu_values.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using namespace sb::literals;
using sb::test::Guest;
using sb::test::isolated;
using sb::test::isolated_text;

namespace {

using Bytes = std::vector<uint8_t>;
constexpr uint32_t code_at = 0x1000, data_at = 0x20000;

/// fninit; fldcw [data]: all unmasked; fld1; fldz; fdivp: 1/0 is pending
const Bytes pending{0xdb, 0xe3, 0xd9, 0x2d, 0, 0, 2, 0, 0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9};

/// Gates that write the vector down at 6000h and the return address at 6004h, and halt.
void catch_faults(Guest& g) {
    for (unsigned v = 0; v < 0x20; ++v) {
        const uint32_t at = 0x8000 + 0x20 * v;
        g.gate(v, at);
        g.at(at)
            .bytes({0xc7, 0x05})
            .dword(0x6000)
            .dword(v + 1)  // mov [6000h], vector + 1
            .bytes({0x8f, 0x05})
            .dword(0x6004)  // pop [6004h]
            .hlt();
    }
}

struct Trap {
    int vector;
    uint32_t offset;
};

Trap trap_of(const Bytes& code, uint32_t cr0_bits, test::Settings settings = {}) {
    return isolated([&] {
        Guest g{"ideal", settings};
        catch_faults(g);
        g.at(data_at).word(0x340);
        g.cpu.state().cr0 |= cr0_bits;
        g.at(code_at).bytes(code).hlt();
        g.run(code_at);
        return Trap{static_cast<int>(g.dword(0x6000)) - 1, g.dword(0x6004) - code_at};
    });
}

Bytes joined(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

}  // namespace

TEST_CASE("EM and TS and MP make x87 instructions trap as the manual says") {
    struct Row {
        uint32_t cr0_bits;
        int escape, wait;  // SDM volume 3, table 2-2; -1: executed
    };
    const Row rows[] = {{0, -1, -1},
                        {cr0::ts, 7, -1},
                        {cr0::mp, -1, -1},
                        {cr0::mp | cr0::ts, 7, 7},
                        {cr0::em, 7, -1},
                        {cr0::em | cr0::ts, 7, -1},
                        {cr0::em | cr0::mp, 7, -1},
                        {cr0::em | cr0::mp | cr0::ts, 7, 7}};
    for (const Row& row : rows) {
        INFO("CR0 " << std::hex << row.cr0_bits);
        CHECK(trap_of({0xd9, 0xe8}, row.cr0_bits).vector == row.escape);
        CHECK(trap_of({0xdf, 0xe0}, row.cr0_bits).vector == row.escape);  // FNSTSW AX too
        CHECK(trap_of({0x9b}, row.cr0_bits).vector == row.wait);
    }
    CHECK(trap_of({0x0f, 0x06, 0xd9, 0xe8}, cr0::ts).vector == -1);  // clts
}

TEST_CASE("a pending x87 exception is MF at the next instruction that waits") {
    const auto n = static_cast<uint32_t>(pending.size());
    struct Row {
        const char* name;
        Bytes code;
        int vector;
        uint32_t offset;
    };
    const Row rows[] = {
        {"nothing more", {}, -1, 0},
        {"integer code", {0x40, 0x41}, -1, 0},
        {"fwait", {0x90, 0x9b}, 16, n + 1},
        {"fld1", {0xd9, 0xe8}, 16, n},
        {"fldcw", {0xd9, 0x2d, 0, 0, 2, 0}, 16, n},
        {"fnop", {0xd9, 0xd0}, 16, n},
        {"a load whose operand would fault", {0x26, 0xd9, 0x05, 0, 0, 0, 0xff}, 16, n},
        {"fnstsw, fnstcw, fnclex, fwait",
         {0xdf, 0xe0, 0xd9, 0x3d, 0, 1, 2, 0, 0xdb, 0xe2, 0x9b},
         -1,
         0},
        {"fninit, fwait", {0xdb, 0xe3, 0x9b}, -1, 0},
        {"fnstenv, fwait: it masks all", {0xd9, 0x35, 0, 1, 2, 0, 0x9b}, -1, 0},
        {"fnsave, fwait", {0xdd, 0x35, 0, 1, 2, 0, 0x9b}, -1, 0},
    };
    for (const Row& row : rows) {
        INFO(row.name);
        const Trap t = trap_of(joined(pending, row.code), cr0::ne);
        CHECK(t.vector == row.vector);
        if (row.vector >= 0) CHECK(t.offset == row.offset);
    }
    // A control word that unmasks what has happened makes it pending.
    const Bytes later{0xdb, 0xe3, 0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9, 0xd9, 0x2d, 0, 0, 2, 0, 0x9b};
    CHECK(trap_of(later, cr0::ne).vector == 16);
    // #NM comes before #MF.
    CHECK(
        trap_of(joined(pending, {0x0f, 0x20, 0xc0, 0x83, 0xc8, 0x08, 0x0f, 0x22, 0xc0, 0xd9, 0xe8}),
                cr0::ne)
            .vector == 7);
}

namespace {

/// What a PC's board does with FERR#: an interrupt, and port 18h for IGNNE#.
class ErrorLogic : public Component,
                   public bus::LineSink,
                   public bus::InterruptAcknowledge,
                   public bus::Target {
  public:
    explicit ErrorLogic(Guest& g)
        : Component{g.board.sim, "errors"}, socket{*this, "socket", *this} {
        g.cpu.connect_ferr(g.board.board.line("ferr"));
        g.board.board.line("ferr").connect(*this, 0);
        intr.connect(g.board.board.line("intr"));
        g.board.board.line("intr").connect(g.cpu, Cpu::intr);
        ignne.connect(g.board.board.line("ignne"));
        g.board.board.line("ignne").connect(g.cpu, Cpu::ignne);
        g.cpu.connect_acknowledge(*this);
        g.board.ports.map(0x18, 4, g.board.ports.attach(socket), "errors");
    }
    void line_changed(unsigned, bool asserted) override {
        log += fmt::format("{} ferr {}\n", now().ps(), asserted);
        if (asserted && delay != Time{})
            timer.arm_after(delay);
        else if (asserted)
            intr.set(true);
        else
            ignne.set(false);
    }
    uint8_t acknowledge(sc_core::sc_time&) override {
        log += fmt::format("{} taken\n", now().ps());
        intr.set(false);
        return 0x40;
    }
    void transport(bus::Payload& p, sc_core::sc_time& time) override {
        ignne.set(true);
        time += (100_ns).sc();
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    bus::TargetSocket socket;
    bus::Pin intr{*this, "intr"}, ignne{*this, "ignne"};
    Timer timer{*this, "timer", [this] { intr.set(true); }};
    Time delay;
    std::string log;
};

/// Divides by zero over and over; the handler counts, acknowledges and clears.
std::string error_loop(bool lockstep, Time delay, const char* cache) {
    Guest g{"486", {{"cache", cache}}};
    g.board.sim.set_lockstep(lockstep);
    ErrorLogic logic{g};
    logic.delay = delay;
    g.at(data_at).word(0x37b);
    g.gate(0x40, 0x3000);
    g.at(0x3000)
        .bytes({0x50, 0xff, 0x05})
        .dword(0x21000)  // push eax; inc [21000h]
        .bytes({0x8b, 0x44, 0x24, 0x04, 0xa3})
        .dword(0x21004)                    // the return address
        .bytes({0xe6, 0x18})               // IGNNE#
        .bytes({0xd9, 0xd0})               // fnop waits, and is let pass
        .bytes({0xdb, 0xe2, 0x58, 0xcf});  // fnclex; pop eax; iret
    g.at(code_at)
        .bytes({0xdb, 0xe3, 0xd9, 0x2d})
        .dword(data_at)
        .bytes({0xfb})
        .mov(ecx, 5)
        .bytes({0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9})  // 1100eh: fld1; fldz; fdivp
        .bytes({0xdd, 0xd8, 0xdd, 0xd8})              // fstp st(0), twice: the first waits
        .bytes({0x40, 0xe2, 0xf3, 0xfa})
        .hlt();
    const Outcome& outcome = g.run(code_at);
    return logic.log +
           fmt::format("{} {} cycles, {} instructions, {} interrupts, halted {}, at {:x}, sum {}",
                       name(outcome.kind), g.cpu.cycles(), g.cpu.instructions(), g.dword(0x21000),
                       g.spent(Cause::halted), g.dword(0x21004),
                       g.cpu.attribution().total().total() == g.cpu.cycles());
}

}  // namespace

TEST_CASE("without NE an x87 exception asserts FERR and waits for the interrupt") {
    for (const char* cache : {"perfect", "none"}) {
        for (Time delay : {Time{}, 500_ns, Time::us(7)}) {
            const std::string fast = isolated_text([&] { return error_loop(false, delay, cache); });
            const std::string step = isolated_text([&] { return error_loop(true, delay, cache); });
            CHECK(fast == step);
            INFO(fast);
            CHECK(fast.find("halted ") != std::string::npos);
            CHECK(fast.find(" 5 interrupts") != std::string::npos);
            CHECK(fast.find("sum true") != std::string::npos);
            // Where the interrupt takes its time, the processor waits before the FSTP.
            const bool waited = fast.find("halted 0,") == std::string::npos;
            CHECK(waited == (delay != Time{}));
            if (waited) CHECK(fast.find("at 1014,") != std::string::npos);
        }
    }
}

TEST_CASE("an x87 exception that nobody can report ends the run with its reason") {
    Guest g{"486"};
    g.at(data_at).word(0x340);
    g.at(code_at).bytes(pending).bytes({0x9b}).hlt();
    const Outcome& outcome = g.run(code_at);
    CHECK(outcome.kind == Outcome::Kind::halted);
    CHECK(outcome.text.find("FERR#") != std::string::npos);
}

TEST_CASE("a processor without an x87 unit is found out as the manual says") {
    // Intel AP-485: FNINIT; a mark in memory; FNSTSW: the mark stays where there is no unit.
    const Bytes detect{0xdb, 0xe3, 0xdd, 0x3d, 0, 0, 2, 0};
    for (const char* fpu : {"yes", "no"}) {
        const auto word = isolated([&] {
            Guest g{"486", {{"fpu", fpu}}};
            g.at(data_at).word(0x5a5a);
            g.at(code_at).bytes(detect).bytes({0x9b}).hlt();
            g.run(code_at);
            return static_cast<uint16_t>(g.dword(data_at));
        });
        CHECK(word == (fpu == std::string("yes") ? 0 : 0x5a5a));
    }
    CHECK(trap_of({0xd9, 0xe8}, cr0::em, {{"fpu", "no"}}).vector == 7);
    const auto features = isolated([] {
        Guest g{"pentium", {{"fpu", "no"}}};
        g.at(code_at).mov(eax, 1).bytes({0x0f, 0xa2}).hlt();
        g.run(code_at);
        return g.reg(edx);
    });
    CHECK((features & 1) == 0);
    CHECK(load_model("pentium").has(Feature::fpu));
}

namespace {

struct Format {
    const char* name;
    bool real, prefix;
    std::vector<uint32_t> expected;  // from the figure, in words of its size
    unsigned word;
};

// After FLD m32 of [data + 8] at code_at + 2 with D9h, ModR/M 05h (06h in real mode): FOP 105h.
const Format formats[] = {
    {"protected, 32 bits (figure 8-9)",
     false,
     false,
     {0xffff037f, 0xffff3800, 0xffff7fff, code_at + 2, 0x01050008, data_at + 8, 0xffff0010},
     4},
    {"protected, 16 bits (figure 8-11)",
     false,
     true,
     {0x037f, 0x3800, 0x7fff, code_at + 2, 0x0008, (data_at + 8) & 0xffff, 0x0010},
     2},
    // Real mode: CS 1230h, so the code is at 12300h + 1002h; DS 2000h, the operand at 20008h.
    {"real, 32 bits (figure 8-10)",
     true,
     true,
     {0xffff037f, 0xffff3800, 0xffff7fff, 0x3302, 0x00001106, 0x0008, 0x00002000},
     4},
    {"real, 16 bits (figure 8-12)",
     true,
     false,
     {0x037f, 0x3800, 0x7fff, 0x3302, 0x1106, 0x0008, 0x2000},
     2},
};

}  // namespace

TEST_CASE("the x87 environment in its four formats") {
    for (const Format& f : formats) {
        INFO(f.name);
        struct Result {
            uint8_t bytes[28];
            fpu::State loaded;
        };
        const Result r = isolated([&] {
            Guest g{"486"};
            cpu::State& s = g.cpu.state();
            uint32_t base = 0;
            if (f.real) {
                g.cpu.reset();
                s.segments[cs].selector = 0x1230;
                s.segments[cs].base = base = 0x12300;
                s.segments[ds].selector = 0x2000;
                s.segments[ds].base = data_at;
                s.segments[ds].refresh();
            }
            test::Code code = g.at(base + code_at);
            code.bytes({0xdb, 0xe3});
            if (f.real)
                code.bytes({0xd9, 0x06, 0x08, 0x00});
            else
                code.bytes({0xd9, 0x05}).dword(data_at + 8);
            const uint32_t to = f.real ? 0x100 : data_at + 0x100;
            for (int digit : {6, 4}) {  // fnstenv, fldenv
                if (f.prefix) code.bytes({0x66});
                code.bytes({0xd9, (f.real ? 6 : 5) | digit << 3});
                f.real ? code.word(to) : code.dword(to);
                if (digit == 6) code.bytes({0xdb, 0xe3});
            }
            code.hlt();
            g.run(code_at);
            Result result{};
            std::memcpy(result.bytes, g.memory + data_at + 0x100, 7 * f.word);
            result.loaded = s.fpu;
            return result;
        });
        for (unsigned n = 0; n < 7; ++n) {
            uint32_t v = 0;
            std::memcpy(&v, r.bytes + f.word * n, f.word);
            INFO("word " << n);
            CHECK(v == f.expected[n]);
        }
        CHECK(r.loaded.status_word() == 0x3800);
        CHECK(r.loaded.tag_word() == 0x7fff);  // the contents say: zero
        CHECK(r.loaded.code_offset == (f.real ? 0x13302 : f.expected[3]));
    }
}

TEST_CASE("x87 instructions take the clocks of the table") {
    struct Row {
        const char* name;
        Bytes code;
        uint64_t i486, pentium;
    };
    // On top of FNINIT, FLD1, FLD1 and HLT. Figures: 86Box for the 486, A. Fog for the Pentium.
    const Row rows[] = {
        {"fld st", {0xd9, 0xc0}, 4, 1},    {"fld m64", {0xdd, 0x06}, 3, 1},
        {"fstp m64", {0xdd, 0x1e}, 8, 2},  {"fmul st, st(1)", {0xd8, 0xc9}, 16, 3},
        {"fmul m32", {0xd8, 0x0e}, 11, 3}, {"fdiv with 64 bits", {0xd8, 0xf1}, 73, 39},
        {"fcom", {0xd8, 0xd1}, 4, 1},      {"fchs", {0xd9, 0xe0}, 6, 1},
        {"fldpi", {0xd9, 0xeb}, 8, 5},     {"fnstsw ax", {0xdf, 0xe0}, 3, 6},
    };
    auto cycles = [](const char* model, const Bytes& code, uint16_t control) {
        return isolated([&] {
            Guest g{model};
            g.at(data_at).dword(0).dword(0x3ff00000);
            g.cpu.state().regs[esi] = data_at;
            g.at(code_at).bytes({0xd9, 0xe8, 0xd9, 0xe8}).bytes(code).hlt();
            g.cpu.state().fpu.set_control(control);
            g.run(code_at);
            return g.cpu.cycles();
        });
    };
    for (const Row& row : rows) {
        INFO(row.name);
        CHECK(cycles("486", row.code, 0x37f) - cycles("486", {}, 0x37f) == row.i486);
        CHECK(cycles("pentium", row.code, 0x37f) - cycles("pentium", {}, 0x37f) == row.pentium);
        CHECK(cycles("ideal", row.code, 0x37f) - cycles("ideal", {}, 0x37f) == 1);
    }
    // The Pentium's division by precision control: 19, 33, 39.
    const uint64_t none = cycles("pentium", {}, 0x37f);
    CHECK(cycles("pentium", {0xd8, 0xf1}, 0x07f) - none == 19);
    CHECK(cycles("pentium", {0xd8, 0xf1}, 0x27f) - none == 33);
    CHECK(cycles("pentium", {0xda, 0x36}, 0x37f) - none == 42);  // fidiv m32
}

TEST_CASE("an x87 operand is on the bus like any other") {
    const auto stall = [](const Bytes& code) {
        return isolated([&] {
            Guest g{"486", {{"cache", "none"}}};
            g.cpu.state().regs[esi] = data_at;
            g.at(code_at).bytes(code).hlt();
            g.run(code_at);
            return std::array<uint64_t, 2>{g.board.processor.stats().transactions,
                                           g.spent(Cause::memory_stall)};
        });
    };
    // 60 ns a transaction, 4 cycles of 15.152 ns; a bus of 32 bits.
    CHECK(stall({0xd9, 0x06}) == std::array<uint64_t, 2>{1, 4});
    CHECK(stall({0xdd, 0x06}) == std::array<uint64_t, 2>{2, 8});
    CHECK(stall({0xd9, 0xe8, 0xdb, 0x3e}) == std::array<uint64_t, 2>{3, 12});
}

TEST_CASE("a fault in an x87 operand leaves the unit as it was") {
    struct Row {
        const char* name;
        Bytes code;
    };
    // ES has a limit of 0fffh; the operands reach over it.
    const Row rows[] = {{"fld m64", {0x26, 0xdd, 0x05, 0xfc, 0x0f, 0, 0}},
                        {"fstp m80", {0x26, 0xdb, 0x3d, 0xf8, 0x0f, 0, 0}},
                        {"fistp m16", {0x26, 0xdf, 0x1d, 0xff, 0x0f, 0, 0}},
                        {"fadd m64", {0x26, 0xdc, 0x05, 0xfc, 0x0f, 0, 0}},
                        {"fnstenv", {0x26, 0xd9, 0x35, 0xf0, 0x0f, 0, 0}},
                        {"fldenv", {0x26, 0xd9, 0x25, 0xf0, 0x0f, 0, 0}},
                        {"fnsave", {0x26, 0xdd, 0x35, 0xa0, 0x0f, 0, 0}},
                        {"frstor", {0x26, 0xdd, 0x25, 0xa0, 0x0f, 0, 0}}};
    for (const Row& row : rows) {
        INFO(row.name);
        struct Result {
            int vector;
            bool equal, untouched;
        };
        const Result r = isolated([&] {
            Guest g{"486"};
            catch_faults(g);
            g.gate(13, 0x9000);
            g.at(0x9000).bytes({0x58, 0xc7, 0x05}).dword(0x6000).dword(14).hlt();
            Segment& segment = g.cpu.state().segments[es];
            segment.limit = 0xfff;
            segment.refresh();
            fpu::State& f = g.cpu.state().fpu;
            f.push({0x8123456789abcdef, 0x4010});
            f.push({0xc123456789abcdef, 0x3ff0});
            const fpu::State before = f;
            for (unsigned a = 0xf00; a < 0x1100; ++a)
                if (a < 0x1000 || a >= 0x1040) g.memory[a] = 0xa5;
            g.at(code_at).bytes(row.code).hlt();
            g.run(code_at);
            bool untouched = true;
            for (unsigned a = 0xf00; a < 0x1000; ++a) untouched = untouched && g.memory[a] == 0xa5;
            const bool equal = f.registers == before.registers && f.used == before.used &&
                               f.status == before.status && f.top == before.top &&
                               f.control == before.control && f.code_offset == before.code_offset;
            return Result{static_cast<int>(g.dword(0x6000)) - 1, equal, untouched};
        });
        CHECK(r.vector == 13);
        CHECK(r.equal);
        CHECK(r.untouched);
    }
}

TEST_CASE("the x87 unit is part of the saved machine") {
    Guest g{"486"};
    g.at(data_at).word(0x340);
    g.at(code_at).bytes({0xd9, 0xeb, 0xd9, 0xeb, 0xd9, 0xe8}).bytes(pending).hlt();
    g.run(code_at);
    const fpu::State before = g.cpu.state().fpu;
    Archive saved{Archive::Mode::save};
    g.board.sim.archive(saved);
    const std::vector<uint8_t> bytes = saved.serialise();
    g.cpu.state().fpu = {};
    Archive loaded = Archive::parse(bytes);
    g.board.sim.archive(loaded);
    const fpu::State& f = g.cpu.state().fpu;
    CHECK(f.registers == before.registers);
    CHECK(f.control == before.control);
    CHECK(f.status_word() == before.status_word());
    CHECK(f.tag_word() == before.tag_word());
    CHECK(f.code_offset == before.code_offset);
    CHECK(f.opcode == before.opcode);
    CHECK(f.error());
}
