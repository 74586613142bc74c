// SPDX-License-Identifier: Apache-2.0
//
// An entry of the GDT, LDT or IDT, as read: a segment, or a gate (Intel SDM volume 3, 3.4.5 and
// 5.8.3); and what far transfers and task switches make of them.
#pragma once

#include <cstring>

#include "cpu/state.h"

namespace sb::cpu {

struct Descriptor {
    uint32_t low = 0, high = 0;
    uint32_t address = 0;  // linear
    /// Both halves by one store, which a copy soon after can be forwarded from by the host.
    void set(uint32_t lower, uint32_t upper) {
        const uint64_t both = lower | uint64_t{upper} << 32;  // the host is little-endian too
        std::memcpy(reinterpret_cast<uint8_t*>(this), &both, sizeof both);
    }
    uint8_t access() const { return static_cast<uint8_t>(high >> 8); }
    bool system() const { return !(access() & access::segment); }
    uint8_t type() const { return access() & 0xf; }
    unsigned dpl() const { return access::dpl(access()); }
    bool present() const { return access() & access::present; }
    uint32_t base() const { return low >> 16 | (high & 0xff) << 16 | (high & 0xff000000); }
    uint32_t limit() const {
        const uint32_t l = (low & 0xffff) | (high & 0x000f0000);
        return high & 0x00800000 ? l << 12 | 0xfff : l;
    }
    uint16_t gate_selector() const { return static_cast<uint16_t>(low >> 16); }
    uint32_t gate_offset() const { return (low & 0xffff) | (high & 0xffff0000); }
};

/// Makes `g` the segment that `d` describes.
void load_from(Segment& g, uint16_t selector, const Descriptor& d);

/// A stack to push on that is not SS:ESP yet.
struct NewStack {
    Segment segment;
    uint32_t sp = 0;
    uint32_t error = 0;  // of #SS where it is too small
    bool inner = false;
};

/// What a task state segment holds.
struct TaskImage {
    uint32_t eip, eflags, cr3;
    uint32_t regs[8];
    uint16_t segments[6];
    uint16_t ldt;
    bool trap;
};

}  // namespace sb::cpu
