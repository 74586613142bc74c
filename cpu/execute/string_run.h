// SPDX-License-Identifier: Apache-2.0
//
// Many iterations of a repeated string instruction at once, with the same outcome and in the same
// time as one by one: within one page of each operand, by host pointer, and up to the first
// iteration after which the instruction would give way to an event.
#pragma once

#include <algorithm>

#include "cpu/execute/handlers.h"

namespace sb::cpu {

/// How many iterations of `clocks` each may be done without looking around; 0 where each counts.
inline uint32_t string_run_limit(const Core& c, const Operation* op, uint32_t clocks) {
    const bool plain = op->address_mask == 0xffffffff && !(c.s.other_flags & flag::df);
    if (!plain || c.attention || c.lockstep() || c.cycle >= c.limit) return 0;
    const uint32_t count = c.s.regs[ecx];
    if (clocks == 0) return count;
    // The last one is the first that reaches the limit.
    const uint64_t fit = (c.limit - c.cycle + clocks - 1) / clocks;
    return static_cast<uint32_t>(std::min<uint64_t>(count, fit));
}

/// A string operand from a register on: where it is in the host, for at most `n` elements; `n` is
/// made as small as the segment and the page want it.
template <typename T>
uint8_t* string_operand(Core& c, unsigned segment, uint32_t offset, bool write, uint32_t& n) {
    const Segment& g = c.s.segments[segment];
    const uint64_t end = write ? g.write_end : g.read_end;
    uint32_t bytes = 0;
    uint8_t* host = c.short_way(g.base + offset, write, bytes);
    const uint64_t in_segment = end > offset ? end - offset : 0;
    n = static_cast<uint32_t>(
        std::min<uint64_t>(n, std::min<uint64_t>(bytes, in_segment) / sizeof(T)));
    return host;
}

template <typename T>
uint32_t run_stos(Core& c, uint32_t n) {
    if (n < 2) return 0;
    uint8_t* to = string_operand<T>(c, es, c.s.regs[edi], true, n);
    if (!to || n == 0) return 0;
    const T v = c.reg<T>(0);
    for (uint32_t k = 0; k < n; ++k) std::memcpy(to + k * sizeof(T), &v, sizeof(T));
    c.s.regs[edi] += n * uint32_t{sizeof(T)};
    return n;
}

template <typename T>
uint32_t run_movs(Core& c, const Operation* op, uint32_t n) {
    if (n < 2) return 0;
    const uint8_t* from = string_operand<T>(c, op->segment, c.s.regs[esi], false, n);
    uint8_t* to = string_operand<T>(c, es, c.s.regs[edi], true, n);
    if (!from || !to || n == 0) return 0;
    const uint32_t bytes = n * uint32_t{sizeof(T)};
    // Where an element that is written is read again later, the order of the elements matters.
    if (to > from && to < from + bytes) {
        for (uint32_t k = 0; k < bytes; k += sizeof(T)) std::memmove(to + k, from + k, sizeof(T));
    } else {
        std::memmove(to, from, bytes);
    }
    c.s.regs[esi] += bytes;
    c.s.regs[edi] += bytes;
    return n;
}

}  // namespace sb::cpu
