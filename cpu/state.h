// SPDX-License-Identifier: Apache-2.0
//
// The processor's architectural state: plain data, all of it part of the saved machine. Names and
// layouts follow the Intel SDM volume 3, chapters 2 and 3.
#pragma once

#include <array>
#include <cstdint>

#include "cpu/flags.h"
#include "cpu/msr.h"
#include "cpu/fpu/state.h"

namespace sb::cpu {

enum Register : uint8_t { eax, ecx, edx, ebx, esp, ebp, esi, edi, zero_register };
enum SegmentRegister : uint8_t { es, cs, ss, ds, fs, gs };

namespace cr0 {
constexpr uint32_t pe = 1u << 0, mp = 1u << 1, em = 1u << 2, ts = 1u << 3, et = 1u << 4,
                   ne = 1u << 5, wp = 1u << 16, am = 1u << 18, nw = 1u << 29, cd = 1u << 30,
                   pg = 1u << 31;
}

namespace cr4 {
constexpr uint32_t tsd = 1u << 2, de = 1u << 3, pse = 1u << 4, mce = 1u << 6, pge = 1u << 7,
                   osfxsr = 1u << 9;
}

/// The access byte of a descriptor (SDM volume 3, 3.4.5).
namespace access {
constexpr uint8_t accessed = 1, writable = 2, readable = 2, expand_down = 4, conforming = 4,
                  code = 8, segment = 0x10, present = 0x80;
constexpr unsigned dpl(uint8_t a) { return a >> 5 & 3; }
}  // namespace access

/// A segment register with its hidden part.
struct Segment {
    uint64_t read_end = 0;   // offsets below this may be read by the short check
    uint64_t write_end = 0;  // and written
    uint32_t base = 0;
    uint32_t limit = 0;  // in bytes, the last valid offset (or the last invalid one: expand-down)
    uint16_t selector = 0;
    uint8_t access = 0;
    bool big = false;  // the D/B bit

    bool usable() const { return access & access::present; }
    bool is_code() const { return access & access::code; }
    bool expand_down() const { return !is_code() && (access & access::expand_down); }
    bool can_read() const { return !is_code() || (access & access::readable); }
    bool can_write() const { return !is_code() && (access & access::writable); }
    /// Works out the bounds of the short check; whatever fails it is looked at in full.
    void refresh() {
        const bool plain = usable() && !expand_down();
        read_end = plain && can_read() ? uint64_t{limit} + 1 : 0;
        write_end = plain && can_write() ? uint64_t{limit} + 1 : 0;
    }
};

struct TableRegister {
    uint32_t base = 0;
    uint16_t limit = 0;
};

struct State {
    std::array<uint32_t, 9> regs{};  // the last is always zero: "no register" of an address
    uint32_t eip = 0;
    LazyFlags flags;
    uint32_t other_flags = flag::always;  // EFLAGS without the arithmetic ones
    std::array<Segment, 6> segments{};
    Segment ldtr, tr;
    TableRegister gdtr, idtr;
    uint32_t cr0 = cr0::et, cr2 = 0, cr3 = 0, cr4 = 0;
    std::array<uint32_t, 8> dr{0, 0, 0, 0, 0, 0, 0xffff0ff0, 0x400};
    uint32_t a20_mask = 0xffffffff;
    uint8_t cpl = 0;
    bool halted = false;       // stopped at HLT
    bool stopped = false;      // halted for good, or shut down
    bool shadow = false;       // no interrupt before the next instruction (STI, MOV SS)
    bool trap_shadow = false;  // nor a single-step trap (MOV SS)
    bool intr_line = false;
    bool nmi_line = false;
    bool nmi_pending = false;
    bool nmi_masked = false;  // until IRET
    uint8_t debug_hits = 0;   // breakpoints that the last instruction ran into
    bool reset_pending = false;
    bool rep_paid = false;  // the base clocks of the REP instruction at EIP were charged
    uint64_t tsc_offset = 0;
    std::array<uint64_t, most_msrs> msr{};  // in the order of the model's list
    fpu::State fpu;
    bool ignne = false;   // the level of IGNNE#
    bool frozen = false;  // halted at an instruction that finds an x87 exception pending

    uint32_t eflags() const { return other_flags | flags.value(); }
    void set_eflags(uint32_t f) {
        flags.set(f);
        other_flags = (f & ~flag::arithmetic) | flag::always;
    }
    bool interrupts_enabled() const { return other_flags & flag::if_; }
    bool protected_mode() const { return cr0 & cr0::pe; }
    bool virtual_8086() const { return other_flags & flag::vm; }
    unsigned iopl() const { return other_flags >> 12 & 3; }
};

}  // namespace sb::cpu
