// SPDX-License-Identifier: Apache-2.0
//
// Model specific registers, as a model's file lists them: number, name, value after reset, the bits
// that can be written. Writing one as another bit, or naming a register that the model does not
// have, is #GP (Intel SDM volume 2, RDMSR and WRMSR; volume 4 has the numbers). Most are storage;
// what has an effect has a kind of its own.
#pragma once

#include <cstdint>
#include <string>

namespace sb::cpu {

enum class MsrKind : uint8_t {
    plain,      // storage
    tsc,        // the time stamp counter: a write sets the low half and clears the high one (17.17)
    apic_base,  // moves the local APIC, or takes it away (10.4.3, 10.4.4)
    mtrr_types,    // eight memory types, of which only some exist (11.11.2.2)
    mtrr_range,    // even: base and type; odd: mask and valid bit (11.11.2.3)
    mtrr_default,  // the default type and what is on (11.11.2.1)
    pat_types,     // the same for the page attribute table (11.12.2)
    ignored,       // reads as it was at reset, writes have no effect
    read_only,     // #GP at a write
};

struct MsrInfo {
    uint32_t number = 0;
    std::string name;
    MsrKind kind = MsrKind::plain;
    uint64_t reset = 0;
    uint64_t writable = 0;
};

inline constexpr unsigned most_msrs = 64;  // of a model

namespace apic_base {
constexpr uint64_t enable = 1u << 11, address = 0xfffff000;
}

}  // namespace sb::cpu
