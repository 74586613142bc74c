// SPDX-License-Identifier: Apache-2.0
//
// Caches against hand-computed counts and times. The processor and the bus run at 33.333333 MHz, so
// that a cycle is a bus clock (30000 ps): a single transfer is 2 clocks, a line of 16 bytes
// 1 + 4 = 5, one of 32 bytes 1 + 8 = 9 (the bus is 4 bytes wide).
#include <catch2/catch.hpp>

#include <list>

#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using namespace sb::literals;
using sb::test::Code;
using sb::test::Guest;
using sb::test::isolated;
using sb::test::Settings;

namespace {

Settings with(Settings more) {
    more["cache"] = "model";
    more["clock"] = "33333333Hz";
    return more;
}

struct Counts {
    uint64_t hits, misses, write_backs, snoop_hits, stale_hits, stale_reads;
};

Counts counts(const Cache& c) {
    return {c.hits.value(),       c.misses.value(),     c.write_backs.value(),
            c.snoop_hits.value(), c.stale_hits.value(), c.stale_reads.value()};
}

struct Ran {
    Counts code, data, second;
    uint64_t stall;  // cycles for memory
};

/// Runs what `write` writes at 0x1000, up to its HLT.
template <typename F>
Ran run(const char* model, const Settings& settings, F&& write) {
    return isolated([&] {
        Guest g{model, with(settings)};
        Code code = g.at(0x1000);
        write(code);
        code.hlt();
        g.run(0x1000);
        const Caches& all = *g.cpu.caches();
        Ran ran{};
        if (all.code) ran.code = counts(*all.code);
        if (all.data) ran.data = counts(*all.data);
        if (all.second) ran.second = counts(*all.second);
        ran.stall = g.spent(Cause::memory_stall);
        return ran;
    });
}

void load(Code& c, uint32_t at) { c.bytes({0xa1}).dword(at); }   // mov eax, [at]
void store(Code& c, uint32_t at) { c.bytes({0xa3}).dword(at); }  // mov [at], eax

/// Reads `count` places `stride` apart from 0x100000 on, `passes` times over; code in one or two
/// lines.
void sweep(Code& c, uint32_t count, uint32_t stride, uint32_t passes) {
    c.mov(ecx, passes);
    const uint32_t outer = c.here;
    c.mov(esi, 0x100000).mov(edx, count);
    const uint32_t inner = c.here;
    c.bytes({0x8b, 0x06, 0x81, 0xc6}).dword(stride).bytes({0x4a, 0x75});
    c.bytes({static_cast<int>(inner - (c.here + 1))});
    c.bytes({0x49, 0x75});
    c.bytes({static_cast<int>(outer - (c.here + 1))});
}

/// A bus master that asks for one burst when the guest writes port 0x10.
struct Master : Component {
    Master(Guest& g, bool write, uint32_t at, uint32_t bytes)
        : Component{g.board.sim, "master"},
          port{*this, g.board.bus, g.board.stream, "port", 1, [this](auto) { ended = now(); }} {
        g.ports.on_write = [this, write, at, bytes](uint32_t) {
            asked = now();
            std::fill_n(port.buffer(), bytes, 0x5a);
            port.request(write, at, bytes);
        };
    }
    bus::MasterPort port;
    Time asked, ended;
};

/// What a master's burst over [0x20000, 0x20020) does to a line that the guest wrote.
struct Coherence {
    Counts data;
    uint64_t bus_clocks;  // from the end of the port access to the end of the burst
    uint64_t findings;
    uint32_t value;  // read after it
};

Coherence coherence(bool write, bool snoop, bool modified) {
    return isolated([=] {
        Guest g{"pentium", with({{"snoop", snoop ? "true" : "false"}})};
        Code c = g.at(0x1000);
        Master master{g, write, 0x20000, 32};
        load(c, 0x20000);
        if (modified) store(c, 0x20000);
        c.bytes({0xe7, 0x10});                // out 0x10, eax: the burst
        c.mov(ecx, 200).bytes({0xe2, 0xfe});  // loop: until it is over
        load(c, 0x20000);
        c.hlt();
        g.run(0x1000);
        Coherence result{};
        result.data = counts(*g.cpu.caches()->data);
        result.bus_clocks = (master.ended - master.asked - 90_ns) / 30_ns;
        for (const Finding& f : g.board.sim.findings().list()) result.findings += f.count;
        result.value = g.reg(eax);
        return result;
    });
}

}  // namespace

TEST_CASE("a line is filled once and then hits without bus time") {
    // One line of code and one of data on the unified cache of a 486.
    const Ran ran = run("486", {}, [](Code& c) {
        load(c, 0x20000);
        load(c, 0x20004);
    });
    CHECK(ran.stall == 5 + 5);
    CHECK(ran.data.misses == 2);
    CHECK(ran.data.hits == 1);
}

TEST_CASE("an access across two lines looks up both") {
    const Ran ran = run("486", {}, [](Code& c) { load(c, 0x2000e); });
    CHECK(ran.stall == 5 + 2 * 5);
    CHECK(ran.data.misses == 3);
}

TEST_CASE("a write-through cache sends every write to the bus and fills none") {
    const Ran ran = run("486", {}, [](Code& c) {
        store(c, 0x20000);
        store(c, 0x20000);
        load(c, 0x20000);  // ends the first line of code at its last byte but one
    });
    // Code: 16 bytes with the HLT, one line.
    CHECK(ran.stall == 5 + 2 + 2 + 5);
    CHECK(ran.data.write_backs == 0);
    CHECK(ran.data.misses == 4);
}

TEST_CASE("a write-back cache writes a modified line when it has to go") {
    // Two ways: the third line of a set (4 KiB apart) takes the place of the first.
    const Ran ran = run("pentium", {}, [](Code& c) {
        load(c, 0x20000);
        store(c, 0x20004);
        load(c, 0x21000);
        load(c, 0x22000);
        load(c, 0x23000);  // the second one's place: clean
    });
    CHECK(ran.data.misses == 4);
    CHECK(ran.data.hits == 1);
    CHECK(ran.data.write_backs == 1);
    // 26 bytes of code: one line of 32.
    CHECK(ran.code.misses == 1);
    CHECK(ran.stall == 9 + 4 * 9 + 9);
}

TEST_CASE("a hit in the second level takes its clocks") {
    // Four ways of a set, and a fifth: the first goes to the second level, from where it comes
    // back.
    const Ran ran = run("p6", {{"l2_clocks", "7"}}, [](Code& c) {
        for (uint32_t n = 0; n < 5; ++n) load(c, 0x20000 + n * 0x1000);
        load(c, 0x20000);
    });
    CHECK(ran.data.misses == 6);
    CHECK(ran.second.hits == 1);
    // 31 bytes of code: one line. Each line is filled from the bus once.
    CHECK(ran.code.misses == 1);
    CHECK(ran.second.misses == 6);
    CHECK(ran.stall == 9 + 5 * 9 + 7);
}

TEST_CASE("sweeps miss as often as size and ways say") {
    struct Row {
        const char* what;
        Settings settings;
        uint32_t count, stride, passes;
        uint64_t misses;
    };
    // The Pentium's data cache: 8 KiB, two ways, 128 sets of 32 byte lines.
    const Row rows[] = {
        {"all of it, ten times: cold misses alone", {}, 256, 32, 10, 256},
        {"words of it: one miss a line", {}, 2048, 4, 3, 256},
        {"one line more: a set of three lines thrashes", {}, 257, 32, 10, 254 + 3 * 10},
        {"twice its size: nothing ever hits", {}, 512, 32, 10, 512 * 10},
        {"two lines of a set stay", {}, 2, 4096, 50, 2},
        {"three lines of a set never hit", {}, 3, 4096, 50, 150},
        {"four ways of LRU: four stay",
         {{"l1_ways", "4"}, {"l1_replacement", "lru"}},
         4,
         4096,
         50,
         4},
        {"four ways of LRU: five thrash",
         {{"l1_ways", "4"}, {"l1_replacement", "lru"}},
         5,
         2048,
         50,
         250},
        {"one way: two thrash", {{"l1_ways", "1"}}, 2, 8192, 50, 100},
        {"half the size", {{"l1_size", "4KiB"}}, 256, 32, 10, 2560},
        {"lines of 64 bytes", {{"l1_line", "64"}}, 256, 32, 10, 128},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        const Ran ran = run("pentium", row.settings,
                            [&](Code& c) { sweep(c, row.count, row.stride, row.passes); });
        CHECK(ran.data.misses == row.misses);
        CHECK(ran.data.hits + ran.data.misses == uint64_t{row.count} * row.passes);
    }
}

TEST_CASE("pseudo-LRU takes the way that the tree points to") {
    // Four ways as the 486 has them, worked out by hand: with L0 to L3 filled in order, five lines
    // in turn find the tree (root, left, right) so: the fifth takes way 0, then the first takes way
    // 2, and so on. A second reading of Intel486 data book, 5.4: three bits, B0 for the pair used
    // last, B1 and B2 for the way used last in each.
    struct Reference {
        bool b0 = false, b1 = false, b2 = false;  // true: the first pair, or way, was used last
        int lines[4] = {-1, -1, -1, -1};
        uint64_t misses = 0;
        void use(int way) {
            b0 = way < 2;
            if (way < 2)
                b1 = way == 0;
            else
                b2 = way == 2;
        }
        void access(int l) {
            for (int way = 0; way < 4; ++way)
                if (lines[way] == l) return use(way);
            ++misses;
            int way = -1;
            for (int w = 3; w >= 0; --w)
                if (lines[w] < 0) way = w;
            if (way < 0) way = b0 ? (b2 ? 3 : 2) : (b1 ? 1 : 0);
            lines[way] = l;
            use(way);
        }
    } reference;
    for (int pass = 0; pass < 50; ++pass)
        for (int l = 0; l < 5; ++l) reference.access(l);
    CHECK(reference.misses < 250);  // it does better than LRU here
    const Ran ran = run("pentium", {{"l1_ways", "4"}}, [](Code& c) { sweep(c, 5, 2048, 50); });
    CHECK(ran.data.misses == reference.misses);
}

TEST_CASE("code is fetched by lines and a loop in one line is looked up once") {
    // 32 bytes a line. `loop` to itself for 100 times, then 40 NOPs over the next line's end.
    const Ran ran = run("pentium", {}, [](Code& c) {
        c.mov(ecx, 100).bytes({0xe2, 0xfe});
        for (int n = 0; n < 57; ++n) c.bytes({0x90});
    });
    // 7 + 57 bytes fill two lines; HLT begins the third.
    CHECK(ran.code.misses == 3);
    CHECK(ran.code.hits == 0);
    CHECK(ran.stall == 3 * 9);
}

TEST_CASE("with CR0.CD set nothing is filled") {
    const Ran ran = run("486", {}, [](Code& c) {
        c.bytes({0x0f, 0x20, 0xc0, 0x0d}).dword(0x40000000);  // mov eax, cr0; or eax, CD
        c.bytes({0x0f, 0x22, 0xc0});                          // mov cr0, eax
        load(c, 0x20000);                                     // ends at byte 16 of the code
        load(c, 0x20000);
    });
    // The line of code with MOV CR0 is filled; the next one is read word by word: four transfers.
    CHECK(ran.stall == 5 + 4 * 2 + 2 + 2);
    CHECK(ran.data.hits == 0);
}

TEST_CASE("WBINVD writes the modified lines back and INVD says that it loses them") {
    for (bool write_back : {true, false}) {
        const auto [stall, write_backs, findings] = isolated([&] {
            Guest g{"pentium", with({})};
            Code c = g.at(0x1000);
            for (uint32_t n = 0; n < 3; ++n) {
                load(c, 0x20000 + n * 32);
                store(c, 0x20000 + n * 32);
            }
            c.bytes({0x0f, write_back ? 0x09 : 0x08});
            c.hlt();
            g.run(0x1000);
            struct Result {
                uint64_t stall, write_backs, findings;
            };
            return Result{g.spent(Cause::memory_stall), g.cpu.caches()->data->write_backs.value(),
                          g.board.sim.findings().list().size()};
        });
        // 32 bytes of code in the first line, HLT in the second, which is looked up after the
        // flush.
        CHECK(write_backs == (write_back ? 3 : 0));
        CHECK(findings == (write_back ? 0 : 1));
        CHECK(stall == 9 + 9 + 3 * 9 + (write_back ? 3 * 9 : 0));
    }
}

TEST_CASE("a master's burst finds what the caches have") {
    // Reading a modified line: it is written back first, and stays, clean.
    Coherence c = coherence(false, true, true);
    CHECK(c.data.snoop_hits == 1);
    CHECK(c.data.write_backs == 1);
    CHECK(c.data.misses == 1);
    CHECK(c.bus_clocks == 9 + 9);
    // Reading a clean one costs nothing.
    c = coherence(false, true, false);
    CHECK(c.data.snoop_hits == 1);
    CHECK(c.data.write_backs == 0);
    CHECK(c.data.misses == 1);
    CHECK(c.bus_clocks == 9);
    // Writing drops it, and the next read misses.
    c = coherence(true, true, false);
    CHECK(c.data.misses == 2);
    CHECK(c.bus_clocks == 9);
    CHECK(c.value == 0x5a5a5a5a);
    c = coherence(true, true, true);
    CHECK(c.data.write_backs == 1);
    CHECK(c.data.misses == 2);
    CHECK(c.bus_clocks == 9 + 9);
    CHECK(c.findings == 0);
}

TEST_CASE("without snooping stale data is a finding and the data stays right") {
    Coherence c = coherence(true, false, false);
    CHECK(c.data.stale_hits == 1);
    CHECK(c.data.misses == 1);
    CHECK(c.data.snoop_hits == 0);
    CHECK(c.findings == 1);
    CHECK(c.value == 0x5a5a5a5a);
    c = coherence(false, false, true);
    CHECK(c.data.stale_reads == 1);
    CHECK(c.findings == 1);
    c = coherence(false, false, false);
    CHECK(c.findings == 0);
}

TEST_CASE("code that was written is fetched again") {
    // A code cache of its own loses the line that a store touches.
    const Ran ran = run("pentium", {}, [](Code& c) {
        c.mov(ecx, 3);
        const uint32_t loop = c.here;
        c.bytes({0xc6, 0x05}).dword(0x101f).bytes({0x90});  // mov byte [0x101f], nop
        c.bytes({0xe2, static_cast<int>(loop - (c.here + 2)) & 0xff});
    });
    // The write misses the data cache each time and goes to the bus; each drops the line.
    CHECK(ran.code.misses == 1 + 3);
    CHECK(ran.stall == 9 + 3 * (2 + 9));
}

TEST_CASE("page tables say what is cached") {
    // A 4 MiB page at 0, and one at 4 MiB that is the same memory with PCD or PWT.
    struct Row {
        uint32_t bits;
        uint64_t misses, write_backs;
    };
    const Row rows[] = {{0x10, 0, 0}, {0x08, 1, 0}, {0, 1, 1}};
    for (const Row& row : rows) {
        INFO(row.bits);
        const Counts data = isolated([&] {
            Guest g{"pentium", with({})};
            g.at(0x10000).dword(0x83).dword(0x83 | row.bits);
            Code c = g.at(0x1000);
            c.mov(eax, 0x10000).bytes({0x0f, 0x22, 0xd8});     // cr3
            c.mov(eax, 0x10).bytes({0x0f, 0x22, 0xe0});        // cr4: PSE
            c.mov(eax, 0x80000011).bytes({0x0f, 0x22, 0xc0});  // cr0: PG
            c.bytes({0x0f, 0x09});                             // wbinvd: the walk's lines go
            load(c, 0x420000);
            store(c, 0x420000);
            c.bytes({0x0f, 0x09}).hlt();
            g.run(0x1000);
            return counts(*g.cpu.caches()->data);
        });
        // The directory's line is read by the walks of code and data: after the flush once.
        CHECK(data.misses == row.misses + 2);
        CHECK(data.write_backs == row.write_backs + 2);
    }
}

TEST_CASE("memory type range registers say what is cached") {
    // Two reads of one place: 1 miss where it is cached, no look-up where it is not.
    struct Write {
        uint32_t msr;
        uint64_t v;
    };
    struct Row {
        const char* what;
        std::vector<Write> writes;
        uint32_t at;
        uint64_t misses;
    };
    const Row rows[] = {
        {"as firmware leaves it: write-back", {}, 0x20000, 1},
        {"off: nothing is cached", {{0x2ff, 6}}, 0x20000, 0},
        {"on, uncached by default", {{0x2ff, 0x800}}, 0x20000, 0},
        {"a range of 64 KiB", {{0x200, 0x20006}, {0x201, 0xfffff0800}, {0x2ff, 0x800}}, 0x2fffc, 1},
        {"one past it", {{0x200, 0x20006}, {0x201, 0xfffff0800}, {0x2ff, 0x800}}, 0x30000, 0},
        {"a range that is not valid",
         {{0x200, 0x20006}, {0x201, 0xfffff0000}, {0x2ff, 0x800}},
         0x20000,
         0},
        {"uncached wins where two overlap",
         {{0x200, 0x20006}, {0x201, 0xfffff0800}, {0x20e, 0x28000}, {0x20f, 0xfffff8800}},
         0x28000,
         0},
        {"a fixed range of 64 KiB", {{0x250, 0x0606060606000606}, {0x2ff, 0xc06}}, 0x2fffc, 0},
        {"the next", {{0x250, 0x0606060606000606}, {0x2ff, 0xc06}}, 0x30000, 1},
        {"of 16 KiB", {{0x259, 0x0000000600000000}, {0x2ff, 0xc00}}, 0xb0000, 1},
        {"of 4 KiB", {{0x26a, 0x0006000000000000}, {0x2ff, 0xc00}}, 0xd6000, 1},
        {"its neighbour", {{0x26a, 0x0006000000000000}, {0x2ff, 0xc00}}, 0xd7000, 0},
        {"fixed ranges are off", {{0x250, 0}, {0x2ff, 0x806}}, 0x20000, 1},
        {"fixed ranges are below 1 MiB", {{0x2ff, 0xc06}}, 0x100000, 1},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        const Ran ran = run("p6", {}, [&](Code& c) {
            for (const Write& w : row.writes)
                c.mov(ecx, w.msr)
                    .mov(eax, static_cast<uint32_t>(w.v))
                    .mov(edx, static_cast<uint32_t>(w.v >> 32))
                    .bytes({0x0f, 0x30});
            load(c, row.at);
            load(c, row.at);
        });
        CHECK(ran.data.misses == row.misses);
        CHECK(ran.data.hits == row.misses);
    }
}
