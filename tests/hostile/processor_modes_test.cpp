// SPDX-License-Identifier: Apache-2.0
//
// Random bytes as code in every mode of the processor: real, virtual-8086, protected with 16- and
// 32-bit code at levels 0 and 3, with and without paging. Descriptors, gates, task states and page
// tables are random too, near enough to valid ones to be followed; page tables point at memory, at
// devices and at nothing. Whatever happens must end in a way that is reported.
//
// By hand, for as long as wanted (docs/cpu.md):
//     SOUTHBRIDGE_FUZZ_SECONDS=600 SOUTHBRIDGE_FUZZ_SEED=7 test_hostile "random code in*"
#include <catch2/catch.hpp>
#include <chrono>
#include <random>

#include "cpu/state.h"
#include "sim/machine/machine.h"
#include "tests/scenarios/guest_run.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::machine;
using namespace sb::test;

namespace {

using Random = std::mt19937_64;

uint64_t setting(const char* name, uint64_t fallback) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 0) : fallback;
}

// Where things are, in a machine's memory from `base` on. All of it is noise before.
constexpr uint32_t base = 0x200000, noise_bytes = 0x40000;
constexpr uint32_t code = base, gdt = base + 0x10000, idt = base + 0x11000, ldt = base + 0x12000,
                   tss = base + 0x13000, directory = base + 0x20000, tables = base + 0x21000,
                   stack = base + 0x38000;
constexpr unsigned table_count = 4;

struct Memory {
    uint8_t* at_base;
    void put(uint32_t at, uint32_t v) { std::memcpy(at_base + (at - base), &v, 4); }
};

/// A descriptor: often a flat segment, a gate to one or a task, else what the dice say.
void descriptor(Memory& m, uint32_t at, Random& random, bool gate) {
    uint32_t low = static_cast<uint32_t>(random()), high = static_cast<uint32_t>(random());
    static constexpr uint32_t gates[] = {0x8e00, 0xee00, 0x8f00, 0xef00,
                                         0x8500, 0x8600, 0xec00, 0x8c03};
    if (random() % 4) {
        if (gate || random() % 4 == 0) {
            const uint32_t to = code + static_cast<uint32_t>(random() % 0x8000);
            low = (to & 0xffff) | static_cast<uint32_t>(random() % 32) << 19;
            high = (to & 0xffff0000) | gates[random() % std::size(gates)];
        } else if (random() % 4) {
            low = 0x0000ffff;
            high = 0x000f9200 | (high & 0x00f0ed00);
        } else {  // a task state or an LDT
            const uint32_t to = tss + static_cast<uint32_t>(random() % 8) * 0x100;
            low = 0x0067 | (to & 0xffff) << 16;
            high = (to >> 16 & 0xff) | (to & 0xff000000) | (random() % 2 ? 0x8900 : 0x8200) |
                   (high & 0x6200);
        }
    }
    m.put(at, low);
    m.put(at + 4, high);
}

/// A page table entry: to memory, to a device, to nothing, or anything.
uint32_t page_entry(Random& random, uint32_t home) {
    static constexpr uint32_t places[] = {0xfee00000, 0xfec00000, 0x000a0000, 0x000b8000,
                                          0x50000000, 0xfffff000, 0x000f0000, 0xfff00000};
    const auto rights = static_cast<uint32_t>(random() % 0x200);
    switch (random() % 16) {
        case 0:
            return places[random() % std::size(places)] | rights;
        case 1:
            return static_cast<uint32_t>(random());
        case 2:
            return (base + static_cast<uint32_t>(random() % noise_bytes & ~0xfffu)) | rights;
        default:
            return home | 7 | (rights & 0x100);
    }
}

void fill(Memory& m, Random& random) {
    for (uint32_t at = base; at < base + noise_bytes; at += 8) {
        const uint64_t v = random();
        std::memcpy(m.at_base + (at - base), &v, 8);
    }
    for (uint32_t n = 1; n < 64; ++n) descriptor(m, gdt + 8 * n, random, false);
    for (uint32_t n = 0; n < 256; ++n) descriptor(m, idt + 8 * n, random, true);
    for (uint32_t n = 0; n < 32; ++n) descriptor(m, ldt + 8 * n, random, false);
    for (uint32_t n = 0; n < 8; ++n) {  // task states
        const uint32_t at = tss + n * 0x100;
        for (uint32_t level = 0; level < 3; ++level) {
            m.put(at + 4 + 8 * level, stack);
            m.put(at + 8 + 8 * level, static_cast<uint32_t>(random() % 64) * 8 + level);
        }
        m.put(at + 0x1c, directory);
        m.put(at + 0x20, code + static_cast<uint32_t>(random() % 0x8000));
        for (uint32_t s = 0; s < 7; ++s)
            m.put(at + 0x48 + 4 * s, static_cast<uint32_t>(random() % 64) * 8 + random() % 4);
    }
    for (uint32_t n = 0; n < 1024; ++n)
        m.put(directory + 4 * n, n < table_count ? page_entry(random, tables + n * 0x1000)
                                 : random() % 4  ? 0
                                                 : page_entry(random, tables));
    for (uint32_t n = 0; n < table_count * 1024; ++n)
        m.put(tables + 4 * n, page_entry(random, n << 12));
}

enum Mode { real, v86, protected_16, protected_32, mode_count };

/// The processor as it is when the guest begins.
void prepare(cpu::State& s, Random& random) {
    const auto mode = static_cast<Mode>(random() % mode_count);
    const bool ring_3 = mode == v86 || (mode != real && random() % 2);
    s.cr0 = mode == real ? cpu::cr0::et : cpu::cr0::et | cpu::cr0::pe;
    if (mode != real && random() % 2) s.cr0 |= cpu::cr0::pg;
    s.cr0 |= static_cast<uint32_t>(random()) &
             (cpu::cr0::wp | cpu::cr0::am | cpu::cr0::ne | cpu::cr0::ts);
    s.cr3 = random() % 16 ? directory : static_cast<uint32_t>(random());
    s.cr4 = random() % 2 ? cpu::cr4::pse : 0;
    s.gdtr = {gdt, 64 * 8 - 1};
    s.idtr = {random() % 8 ? idt : static_cast<uint32_t>(random()), 0x7ff};
    s.cpl = ring_3 ? 3 : 0;
    s.set_eflags(2 | (static_cast<uint32_t>(random()) & 0x00047fd5));
    if (mode == v86) s.other_flags |= cpu::flag::vm;
    const bool paragraphs = mode == real || mode == v86;
    for (unsigned n = 0; n < 6; ++n) {
        cpu::Segment& g = s.segments[n];
        g = {};
        g.selector = paragraphs ? 0x2000 : static_cast<uint16_t>(8 * (n + 1) + s.cpl);
        g.base = paragraphs ? uint32_t{g.selector} << 4 : 0;
        g.limit = paragraphs ? 0xffff : 0xffffffff;
        g.access = static_cast<uint8_t>((n == cpu::cs && !paragraphs ? 0x9b : 0x93) | s.cpl << 5);
        g.big = mode == protected_32;
        g.refresh();
    }
    s.tr.selector = 0x28;
    s.tr.base = tss;
    s.tr.limit = random() % 2 ? 0x67 : 0x2067;
    s.tr.access = 0x8b;
    s.ldtr.selector = 0x30;
    s.ldtr.base = ldt;
    s.ldtr.limit = 0xff;
    s.ldtr.access = 0x82;
    for (uint32_t& r : s.regs)
        r = static_cast<uint32_t>(random() % 4 ? base + random() % noise_bytes : random());
    s.regs[cpu::esp] = paragraphs ? 0x8000 : stack;
    s.regs[cpu::zero_register] = 0;
    s.eip = paragraphs ? static_cast<uint32_t>(random() % 0x8000)
                       : code + static_cast<uint32_t>(random() % 0x8000);
    if (random() % 4 == 0)
        for (unsigned n : {0u, 1u, 2u, 3u}) s.dr[n] = static_cast<uint32_t>(random());
    if (random() % 4 == 0) s.dr[7] = static_cast<uint32_t>(random()) | 0x400;
}

Outcome::Kind run_one(uint64_t seed) {
    static constexpr const char* models[] = {"386", "486", "pentium", "p6", "ideal"};
    return isolated([&] {
        Random random{seed};
        const Sets sets{std::string("cpu.model=") + models[random() % std::size(models)],
                        std::string("cpu.cache=") + (random() % 2 ? "none" : "perfect"),
                        "run.time_limit=5ms", "disk.size=1MiB"};
        Machine machine{guest_plan("hello", sets), {}};
        const auto* range = machine.chassis().memory.find(base);
        Memory memory{range->direct->host + (base - range->start)};
        fill(memory, random);
        // Real mode and virtual-8086 mode see the first megabyte: noise there as well.
        uint8_t* low = range->direct->host - 0;
        if (range->start == 0)
            for (uint32_t at = 0; at < 0x40000; ++at) low[at] = memory.at_base[at % noise_bytes];
        prepare(machine.processor().state(), random);
        machine.run();
        if (!nlohmann::json::accept(json_text(machine.results())))
            throw Error("the results are no JSON");
        return machine.results().outcome.kind;
    });
}

}  // namespace

TEST_CASE("random code in every mode ends in a way that is reported") {
    const uint64_t first = setting("SOUTHBRIDGE_FUZZ_SEED", 1);
    const uint64_t seconds = setting("SOUTHBRIDGE_FUZZ_SECONDS", 0);
    const uint64_t guests = setting("SOUTHBRIDGE_FUZZ_GUESTS", 300);
    const auto begin = std::chrono::steady_clock::now();
    auto more = [&](uint64_t done) {
        if (seconds == 0) return done < guests;
        return std::chrono::steady_clock::now() - begin < std::chrono::seconds{seconds};
    };
    uint64_t done = 0;
    for (; more(done); ++done) {
        INFO("SOUTHBRIDGE_FUZZ_SEED=" << first + done << " SOUTHBRIDGE_FUZZ_GUESTS=1");
        Outcome::Kind kind = Outcome::Kind::running;
        CHECK_NOTHROW(kind = run_one(first + done));
        CHECK(kind != Outcome::Kind::running);
        CHECK(kind != Outcome::Kind::interrupted);
        if (kind == Outcome::Kind::running) break;
    }
    if (seconds) WARN(done << " guests from seed " << first);
}
