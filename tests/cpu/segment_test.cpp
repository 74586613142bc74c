// SPDX-License-Identifier: Apache-2.0
//
// Segments, far transfers, 16-bit code, and what looks at descriptors (Intel SDM volume 3, chapter
// 5).
#include <catch2/catch.hpp>

#include "tests/cpu/guest.h"
#include "tests/support/isolated.h"

using namespace sb;
using namespace sb::cpu;
using namespace sb::literals;
using sb::test::Guest;
using sb::test::isolated;

TEST_CASE("a far call and return through another code segment") {
    Guest g{"486"};
    g.descriptor(3, 0x30000, 0xfffff, 0x9a, 0xc);  // not yet accessed
    g.at(0x30100).bytes({0x8c, 0xcb, 0xcb});       // mov ebx, cs; retf
    g.at(0x1000).bytes({0x9a}).dword(0x100).word(0x18).hlt();
    g.run(0x1000);
    CHECK(g.reg(ebx) == 0x18);
    CHECK(g.reg(esp) == Guest::stack);
    CHECK(g.memory[Guest::gdt + 0x1d] == 0x9b);  // accessed now
    CHECK(g.dword(Guest::stack - 4) == 8);
    CHECK(g.dword(Guest::stack - 8) == 0x1007);
}

TEST_CASE("16-bit code runs in a 16-bit segment and wraps its stack pointer") {
    Guest g{"486"};
    g.descriptor(3, 0x30000, 0xffff, 0x9b, 0);
    g.descriptor(4, 0x40000, 0xffff, 0x93, 0);
    g.at(0x30000)
        .bytes({0xb8, 0x34, 0x12})        // mov ax, 0x1234
        .bytes({0x66, 0xb9, 1, 0, 2, 0})  // mov ecx, 0x20001
        .bytes({0x50})                    // push ax
        .bytes({0x5a})                    // pop dx
        .bytes({0x8b, 0x1e, 0x10, 0})     // mov bx, [0x10]
        .bytes({0xf4});
    g.at(0x40010).word(0xbeef);
    g.at(0x1000)
        .mov(eax, 0x20)
        .bytes({0x8e, 0xd0, 0x8e, 0xd8})  // ss and ds: 16 bits
        .mov(esp, 0x50000)                // SP is zero
        .bytes({0xea})
        .dword(0)
        .word(0x18);
    g.run(0x1000);
    CHECK(g.reg(eax) == 0x1234);
    CHECK(g.reg(ecx) == 0x20001);
    CHECK((g.reg(edx) & 0xffff) == 0x1234);
    CHECK((g.reg(ebx) & 0xffff) == 0xbeef);
    CHECK(g.reg(esp) == 0x50000);
    CHECK(g.memory[0x4fffe] == 0x34);
}

TEST_CASE("LAR LSL VERR and VERW say what a descriptor allows") {
    struct Case {
        uint16_t selector;
        uint32_t rights;  // 0: LAR says no
        uint32_t limit;
        bool read, write;
    };
    const Case cases[] = {
        {0x00, 0, 0, false, false},
        {0x08, 0x00c09b00, 0xffffffff, true, false},
        {0x10, 0x00c09300, 0xffffffff, true, true},
        {0x18, 0x00409100, 0xfff, true, false},
        {0x20, 0x00c09900, 0xffffffff, false, false},
        {0x28, 0x00008900, 0x67, false, false},
        {0x11, 0, 0, false, false},  // the RPL is outside of the DPL
        {0x7000, 0, 0, false, false},
    };
    for (const Case& c : cases) {
        INFO("selector " << c.selector);
        const auto r = isolated([&] {
            Guest g{"486"};
            g.descriptor(3, 0, 0xfff, 0x91, 4);
            g.descriptor(4, 0, 0xfffff, 0x99, 0xc);
            g.descriptor(5, 0x5000, 0x67, 0x89, 0);
            g.at(0x1000)
                .mov(eax, c.selector)
                .bytes({0x0f, 0x02, 0xd8})                    // lar ebx, eax
                .bytes({0x0f, 0x03, 0xc8})                    // lsl ecx, eax
                .bytes({0x0f, 0x00, 0xe0, 0x0f, 0x94, 0xc2})  // verr ax; setz dl
                .bytes({0x0f, 0x00, 0xe8, 0x0f, 0x94, 0xc6})  // verw ax; setz dh
                .hlt();
            g.run(0x1000);
            return std::array<uint32_t, 3>{g.reg(ebx), g.reg(ecx), g.reg(edx) & 0xffff};
        });
        CHECK(r[0] == c.rights);
        CHECK(r[1] == c.limit);
        CHECK(r[2] == (c.read ? 1u : 0u) + (c.write ? 0x100u : 0u));
    }
}

TEST_CASE("tables and control registers read back") {
    Guest g{"pentium"};
    g.at(0x4000).word(0x1234).dword(0x56789abc);
    g.at(0x1000)
        .bytes({0x0f, 0x01, 0x1d})
        .dword(0x4000)  // lidt
        .bytes({0x0f, 0x01, 0x0d})
        .dword(0x4010)              // sidt
        .bytes({0x0f, 0x01, 0xe3})  // smsw ebx
        .bytes({0x0f, 0x20, 0xc1})  // mov ecx, cr0
        .mov(eax, 0)
        .bytes({0x0f, 0xa2})  // cpuid
        .hlt();
    g.run(0x1000);
    CHECK(g.dword(0x4010) == 0x9abc1234);
    CHECK((g.dword(0x4014) & 0xffff) == 0x5678);
    CHECK(g.reg(eax) == 1);
    CHECK(g.reg(edx) == 0x49656e69);  // "ineI"
}

TEST_CASE("NMI comes once an edge and not inside its own handler") {
    Guest g{"486"};
    struct Source : Component {
        explicit Source(Guest& g) : Component{g.board.sim, "source"}, pin{*this, "pin"} {
            pin.connect(g.board.board.line("nmi"));
            g.board.board.line("nmi").connect(g.cpu, Cpu::nmi);
        }
        bus::Pin pin;
        Timer timer{*this, "timer", [this] {
                        pin.pulse();
                        if (++pulses < 3) timer.arm_after(400_ns);
                    }};
        int pulses = 0;
    } source{g};
    source.timer.arm_after(1_us);
    g.cpu.expect_nmi();
    g.gate(2, 0x3000);
    auto h = g.at(0x3000).bytes({0xff, 0x05}).dword(0x21000);  // inc [count]
    for (int i = 0; i < 100; ++i) h.bytes({0x90});
    h.bytes({0xcf});
    g.at(0x1000).hlt().bytes({0xeb, 0xfd});  // hlt with interrupts off; again
    g.run(0x1000);
    // Three edges: the second waits for the IRET, the third comes with it.
    CHECK(g.dword(0x21000) == 2);
    CHECK(g.cpu.state().halted);
}
