// SPDX-License-Identifier: Apache-2.0
//
// What becomes of an exception whose delivery meets another: Intel SDM volume 3, tables 6-4 and
// 6-5.
#include <catch2/catch.hpp>

#include "tests/cpu/architecture/trap_guest.h"

using namespace sb;
using namespace sb::test;
using Bytes = std::vector<uint8_t>;

namespace {

enum Class { benign, contributory, page };

struct First {
    const char* name;
    unsigned vector;
    Class kind;
    Bytes code;
};
// GDT 8 is not present, 9 is a not present stack; 0x300000 is a page that is not there.
const First firsts[] = {
    {"#DE", 0, contributory, {0x31, 0xc9, 0xf7, 0xf1}},
    {"#BR", 5, benign, {0xb8, 9, 0, 0, 0, 0x62, 0x05, 0, 0x40, 0, 0}},
    {"#UD", 6, benign, {0x0f, 0x0b}},
    {"#DB", 1, benign, {0xf1}},
    {"#NP", 11, contributory, {0xb8, 0x40, 0, 0, 0, 0x8e, 0xd8}},
    {"#SS", 12, contributory, {0xb8, 0x48, 0, 0, 0, 0x8e, 0xd0}},
    {"#GP", 13, contributory, {0xb8, 0xf0, 0, 0, 0, 0x8e, 0xd8}},
    {"#PF", 14, page, {0xa1, 0, 0, 0x30, 0}},
};

struct Second {
    const char* name;
    int vector;
    Class kind;
    uint8_t access;  // of the first one's gate
    uint16_t selector;
    uint32_t error;  // without what names the gate
    bool names_gate;
};
const Second seconds[] = {
    {"a gate that is not present: #NP", 11, contributory, 0x0e, 8, 3, true},
    {"a gate of no type: #GP", 13, contributory, 0x80, 8, 3, true},
    {"a gate to nothing: #GP", 13, contributory, 0x8e, 0, 1, false},
    {"a gate to data: #GP", 13, contributory, 0x8e, 0x10, 0x11, false},
    {"a gate to a segment that is not present: #NP", 11, contributory, 0x8e, 0x50, 0x51, false},
    {"a gate in a page that is not there: #PF", 14, page, 0, 0, 0, false},
};

Trapped deliver(const First& first, const Second& second) {
    return isolated([&] {
        TrapGuest g;
        g.page();
        g.descriptor(8, 0, 0xfffff, 0x13, 0xc);
        g.descriptor(9, 0, 0xfffff, 0x13, 0xc);
        g.descriptor(10, 0, 0xfffff, 0x1b, 0xc);
        g.at(TrapGuest::entry_of(0x300000)).dword(0);
        if (second.kind == page) {  // the table so that this gate is in a page of its own
            const uint32_t at = 0x303000 - 8 * first.vector;
            for (unsigned v = 0; v < 64; ++v) {
                const uint32_t to = TrapGuest::handlers + 16 * v;
                g.at(at + 8 * v).dword(to | 8 << 16).dword(0x8e00);
            }
            // Vectors below it are in the page before, and those above it can not be reached.
            g.at(TrapGuest::entry_of(0x303000)).dword(0);
            g.cpu.state().idtr = {at, 0x7ff};
            // The handlers of #PF and #DF must be reachable: they are below only where they are
            // smaller; the table's second half is elsewhere then.
        } else {
            g.gate(first.vector, TrapGuest::handlers + 16 * first.vector, second.access,
                   second.selector);
        }
        return g.go(first.code);
    });
}

/// Table 6-5.
bool doubles(Class first, Class second) {
    return first == contributory ? second == contributory
                                 : first == page && (second == contributory || second == page);
}

}  // namespace

TEST_CASE("an exception during the delivery of another is a double fault where the table says so") {
    for (const First& first : firsts)
        for (const Second& second : seconds) {
            if (second.kind == page) continue;
            // Its own gate can not be used to deliver it a second time.
            const bool loops = static_cast<int>(first.vector) == second.vector;
            INFO(first.name << " through " << second.name);
            const Trapped t = deliver(first, second);
            if (doubles(first.kind, second.kind)) {
                CHECK(t.vector == 8);
                CHECK(t.error == 0);
            } else if (!loops) {
                CHECK(t.vector == second.vector);
                CHECK(t.error ==
                      (second.names_gate ? first.vector * 8 + second.error : second.error));
            }
        }
}

namespace {

struct Pair {
    const char* name;
    Bytes code;
    int vector;
};

}  // namespace

TEST_CASE("a page fault during the delivery of another exception") {
    // The handler's stack is what is not there: an exception of level 3 goes to it.
    const Pair pairs[] = {
        {"#UD then #PF", {0x0f, 0x0b}, -2},
        {"#DE then #PF", {0x31, 0xc9, 0xf7, 0xf1}, -2},
        {"#GP then #PF", {0xf4}, -2},
        {"#PF then #PF", {0xa1, 0, 0, 0x30, 0}, -2},
    };
    // Each needs that stack for #PF and #DF as well: a shutdown, which names what began it.
    for (const Pair& row : pairs) {
        INFO(row.name);
        const Trapped t = isolated([&] {
            TrapGuest g{"486", 3};
            g.page();
            g.at(TrapGuest::entry_of(0x300000)).dword(0);
            g.at(TrapGuest::task_state + 4).dword(0x300ff0);
            return g.go(row.code);
        });
        CHECK(t.shutdown);
        CHECK(t.cr2 - 0x300fe0 < 16);
    }
    // With a task gate for the double fault it is seen: SDM volume 3, 6.15, interrupt 8.
    for (const auto& [code, vector] : {std::pair<Bytes, int>{{0x0f, 0x0b}, 14},
                                       {{0x31, 0xc9, 0xf7, 0xf1}, 14},
                                       {{0xa1, 0, 0, 0x30, 0}, 8}}) {
        const bool doubled = isolated([&] {
            TrapGuest g{"486", 3};
            g.page();
            g.at(TrapGuest::entry_of(0x300000)).dword(0);
            g.at(TrapGuest::task_state + 4).dword(0x300ff0);
            g.descriptor(8, 0x5c00, 0x67, 0x89, 0);
            g.at(0x5c00 + 0x1c).dword(TrapGuest::directory);
            g.at(0x5c00 + 0x20).dword(0x2000).dword(2);
            g.at(0x5c00 + 0x28 + 16).dword(0x6000);
            for (uint32_t n = 0; n < 6; ++n) g.at(0x5c00 + 0x48 + 4 * n).dword(n == 1 ? 8 : 0x10);
            g.gate(static_cast<unsigned>(vector), 0, 0x85, 0x40);
            g.at(0x2000).hlt();
            g.go(code);
            return g.cpu.state().eip == 0x2001 && g.cpu.state().tr.selector == 0x40;
        });
        INFO(vector);
        CHECK(doubled);
    }
}
