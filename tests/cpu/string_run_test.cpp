// SPDX-License-Identifier: Apache-2.0
//
// Repeated string instructions are done many iterations at once where that makes no difference:
// what they leave behind follows from SDM volume 2 (MOVS, STOS, REP), and every number is the same
// as with a yield after each iteration.
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "cpu/page_tlb.h"
#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using namespace sb::literals;
using sb::test::Guest;
using sb::test::isolated;

namespace {

struct String {
    std::initializer_list<int> code;  // the instruction
    unsigned size;                    // of an element
    uint32_t from, to, count;
    bool down = false;
};

struct Left {
    uint32_t esi, edi, ecx;
    uint64_t cycles, instructions;
    uint64_t sum;  // of the memory around the destination, each byte by its place
};

Left run(const String& s, bool lockstep, Time interrupted = {}) {
    return isolated([&] {
        Guest g{"486"};
        g.board.sim.set_lockstep(lockstep);
        std::mt19937 random{7};
        for (uint32_t n = 0; n < 0x8000; ++n)
            g.memory[0x20000 + n] = static_cast<uint8_t>(random());
        // An event that sets off nothing in the middle of it: the processor gives way all the same.
        Timer timer{g.board.processor, "event", [] {}};
        if (interrupted > Time{}) timer.arm_after(interrupted);
        auto c = g.at(0x1000);
        c.mov(esi, s.from).mov(edi, s.to).mov(ecx, s.count).mov(eax, 0xa1b2c3d4);
        if (s.down) c.bytes({0xfd});
        c.bytes(s.code).hlt();
        g.run(0x1000);
        uint64_t sum = 0;
        for (uint32_t n = 0; n < 0x8000; ++n) sum = sum * 31 + g.memory[0x20000 + n];
        return Left{g.reg(esi), g.reg(edi), g.reg(ecx), g.cpu.cycles(), g.cpu.instructions(), sum};
    });
}

/// One element after the other, by the definition.
uint64_t expected_sum(const String& s, bool moves) {
    std::vector<uint8_t> memory(0x8000);
    std::mt19937 random{7};
    for (uint8_t& byte : memory) byte = static_cast<uint8_t>(random());
    const uint8_t value[4] = {0xd4, 0xc3, 0xb2, 0xa1};
    for (uint32_t n = 0; n < s.count; ++n) {
        const uint32_t step = s.down ? 0 - n * s.size : n * s.size;
        uint8_t element[4];
        for (unsigned b = 0; b < s.size; ++b)
            element[b] = moves ? memory.at(s.from + step - 0x20000 + b) : value[b];
        for (unsigned b = 0; b < s.size; ++b) memory.at(s.to + step - 0x20000 + b) = element[b];
    }
    uint64_t sum = 0;
    for (const uint8_t byte : memory) sum = sum * 31 + byte;
    return sum;
}

}  // namespace

TEST_CASE("repeated moves and stores leave what one by one leaves in the same time") {
    const String strings[] = {
        {{0xf3, 0xa4}, 1, 0x20010, 0x24020, 5000},  // rep movsb, apart, over pages
        {{0xf3, 0xa5}, 4, 0x20010, 0x24020, 2000},  // rep movsd
        {{0xf3, 0xa5}, 4, 0x20013, 0x24021, 2000},  // neither aligned: elements straddle pages
        {{0xf3, 0x66, 0xa5}, 2, 0x20011, 0x24020, 3000},  // rep movsw
        {{0xf3, 0xa4}, 1, 0x20010, 0x20011, 6000},        // each byte is the one before it
        {{0xf3, 0xa5}, 4, 0x20010, 0x20012, 3000},        // half of each element is
        {{0xf3, 0xa5}, 4, 0x20010, 0x2001c, 3000},
        {{0xf3, 0xa5}, 4, 0x20014, 0x20010, 3000},        // to a lower address
        {{0xf3, 0xa4}, 1, 0x22000, 0x22001, 3000, true},  // downward
        {{0xf3, 0xaa}, 1, 0, 0x20001, 9000},              // rep stosb
        {{0xf3, 0xab}, 4, 0, 0x20fff, 3000},              // rep stosd, straddling
        {{0xf3, 0xab}, 4, 0, 0x20ffc, 1},
    };
    for (const String& s : strings) {
        INFO(s.from << " " << s.to << " " << s.count);
        const bool moves = s.code.size() == 3 || (*(s.code.begin() + 1) & 0xfe) == 0xa4;
        const uint32_t bytes = s.down ? 0 - s.count * s.size : s.count * s.size;
        for (const Time event : {0_ns, 700_ns, 20_us, 60_us}) {
            const Left fast = run(s, false, event), slow = run(s, true, event);
            CHECK(fast.sum == expected_sum(s, moves));
            CHECK(fast.edi == s.to + bytes);
            CHECK(fast.esi == (moves ? s.from + bytes : s.from));
            CHECK(fast.ecx == 0);
            CHECK(fast.sum == slow.sum);
            CHECK(fast.cycles == slow.cycles);
            CHECK(fast.instructions == slow.instructions);
        }
    }
}

TEST_CASE("a repeated store stops at the end of its segment") {
    const auto left = isolated([] {
        Guest g{"486"};
        g.gate(general_protection, 0x3000);
        g.at(0x3000).hlt();
        g.descriptor(3, 0x20000, 0xfff, 0x93, 0x4);  // 4 KiB, byte granular
        g.at(0x1000)
            .bytes({0x66, 0xb8, 0x18, 0x00, 0x8e, 0xc0})  // mov ax, 18h; mov es, ax
            .mov(edi, 0xf01)
            .mov(ecx, 100)
            .bytes({0xf3, 0xab})
            .hlt();
        g.run(0x1000);
        return std::array<uint32_t, 3>{g.cpu.state().eip, g.reg(edi), g.reg(ecx)};
    });
    // 63 doublewords end at FFDh; the next would end at 1001h.
    CHECK(left[0] == 0x3001);
    CHECK(left[1] == 0xf01 + 63 * 4);
    CHECK(left[2] == 100 - 63);
}

TEST_CASE("a repeated store over decoded code is seen") {
    for (bool lockstep : {false, true}) {
        const uint32_t r = isolated([&] {
            Guest g{"486"};
            g.board.sim.set_lockstep(lockstep);
            g.at(0x5000).bytes({0x43, 0x43, 0x43, 0x43, 0xc3});  // inc ebx, 4 times; ret
            auto c = g.at(0x1000);
            c.mov(ebx, 0).mov(edx, 0x5000).bytes({0xff, 0xd2});  // call edx
            c.mov(edi, 0x4f00).mov(ecx, 0x41).mov(eax, 0x90909090).bytes({0xf3, 0xab});
            c.bytes({0xff, 0xd2}).hlt();
            g.run(0x1000);
            return g.reg(ebx);
        });
        CHECK(r == 4);  // the second call runs NOPs
    }
}

TEST_CASE("the code TLB remembers what was added and not dropped") {
    CodeTlb tlb;
    std::map<uint32_t, uint32_t> known;
    std::mt19937 random{11};
    for (unsigned n = 0; n < 200'000; ++n) {
        const uint32_t linear = random() % 6000 << 12 | (random() & 0xfff);
        const uint32_t page = linear & ~0xfffu;
        switch (random() % 16) {
            case 0:
                CHECK(tlb.forget(linear) == (known.erase(page) == 1));
                break;
            case 1:
                if (random() % 2000 == 0) {
                    tlb.flush(true);
                    std::erase_if(known, [](const auto& e) { return !(e.second & page::global); });
                }
                break;
            default: {
                const uint32_t value = random() << 12 | (random() & page::global) | page::present;
                const bool full = known.size() >= CodeTlb::most;
                if (full) known.clear();
                REQUIRE(tlb.insert(linear, value) == !full);
                known[page] = value;
            }
        }
        const uint32_t asked = random() % 6000 << 12;
        const auto found = known.find(asked);
        REQUIRE(tlb.find(asked) == (found == known.end() ? 0 : found->second));
    }
    CHECK(tlb.bytes().size() == 8 * known.size());
    tlb.flush(false);
    CHECK(tlb.bytes().empty());
}
