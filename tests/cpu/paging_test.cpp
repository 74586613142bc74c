// SPDX-License-Identifier: Apache-2.0
//
// Paging: rights, faults with their error codes and CR2, accessed and dirty bits, what is
// remembered, and what walks cost. Facts: Intel SDM volume 3, chapter 4.
#include <catch2/catch.hpp>

#include "tests/cpu/paged_guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using sb::test::isolated;
using sb::test::PagedGuest;
using Bytes = std::vector<uint8_t>;

namespace {

const Bytes read_4{0x8b, 0x06};         // mov eax, [esi]
const Bytes write_4{0x89, 0x06};        // mov [esi], eax
const Bytes update_4{0x01, 0x06};       // add [esi], eax
const Bytes bit_set{0x0f, 0xab, 0x06};  // bts [esi], eax
const Bytes exchange{0x87, 0x06};       // xchg [esi], eax
const Bytes copy{0xa5};                 // movsd to es:[edi]
const Bytes push_it{0x89, 0xf4, 0x50};  // mov esp, esi; push eax
const Bytes run_there{0xff, 0xe6};      // jmp esi
const Bytes swap_8{0x0f, 0xc7, 0x0e};   // cmpxchg8b [esi]

struct Case {
    const char* name;
    Bytes code;
    uint32_t offset;      // of ESI in the window
    uint32_t directory;   // the window's directory entry, below its address
    uint32_t page[2];     // its first two pages' entries, below theirs
    int error;            // of the page fault; -1: none
    uint32_t cr2 = 0;     // from the window
    uint32_t marks[3]{};  // the three entries' accessed and dirty bits afterwards
    uint32_t cr0_bits = 0;
    const char* model = "pentium";
};

constexpr uint32_t a = 0x20, d = 0x40, wp = cr0::wp;

const Case cases[] = {
    {"a read marks both levels", read_4, 0x10, 7, {7, 7}, -1, 0, {a, a, 0}},
    {"a write marks the page dirty", write_4, 0x10, 7, {7, 7}, -1, 0, {a, a | d, 0}},
    {"an update marks the page dirty", update_4, 0x10, 7, {7, 7}, -1, 0, {a, a | d, 0}},
    {"a fetch marks it accessed", run_there, 0x10, 7, {7, 7}, -1, 0, {a, a, 0}},
    {"a push", push_it, 0x10, 7, {7, 7}, -1, 0, {a, a | d, 0}},
    {"a crossing read marks both", read_4, 0xffe, 7, {7, 7}, -1, 0, {a, a, a}},
    {"a crossing write marks both", write_4, 0xffd, 7, {7, 7}, -1, 0, {a, a | d, a | d}},
    {"no table: read", read_4, 0x10, 6, {7, 7}, 0, 0x10, {0, 0, 0}},
    {"no table: write", write_4, 0x10, 6, {7, 7}, 2, 0x10, {0, 0, 0}},
    {"no page: read", read_4, 0x10, 7, {6, 7}, 0, 0x10, {a, 0, 0}},
    {"no page: write", write_4, 0x10, 7, {6, 7}, 2, 0x10, {a, 0, 0}},
    {"no page: update", update_4, 0x10, 7, {6, 7}, 2, 0x10, {a, 0, 0}},
    {"no page: bit set", bit_set, 0x10, 7, {6, 7}, 2, 0x10, {a, 0, 0}},
    {"no page: exchange", exchange, 0x10, 7, {6, 7}, 2, 0x10, {a, 0, 0}},
    {"no page: fetch", run_there, 0x10, 7, {6, 7}, 0, 0x10, {a, 0, 0}},
    {"no second page: read", read_4, 0xffe, 7, {7, 6}, 0, 0x1000, {a, a, 0}},
    {"no second page: write", write_4, 0xffe, 7, {7, 6}, 2, 0x1000, {a, a | d, 0}},
    {"no first page of two", read_4, 0xffe, 7, {6, 7}, 0, 0xffe, {a, 0, 0}},
    {"neither page", write_4, 0xffe, 7, {6, 6}, 2, 0xffe, {a, 0, 0}},
    {"no second page: code", run_there, 0xfff, 7, {7, 6}, 0, 0x1000, {a, a, 0}},
    {"second half of eight bytes", swap_8, 0xffc, 7, {7, 6}, 2, 0x1000, {a, a | d, 0}},
    {"supervisor writes a read-only page", write_4, 0x10, 7, {5, 7}, -1, 0, {a, a | d, 0}},
    {"not with WP", write_4, 0x10, 7, {5, 7}, 3, 0x10, {a, 0, 0}, wp},
    {"not in a read-only table with WP", write_4, 0x10, 5, {7, 7}, 3, 0x10, {a, 0, 0}, wp},
    {"reads it with WP", read_4, 0x10, 5, {5, 7}, -1, 0, {a, a, 0}, wp},
    {"an update with WP", update_4, 0x10, 7, {5, 7}, 3, 0x10, {a, 0, 0}, wp},
    {"a supervisor's page", write_4, 0x10, 3, {3, 3}, -1, 0, {a, a | d, 0}},
    {"large bit without PSE", read_4, 0x10, 0x87, {7, 7}, -1, 0, {a, a, 0}},
    {"large bit on the 486", read_4, 0x10, 0x87, {7, 7}, -1, 0, {a, a, 0}, 0, "486"},
    {"marks that are set stay", read_4, 0x10, 7 | a, {7 | a | d, 7}, -1, 0, {a, a | d, 0}},
};

struct Result {
    int vector = -1;
    uint32_t error = 0, cr2 = 0, eip = 0, esp = 0, ecx = 0;
    uint32_t marks[3]{};
    bool halted = false, sums = false;
};

Result run(const Case& c, bool lockstep, const char* cache) {
    PagedGuest g{c.model, {{"cache", cache}}};
    g.board.sim.set_lockstep(lockstep);
    g.window_entry(PagedGuest::window_table | c.directory);
    g.page(0, 0x30000 | c.page[0]);
    g.page(1, 0x32000 | c.page[1]);
    g.at(0x30010).hlt();
    g.at(0x30fff).bytes({0xb8});
    g.at(0x32000).dword(0).hlt();
    g.gate(14, 0x9000);
    g.at(0x9000).bytes({0x5b, 0x5a}).hlt();  // pop ebx (error); pop edx (EIP)
    g.at(0x1000).bytes(c.code).hlt();
    cpu::State& s = g.cpu.state();
    s.cr0 |= c.cr0_bits;
    s.regs[esi] = PagedGuest::window + c.offset;
    s.regs[edi] = 0x40000;
    const Outcome& outcome = g.run(0x1000);
    Result r;
    r.halted = outcome.kind == Outcome::Kind::halted;
    r.sums = g.cpu.attribution().total().total() == g.cpu.cycles();
    if (s.eip >= 0x9000 && s.eip < 0x9010) {
        r.vector = 14;
        r.error = s.regs[ebx];
        r.eip = s.regs[edx];
        r.cr2 = s.cr2;
    }
    r.marks[0] = g.dword(PagedGuest::window_entry_at()) & (a | d);
    for (unsigned n : {0u, 1u}) r.marks[1 + n] = g.dword(PagedGuest::page_at(n)) & (a | d);
    return r;
}

}  // namespace

TEST_CASE("page faults have their error code and CR2 and marks are set exactly") {
    for (const Case& c : cases)
        for (bool lockstep : {false, true})
            for (const char* cache : {"perfect", "none"}) {
                INFO(c.name << (lockstep ? " lockstep " : " ") << cache);
                const Result r = isolated([&] { return run(c, lockstep, cache); });
                CHECK(r.halted);
                CHECK(r.sums);
                CHECK(r.vector == (c.error < 0 ? -1 : 14));
                if (c.error >= 0) {
                    CHECK(r.error == static_cast<uint32_t>(c.error));
                    CHECK(r.cr2 == PagedGuest::window + c.cr2);
                }
                for (unsigned n = 0; n < 3; ++n) CHECK(r.marks[n] == c.marks[n]);
            }
}

TEST_CASE("an instruction that faulted starts again with nothing changed") {
    struct Restart {
        const char* name;
        Bytes code;
        uint32_t offset;
    };
    const Bytes rep{0xbe, 0, 0, 3, 0, 0xb9, 8, 0, 0, 0, 0xf3, 0xa5, 0xfc};  // from 0x30000
    Bytes forwards{0x89, 0xf7}, backwards{0x89, 0xf7, 0xfd};                // mov edi, esi; std
    forwards.insert(forwards.end(), rep.begin(), rep.end());
    backwards.insert(backwards.end(), rep.begin(), rep.end());
    const Restart list[] = {
        {"xadd", {0x0f, 0xc1, 0x06}, 0xffe},
        {"sbb", {0xf9, 0x19, 0x06}, 0xffd},
        {"xchg", {0x87, 0x06}, 0xfff},
        {"cmpxchg8b", {0x0f, 0xc7, 0x0e}, 0xffc},
        {"bts", {0x0f, 0xba, 0x2e, 5}, 0xffe},
        {"shld", {0x0f, 0xa4, 0x06, 5}, 0xffe},
        {"push [esi]", {0xff, 0x36}, 0xffe},
        {"pop [esi]", {0x8f, 0x06}, 0xffe},
        {"leave", {0x89, 0xf5, 0xc9, 0xbc, 0, 0, 8, 0}, 0xffe},  // then esp = 0x80000
        {"enter with levels", {0x89, 0xf5, 0xc8, 8, 0, 4}, 0x1006},
        {"lodsd", {0xad}, 0xffd},
        {"les", {0xc4, 0x1e}, 0xffc},
        {"bound", {0x62, 0x06}, 0xffc},
        {"rep movs", forwards, 0xff0},
        {"rep movs backwards", backwards, 0x100c},
    };
    // The handler maps what is missing, and returns: all must be as if it had been there.
    auto run = [](const Restart& c, int missing, const char* cache) {
        return isolated([&] {
            PagedGuest g{"pentium", {{"cache", cache}}};
            for (unsigned n = 0; n < 2; ++n)
                g.page(n, (0x32000 + 0x1000 * n) | ((missing >> n & 1) ? 6 : 7));
            for (unsigned n = 0; n < 0x1000; ++n) {
                g.memory[0x30000 + n] = static_cast<uint8_t>(n * 5);
                g.memory[0x32000 + n] = static_cast<uint8_t>(n * 7);
            }
            g.at(0x33000).dword(0x7fffffff).dword(0x7fffffff);
            g.at(0x32ffc).dword(0x80000000).word(0x10);
            g.gate(14, 0x9000);
            auto h = g.at(0x9000);
            for (unsigned n : {0u, 1u})
                h.bytes({0x83, 0x0d}).dword(PagedGuest::page_at(n)).bytes({1});
            h.bytes({0x83, 0xc4, 0x04, 0xcf});  // add esp, 4; iret
            g.at(0x1000).bytes(c.code).hlt();
            cpu::State& s = g.cpu.state();
            s.regs[esi] = PagedGuest::window + c.offset;
            s.regs[eax] = 0x12345678;
            s.regs[edx] = 0x1111;
            s.regs[ebp] = 0x70000;
            g.run(0x1000);
            struct After {
                uint32_t regs[8];
                uint32_t eip, flags, sum, halted;
            };
            struct {
                After first;
                uint64_t second;
            } both{};
            After& r = both.first;
            for (unsigned n = 0; n < 8; ++n) r.regs[n] = g.reg(n);
            r.eip = s.eip;
            r.flags = s.eflags();
            for (unsigned n = 0; n < 0x2000; ++n) r.sum = r.sum * 31 + g.memory[0x32000 + n];
            r.halted = s.halted && s.eip < 0x9000;
            both.second = g.cpu.attribution().total().exceptions;
            return both;
        });
    };
    for (const Restart& c : list) {
        INFO(c.name);
        const auto whole = run(c, 0, "perfect");
        CHECK(whole.first.halted);
        CHECK(whole.second == 0);
        for (int missing : {0, 1, 2, 3})
            for (const char* cache : {"perfect", "none"}) {
                INFO(c.name << " without " << missing << " " << cache);
                const auto r = run(c, missing, cache);
                CHECK(std::memcmp(&whole.first, &r.first, sizeof r.first) == 0);
                CHECK(r.second == (missing ? 1u : 0u));
            }
    }
}

TEST_CASE("a 4 MiB page and its reserved bits") {
    auto run = [](uint32_t entry, const Bytes& code) {
        return isolated([&] {
            PagedGuest g{"pentium"};
            g.cpu.state().cr4 = cr4::pse;
            g.window_entry(entry);
            g.gate(14, 0x9000);
            g.at(0x9000).bytes({0x5b}).hlt();
            g.at(0x123456).dword(0xcafe);
            g.at(0x1000).bytes(code).hlt();
            g.cpu.state().regs[esi] = PagedGuest::window + 0x123456;
            g.run(0x1000);
            return std::array<uint32_t, 4>{g.reg(eax), g.reg(ebx), g.cpu.state().cr2,
                                           g.dword(PagedGuest::window_entry_at())};
        });
    };
    CHECK(run(0x87, read_4) == std::array<uint32_t, 4>{0xcafe, 0, 0, 0x87 | a});
    CHECK(run(0x87, write_4)[3] == (0x87 | a | d));
    const auto reserved = run(0x87 | 0x2000, read_4);
    CHECK(reserved[1] == 9);
    CHECK(reserved[2] == PagedGuest::window + 0x123456);
    CHECK(reserved[3] == (0x87 | 0x2000));
}

TEST_CASE("what is remembered goes with INVLPG and CR3 and global pages stay") {
    // The page is read, its entry changed, then `between`, and it is read again.
    auto run = [](const char* model, uint32_t entry, uint32_t cr4, const Bytes& between) {
        return isolated([&] {
            PagedGuest g{model};
            g.cpu.state().cr4 = cr4;
            g.page(0, 0x30000 | entry);
            g.at(0x30000).dword(1);
            g.at(0x31000).dword(2);
            g.at(0x1000)
                .bytes(read_4)
                .bytes({0xc7, 0x05})
                .dword(PagedGuest::page_at(0))
                .dword(0x31000 | entry)
                .bytes(between)
                .bytes(read_4)
                .hlt();
            g.cpu.state().regs[esi] = PagedGuest::window;
            g.run(0x1000);
            return g.reg(eax);
        });
    };
    const Bytes nothing, invlpg{0x0f, 0x01, 0x3e},
        reload{0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8};  // mov eax, cr3; mov cr3, eax
    const Bytes toggle{0x0f, 0x20, 0xe0, 0x35, 0x80, 0, 0, 0, 0x0f, 0x22, 0xe0};  // CR4.PGE
    CHECK(run("486", 7, 0, nothing) == 1);
    CHECK(run("486", 7, 0, invlpg) == 2);
    CHECK(run("486", 7, 0, reload) == 2);
    CHECK(run("ideal", 0x107, 0, reload) == 2);
    CHECK(run("ideal", 0x107, cr4::pge, reload) == 1);
    CHECK(run("ideal", 0x107, cr4::pge, invlpg) == 2);
    CHECK(run("ideal", 0x107, cr4::pge, toggle) == 2);
    CHECK(run("ideal", 7, cr4::pge, reload) == 2);
}

TEST_CASE("code follows its mapping") {
    // Two pages of code at one linear address, by turns; the entry changes, INVLPG, a call.
    for (bool lockstep : {false, true}) {
        const auto r = isolated([&] {
            PagedGuest g{"ideal"};
            g.board.sim.set_lockstep(lockstep);
            g.page(0, 0x30000 | 7);
            g.page(1, 0x32000 | 7);
            // At the end of the page an instruction that goes on in the next: add ebx, imm32; ret
            for (uint32_t at : {0x30ffe, 0x31ffe}) g.at(at).bytes({0x81, 0xc3});
            g.at(0x32000).dword(1).bytes({0xc3});
            g.at(0x33000).dword(0x10000).bytes({0xc3});
            g.at(0x1000)
                .mov(ecx, 100)
                .bytes({0xff, 0xd6})  // call esi
                .bytes({0x81, 0x35})
                .dword(PagedGuest::page_at(1))
                .dword(0x1000)              // xor [entry], 0x1000
                .bytes({0x0f, 0x01, 0x3f})  // invlpg [edi]
                .bytes({0xe2, 0xef})        // loop
                .hlt();
            g.cpu.state().regs[esi] = PagedGuest::window + 0xffe;
            g.cpu.state().regs[edi] = PagedGuest::window + 0x1000;
            g.run(0x1000);
            return g.reg(ebx);
        });
        CHECK(r == 50 * 0x10001);
    }
}

TEST_CASE("page walks are memory accesses and equal in both modes") {
    struct Figures {
        uint64_t stall, total, sum;
    };
    auto run = [](bool lockstep, const Bytes& code) {
        return isolated([&] {
            PagedGuest g{"486", {{"cache", "none"}}};
            g.board.sim.set_lockstep(lockstep);
            g.page(0, 0x30000 | 7);
            g.at(PagedGuest::directory).dword(PagedGuest::low_table | 7 | a);
            g.at(PagedGuest::low_table + 4).dword(0x1000 | 7 | a);
            g.at(0x1000).bytes(code).hlt();
            g.cpu.state().regs[esi] = PagedGuest::window;
            g.run(0x1000);
            return Figures{g.spent(Cause::memory_stall), g.cpu.cycles(),
                           g.cpu.attribution().total().total()};
        });
    };
    // A single access is 60 ns: 4 cycles. The fetch's walk is two reads.
    for (bool lockstep : {false, true}) {
        const Figures none = run(lockstep, {0x90});
        CHECK(none.stall == 2 * 4);
        // A read: two table entries read, two marked (each a locked read and write: SDM volume 3,
        // 8.1.2.1), and the access itself.
        CHECK(run(lockstep, read_4).stall == none.stall + 7 * 4);
        Bytes twice = read_4;
        twice.insert(twice.end(), read_4.begin(), read_4.end());
        CHECK(run(lockstep, twice).stall == none.stall + 8 * 4);
        // A write after it finds the dirty bit clear: two reads, one mark, the access.
        Bytes then = read_4;
        then.insert(then.end(), write_4.begin(), write_4.end());
        const Figures both = run(lockstep, then);
        CHECK(both.stall == none.stall + 12 * 4);
        CHECK(both.sum == both.total);
    }
}

TEST_CASE("page tables at a device or nowhere are harmless") {
    for (uint32_t at : {0x400000u, 0xf0000000u, 0xfffff000u, 0x3ff000u}) {
        INFO(at);
        const bool ended = isolated([&] {
            PagedGuest g{"pentium"};
            g.window_entry(at | 7);
            g.at(0x1000).bytes(read_4).bytes(write_4).bytes(run_there).hlt();
            g.cpu.state().regs[esi] = PagedGuest::window;
            g.run(0x1000, Time::us(100));
            return g.cpu.attribution().total().total() == g.cpu.cycles();
        });
        CHECK(ended);
        const bool lost = isolated([&] {
            PagedGuest g{"pentium"};
            g.cpu.state().cr3 = at;
            g.at(0x1000).hlt();
            g.run(0x1000, Time::us(100));
            return g.cpu.attribution().total().total() == g.cpu.cycles();
        });
        CHECK(lost);
    }
}

TEST_CASE("user pages and supervisor pages at level 3") {
    struct User {
        const char* name;
        Bytes code;
        uint32_t offset, directory, page;
        int error;
        uint32_t cr2 = 0;
    };
    const User list[] = {
        {"read", read_4, 0x10, 7, 7, -1},
        {"write", write_4, 0x10, 7, 7, -1},
        {"read of a supervisor's page", read_4, 0x10, 7, 3, 5, 0x10},
        {"write of one", write_4, 0x10, 7, 3, 7, 0x10},
        {"update of one", update_4, 0x10, 7, 3, 7, 0x10},
        {"in a supervisor's table", read_4, 0x10, 3, 7, 5, 0x10},
        {"read of a read-only page", read_4, 0x10, 7, 5, -1},
        {"write of one", write_4, 0x10, 7, 5, 7, 0x10},
        {"write in a read-only table", write_4, 0x10, 5, 7, 7, 0x10},
        {"no page", read_4, 0x10, 7, 6, 4, 0x10},
        {"no page: write", write_4, 0x10, 7, 6, 6, 0x10},
        {"no page: push", push_it, 0x10, 7, 6, 6, 0xc},
        {"no table", read_4, 0x10, 6, 7, 4, 0x10},
        {"fetch from a supervisor's page", run_there, 0x10, 7, 3, 5, 0x10},
        {"fetch from nowhere", run_there, 0x10, 7, 6, 4, 0x10},
        // Descriptors are read by the processor itself: the table's page need not be the user's.
        {"a segment load", {0x8e, 0xd8}, 0x10, 7, 7, -1},
    };
    for (const User& c : list)
        for (bool lockstep : {false, true}) {
            INFO(c.name << lockstep);
            const auto r = isolated([&] {
                PagedGuest g{"486"};
                g.board.sim.set_lockstep(lockstep);
                g.descriptor(3, 0, 0xfffff, 0xfb, 0xc);
                g.descriptor(4, 0, 0xfffff, 0xf3, 0xc);
                g.at(0x5004).dword(0x70000).word(0x10);
                g.page(0, 0x30000 | c.page);
                g.window_entry(PagedGuest::window_table | c.directory);
                g.at(PagedGuest::low_table).dword(3);  // the GDT's page
                g.at(0x30010).bytes({0xeb, 0xfe});
                g.gate(14, 0x9000);
                g.at(0x9000).bytes({0x5b}).hlt();
                g.at(0x1000).bytes(c.code).bytes({0xeb, 0xfe});
                cpu::State& s = g.cpu.state();
                s.tr.base = 0x5000;
                s.tr.limit = 0x67;
                s.tr.access = 0x8b;
                s.cpl = 3;
                for (unsigned n = 0; n < 6; ++n) {
                    s.segments[n].selector = n == cs ? 0x1b : 0x23;
                    s.segments[n].access |= 0x60;
                }
                s.regs[eax] = 0x23;
                s.regs[esi] = PagedGuest::window + c.offset;
                g.run(0x1000, Time::us(10));
                return std::array<uint32_t, 4>{s.cpl, s.eip, g.reg(ebx), s.cr2};
            });
            CHECK(r[0] == (c.error < 0 ? 3u : 0u));
            if (c.error < 0) continue;
            CHECK(r[1] == 0x9002);
            CHECK(r[2] == static_cast<uint32_t>(c.error));
            CHECK(r[3] == PagedGuest::window + c.cr2);
        }
}
