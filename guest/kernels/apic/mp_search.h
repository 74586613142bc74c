// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_KERNELS_APIC_MP_SEARCH_H
#define GUEST_KERNELS_APIC_MP_SEARCH_H

#include <cstdint>

#include "kernels/apic/mp_formats.h"

namespace guest::mp {

// Looks for the MP floating pointer structure in the three places where firmware may put it.
// nullptr if there is none, as where no firmware has run.
const FloatingPointer* find_floating_pointer();

// Whether the bytes add up to 0, as all structures of the specification do.
bool adds_up(const void* structure, uint32_t bytes);

}  // namespace guest::mp

#endif
