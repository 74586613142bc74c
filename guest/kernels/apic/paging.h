// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_KERNELS_APIC_PAGING_H
#define GUEST_KERNELS_APIC_PAGING_H

// Paging, with every address mapped to itself, so that pointers go on meaning what they meant. What
// it brings: a null pointer faults, as does writing to the kernel's code and constants; the
// registers of the APICs are not cached; and there is a page for a program at user privilege.

#include <cstdint>

namespace guest::paging {

enum class Access : uint8_t { kKernel, kUser };

// Builds the tables and turns paging on.
void enable();

// Lets a page of memory be used from user privilege too, or from the kernel only.
void set_access(const void* page, Access access);

// How many pages are mapped.
uint32_t mapped_pages();

}  // namespace guest::paging

#endif
