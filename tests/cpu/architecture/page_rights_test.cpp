// SPDX-License-Identifier: Apache-2.0
//
// Who may do what to a page: all combinations of the directory's and the table's rights, of the
// access, and of CR0.WP. Intel SDM volume 3, 4.6 (access rights), 4.7 (error code: P, W/R, U/S).
#include <catch2/catch.hpp>

#include "tests/cpu/architecture/trap_guest.h"

using namespace sb;
using namespace sb::test;

namespace {

/// By the rights of both entries together (table 5-3 of the SDM's 5.12): which of user read, user
/// write, supervisor read, supervisor write, the same with WP, are allowed.
struct Rights {
    const char* name;
    uint32_t directory, table;  // U is 4, W is 2
    const char* allowed;        // y or n: ur uw sr sw sw+WP
};
const Rights combinations[] = {
    {"S R, S R", 0, 0, "nnyyn"}, {"S R, S W", 0, 2, "nnyyn"}, {"S R, U R", 0, 4, "nnyyn"},
    {"S R, U W", 0, 6, "nnyyn"}, {"S W, S R", 2, 0, "nnyyn"}, {"S W, S W", 2, 2, "nnyyy"},
    {"S W, U R", 2, 4, "nnyyn"}, {"S W, U W", 2, 6, "nnyyy"}, {"U R, S R", 4, 0, "nnyyn"},
    {"U R, S W", 4, 2, "nnyyn"}, {"U R, U R", 4, 4, "ynyyn"}, {"U R, U W", 4, 6, "ynyyn"},
    {"U W, S R", 6, 0, "nnyyn"}, {"U W, S W", 6, 2, "nnyyy"}, {"U W, U R", 6, 4, "ynyyn"},
    {"U W, U W", 6, 6, "yyyyy"},
};

constexpr uint32_t window = 0x800000, window_table = 0x202000;

Trapped access(const Rights& r, unsigned level, bool write, bool protect, uint32_t present = 1) {
    return isolated([&] {
        TrapGuest g{"486", level};
        g.page();
        g.at(TrapGuest::directory + 4 * (window >> 22)).dword(window_table | r.directory | 1);
        g.at(window_table).dword(0x300000 | r.table | present);
        if (protect) g.cpu.state().cr0 |= cpu::cr0::wp;
        return write ? g.go({0xa3, 0x10, 0, 0x80, 0}) : g.go({0xa1, 0x10, 0, 0x80, 0});
    });
}

void check(const Trapped& t, unsigned level, bool write, bool allowed) {
    if (allowed) {
        CHECK(t.vector == (level == 3 ? 13 : no_fault));  // the HLT that follows
        return;
    }
    CHECK(t.vector == 14);
    CHECK(t.error == (1u | (write ? 2u : 0u) | (level == 3 ? 4u : 0u)));
    CHECK(t.cr2 == window + 0x10);
    CHECK(t.eip == 0x1000);
}

}  // namespace

TEST_CASE("the rights of both levels of page tables and WP decide") {
    for (const Rights& r : combinations) {
        INFO(r.name);
        const char* a = r.allowed;
        for (bool protect : {false, true}) {
            check(access(r, 3, false, protect), 3, false, a[0] == 'y');
            check(access(r, 3, true, protect), 3, true, a[1] == 'y');
            check(access(r, 0, false, protect), 0, false, a[2] == 'y');
            check(access(r, 0, true, protect), 0, true, a[protect ? 4 : 3] == 'y');
        }
    }
    // The 386 has no WP: a supervisor writes everywhere (230985, 6.4.2).
    const bool wrote = isolated([&] {
        TrapGuest g{"386", 0};
        g.page();
        g.at(TrapGuest::entry_of(0x300000)).dword(0x300000 | 5);
        const Trapped t = g.go({0xb8, 1, 0, 1, 0x80, 0x0f, 0x22, 0xc0,  // mov cr0, PG WP PE
                                0xa3, 0, 0, 0x30, 0});
        return t.vector == no_fault;
    });
    CHECK(wrote);
}

TEST_CASE("a page that is not there says so whatever its rights") {
    for (const Rights& r : combinations)
        for (unsigned level : {0u, 3u}) {
            INFO(r.name << " at level " << level);
            const Trapped t = access(r, level, true, true, 0);
            CHECK(t.vector == 14);
            CHECK(t.error == (2u | (level == 3 ? 4u : 0u)));
        }
}
