// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_KERNELS_APIC_MP_TABLES_H
#define GUEST_KERNELS_APIC_MP_TABLES_H

// What the MP tables say about this machine, in the terms in which the rest of the kernel thinks.

#include <cstdint>

#include "runtime/apic.h"
#include "runtime/interrupts.h"

namespace guest::mp {

enum class Source : uint8_t {
    kTable,    // The firmware's table.
    kDefault,  // The firmware says: one of the default configurations.
    kNone,     // There are no MP tables.
    kBroken,   // There is a table, but it does not add up.
};

// What it has before anything is read is what default configurations and PCs without tables have:
// the usual addresses, and each ISA interrupt on the input of its number, but the timer's.
struct Machine {
    Source source = Source::kNone;
    bool has_imcr = false;
    uint32_t local_apic = local_apic::base();
    uint32_t io_apic = io_apic::base();
    uint8_t io_apic_id = 0;
    uint32_t processors = 0;  // How many the table lists, of each kind.
    uint32_t buses = 0;
    uint32_t io_apics = 0;
    uint32_t interrupts = 0;
    io_apic::Input isa_inputs[kIrqs];
};

Machine read_tables();

}  // namespace guest::mp

#endif
