// SPDX-License-Identifier: Apache-2.0
//
// CPUID, the time stamp counter and the model specific registers: what depends on the model most.
// Source: Intel SDM volume 2; AP-485; volume 3, 10.4.4 (the APIC base), 11.11 (MTRRs), 17.17 (TSC).
#include "cpu/execute/handlers.h"

namespace sb::cpu {
namespace {

/// The local APIC's feature bit follows its enable bit (SDM volume 3, 10.4.3); without one on the
/// board there is none.
uint32_t feature_bits(Core& c) {
    constexpr uint32_t apic = features[static_cast<size_t>(Feature::apic)].bit;
    const bus::ApicPlacement* placement = c.bus().apic;
    return placement && placement->enabled() ? c.model.cpuid_features
                                             : c.model.cpuid_features & ~apic;
}

void cpuid(Core& c, const Operation*) {
    auto& r = c.s.regs;
    const Model& m = c.model;
    auto letters = [&](unsigned at) {
        uint32_t v;
        std::memcpy(&v, m.vendor.data() + at, 4);
        return v;
    };
    // A leaf beyond the last answers as the last one does.
    switch (std::min(r[eax], m.cpuid_highest)) {
        case 0:
            r[eax] = m.cpuid_highest;
            r[ebx] = letters(0);
            r[edx] = letters(4);
            r[ecx] = letters(8);
            break;
        case 1:
            r[eax] = m.signature;
            r[ebx] = r[ecx] = 0;
            r[edx] = feature_bits(c);
            break;
        default:
            r[eax] = m.cpuid_caches[0];
            r[ebx] = m.cpuid_caches[1];
            r[ecx] = m.cpuid_caches[2];
            r[edx] = m.cpuid_caches[3];
    }
}

void give(Core& c, uint64_t v) {
    c.s.regs[eax] = static_cast<uint32_t>(v);
    c.s.regs[edx] = static_cast<uint32_t>(v >> 32);
}

void rdtsc(Core& c, const Operation*) {
    if ((c.s.cr4 & cr4::tsd) && c.s.cpl != 0) c.fault(general_protection);
    give(c, c.cycle + c.s.tsc_offset);
}

/// Which of the model's registers ECX names; #GP where it names none, or above level 0.
unsigned msr_number(Core& c) {
    if (c.s.cpl != 0) c.fault(general_protection);
    const auto& list = c.model.msrs;
    for (unsigned n = 0; n < list.size(); ++n)
        if (list[n].number == c.s.regs[ecx]) return n;
    c.fault(general_protection);
}

void rdmsr(Core& c, const Operation*) {
    const unsigned n = msr_number(c);
    const MsrKind kind = c.model.msrs[n].kind;
    uint64_t v = c.s.msr[n];
    if (kind == MsrKind::tsc) v = c.cycle + c.s.tsc_offset;
    if (kind == MsrKind::apic_base) {
        const bus::ApicPlacement* apic = c.bus().apic;
        if (!apic || !apic->enabled()) v &= ~apic_base::enable;
    }
    give(c, v);
}

bool type_exists(uint64_t type) { return type < 7 && type != 2 && type != 3; }

/// Memory types: 0, 1, 4, 5 and 6, and in the page attribute table 7.
bool types_exist(uint64_t v, bool pat) {
    for (unsigned n = 0; n < 8; ++n) {
        const unsigned type = v >> (8 * n) & 0xff;
        if (type == 2 || type == 3 || type > (pat ? 7u : 6u)) return false;
    }
    return true;
}

void place_apic(Core& c, uint64_t v) {
    bus::ApicPlacement* apic = c.bus().apic;
    if (!apic) return;
    apic->place(v & apic_base::address, v & apic_base::enable);
    c.forget_all();  // another address answers now
    c.attention = true;
}

void wrmsr(Core& c, const Operation*) {
    const unsigned n = msr_number(c);
    const MsrInfo& info = c.model.msrs[n];
    const uint64_t v = uint64_t{c.s.regs[edx]} << 32 | c.s.regs[eax];
    switch (info.kind) {
        case MsrKind::ignored:
            return;
        case MsrKind::read_only:
            c.fault(general_protection);
        case MsrKind::tsc:
            c.s.tsc_offset = (v & 0xffffffff) - c.cycle;
            return;
        case MsrKind::mtrr_range:
            // Bits 10 to 0 of a mask and 11 to 8 of a base are reserved; a base has a type.
            if (v & ~info.writable) c.fault(general_protection);
            if (info.number & 1 ? (v & 0x7ff) != 0 : (v & 0xf00) || !type_exists(v & 0xff))
                c.fault(general_protection);
            break;
        case MsrKind::mtrr_default:
            if ((v & ~info.writable) || !type_exists(v & 0xff)) c.fault(general_protection);
            break;
        case MsrKind::mtrr_types:
        case MsrKind::pat_types:
            if (!types_exist(v, info.kind == MsrKind::pat_types)) c.fault(general_protection);
            break;
        case MsrKind::apic_base:
            // The bootstrap processor's bit is among those that can not be changed.
            if ((v ^ info.reset) & ~info.writable) c.fault(general_protection);
            c.s.msr[n] = v;
            place_apic(c, v);
            return;
        case MsrKind::plain:
            if (v & ~info.writable) c.fault(general_protection);
            break;
    }
    c.s.msr[n] = v;
    c.memory_types_changed();
}

}  // namespace

Binding bind_identify(const Operation& op) {
    switch (op.mnemonic) {
        case ZYDIS_MNEMONIC_CPUID:
            return {alone<cpuid>, true};
        case ZYDIS_MNEMONIC_RDTSC:
            return {alone<rdtsc>, true};
        case ZYDIS_MNEMONIC_RDMSR:
            return {alone<rdmsr>, true};
        case ZYDIS_MNEMONIC_WRMSR:
            return {alone<wrmsr>, true};
        default:
            return {};
    }
}

}  // namespace sb::cpu
