// SPDX-License-Identifier: Apache-2.0
//
// The debug registers: breakpoints on code, data and ports, and the protection of the registers
// themselves. Source: Intel SDM volume 3, 17.2 and 17.3.
//
// A page with a data breakpoint is never accessed the short way, and code breakpoints make the
// processor look at each instruction: who sets none pays nothing. A data breakpoint's trap comes
// after the instruction; of a repeated one, after the iteration.
#include "cpu/core.h"

namespace sb::cpu {
namespace {

constexpr unsigned on_execute = 1u << 0, on_write = 1u << 1, on_port = 1u << 2, on_access = 1u << 3;

bool enabled(uint32_t dr7, unsigned n) { return dr7 >> (2 * n) & 3; }
unsigned kind(uint32_t dr7, unsigned n) { return 1u << (dr7 >> (16 + 4 * n) & 3); }
/// The length that is undefined on these models counts as one byte.
unsigned length(uint32_t dr7, unsigned n) {
    constexpr unsigned lengths[] = {1, 2, 1, 4};
    return lengths[dr7 >> (18 + 4 * n) & 3];
}

}  // namespace

unsigned Core::breakpoints_at(uint32_t at, unsigned size, unsigned kinds) const {
    unsigned hits = 0;
    for (unsigned n = 0; n < 4; ++n) {
        if (!enabled(s.dr[7], n) || !(kind(s.dr[7], n) & kinds)) continue;
        const uint32_t first = s.dr[n] & ~(length(s.dr[7], n) - 1);
        const uint32_t last = first + length(s.dr[7], n) - 1;
        if (at <= last && first <= at + (size - 1)) hits |= 1u << n;
    }
    return hits;
}

/// After a change of DR0 to DR3 or DR7.
void Core::refresh_breakpoints() {
    unsigned kinds = 0;
    for (unsigned n = 0; n < 4; ++n)
        if (enabled(s.dr[7], n)) kinds |= kind(s.dr[7], n);
    code_watched_ = kinds & on_execute;
    data_watched_ = kinds & (on_write | on_access);
    ports_watched_ = (kinds & on_port) && (s.cr4 & cr4::de);
    flush_short_way();
    attention = true;
}

void Core::note_access(uint32_t linear, unsigned size, bool write) {
    const unsigned hits = breakpoints_at(linear, size, on_access | (write ? on_write : 0));
    if (!hits) return;
    s.debug_hits |= static_cast<uint8_t>(hits);
    attention = true;
}

void Core::note_port(uint16_t port, unsigned size) {
    s.debug_hits |= static_cast<uint8_t>(breakpoints_at(port, size, on_port));
}

bool Core::page_watched(uint32_t page) const {
    return data_watched_ && breakpoints_at(page, 0x1000, on_write | on_access);
}

/// Before an instruction: raises the fault of a breakpoint on it, or the trap of one that the
/// instruction before it ran into.
void Core::check_breakpoints() {
    unsigned hits = std::exchange(s.debug_hits, uint8_t{0});
    if (code_watched_ && !(s.other_flags & flag::rf) && !s.trap_shadow)
        hits |= breakpoints_at(s.segments[cs].base + s.eip, 1, on_execute);
    if (!hits) return;
    s.dr[6] |= hits;
    fault(debug_trap);
}

/// MOV to and from debug registers. DR4 and DR5 are other names of DR6 and DR7, unless CR4.DE
/// (17.2.2).
unsigned Core::debug_register(unsigned n) {
    if (n == 4 || n == 5) {
        if (s.cr4 & cr4::de) fault(invalid_opcode);
        n += 2;
    }
    if (s.dr[7] & 1u << 13) {  // GD: even these are guarded (17.2.4)
        s.dr[6] |= 1u << 13;
        fault(debug_trap);
    }
    return n & 7;
}

void Core::set_debug_register(unsigned n, uint32_t v) {
    if (n == 6) v = (v & 0xe00f) | 0xffff0ff0;
    if (n == 7) v = (v & 0xffff2fff) | 0x400;
    s.dr[n] = v;
    refresh_breakpoints();
}

}  // namespace sb::cpu
