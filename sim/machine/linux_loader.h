// SPDX-License-Identifier: Apache-2.0
//
// Loads a Linux kernel image (bzImage) by the 32-bit boot protocol, as a boot loader does that
// needs no firmware: the protected-mode part at 1 MiB, the command line, the initial RAM disk as
// high as the kernel lets it, and the "zero page" with the memory map and a text screen of 80
// by 25. Source: The Linux/x86 Boot Protocol (Documentation/x86/boot.rst) and its zero-page table
// (Documentation/x86/zero-page.rst). Programs that follow the protocol, such as memtest86+, load
// too.
#pragma once

#include <string>

#include "sim/machine/loader.h"

namespace sb::machine {

class GuestImage;

/// True where the file has the protocol's header.
bool is_linux(const GuestImage& image);

/// Throws `Error`: a header that is damaged or too old (before protocol 2.02), or too little
/// memory.
LoadedGuest load_linux(const GuestImage& image, const std::string& command_line,
                       const std::string& initrd, bus::AddressSpace& memory);

}  // namespace sb::machine
