// SPDX-License-Identifier: Apache-2.0
//
// What a processor model can have, by the names that its file lists (`has`). What a model lacks
// raises #UD where it is an instruction, #GP where it is a bit of a control register or a model
// specific register, and can not be set where it is a flag. CPUID's feature bits follow from the
// list, so that a model claims exactly what it has.
//
// Source: Intel SDM volume 2, CPUID, figure 3-8 and table 3-11; volume 3, 22.1 to 22.25 (what came
// with which processor); Intel AP-485.
#pragma once

#include <array>
#include <cstdint>

namespace sb::cpu {

enum class Feature : uint8_t {
    // With a bit in CPUID leaf 1 EDX.
    fpu,
    de,
    pse,
    tsc,
    msr,
    mce,
    cx8,
    apic,
    mtrr,
    pge,
    mca,
    cmov,
    pat,
    fxsr,
    // Without.
    cpuid,
    i486,
    long_nop,
    count_
};

struct FeatureInfo {
    const char* name;  // in a model's file
    uint32_t bit;      // of CPUID leaf 1 EDX; 0 where it has none
    const char* doc;
};

inline constexpr std::array<FeatureInfo, static_cast<size_t>(Feature::count_)> features{{
    {"fpu", 1u << 0, "x87 on the chip"},
    {"de", 1u << 2, "CR4.DE: breakpoints on ports, DR4 and DR5 raise #UD"},
    {"pse", 1u << 3, "CR4.PSE: 4 MiB pages"},
    {"tsc", 1u << 4, "RDTSC, CR4.TSD"},
    {"msr", 1u << 5, "RDMSR, WRMSR"},
    {"mce", 1u << 7, "CR4.MCE; no machine check ever comes"},
    {"cx8", 1u << 8, "CMPXCHG8B"},
    {"apic", 1u << 9, "a local APIC, where the board has one"},
    {"mtrr", 1u << 12, "memory type range registers: what is cached (memory_types.h)"},
    {"pge", 1u << 13, "CR4.PGE: global pages"},
    {"mca", 1u << 14, "machine check banks: there are none"},
    {"cmov", 1u << 15, "CMOVcc, and with an x87 FCMOVcc and FCOMI"},
    {"pat", 1u << 16, "the page attribute table register: stored, without effect"},
    {"fxsr", 1u << 24, "FXSAVE and FXRSTOR, without SSE; CR4.OSFXSR: stored"},
    {"cpuid", 0, "CPUID, EFLAGS.ID, CR4"},
    {"i486", 0, "XADD, CMPXCHG, BSWAP, INVD, WBINVD, INVLPG, EFLAGS.AC, CR0.NE, WP, AM, NW and CD"},
    {"long_nop", 0, "the NOPs of 0F 18 to 0F 1F"},
}};

constexpr uint64_t feature_mask(Feature f) { return uint64_t{1} << static_cast<unsigned>(f); }

}  // namespace sb::cpu
