// SPDX-License-Identifier: Apache-2.0
//
// Loads a guest program without firmware. By what its first bytes say, it is
// - a 32-bit ELF executable for i386, with or without a Multiboot 1 header: its segments go to
// their
//   physical addresses, and a Multiboot information structure with the command line, the memory map
//   and the initial RAM disk as its module is placed below 640 KiB (Multiboot 0.6.96, 3.2, 3.3);
// - a Linux kernel (linux_loader.h);
// - a boot sector: 512 bytes or more that end in 55h AAh at offset 510. It goes to 7C00h and is
//   entered in real mode with DL = 80h. Without firmware there are no BIOS services.
// What the loader leaves in the registers is returned for the processor.
//
// Hostile files: every offset and size is checked; `Error` says what is wrong with the file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bus/address_space.h"

namespace sb::machine {

struct Symbol {
    uint32_t address;
    uint32_t size;
    std::string name;
};

/// Function symbols, sorted by address.
class Symbols {
  public:
    void add(Symbol symbol) { list_.push_back(std::move(symbol)); }
    void sort();
    /// "name+0x12", or empty where no function holds the address.
    std::string locate(uint32_t address) const;
    /// The function that holds the address, or null.
    const Symbol* find(uint32_t address) const;
    const std::vector<Symbol>& list() const { return list_; }

  private:
    std::vector<Symbol> list_;
};

/// A C++ function's name as its source has it; an offset "+0x12" behind it stays.
std::string demangled(const std::string& symbol);

struct LoadedGuest {
    bool real_mode = false;  // entered at 0000:entry; else flat, in protected mode
    uint32_t entry = 0;
    uint32_t eax = 0;
    uint32_t ebx = 0;
    uint32_t edx = 0;
    uint32_t esi = 0;
    uint16_t code_selector = 0x08;
    uint16_t data_selector = 0x10;
    uint32_t descriptor_table = 0;  // of a flat guest; limit 0: none was set up
    uint16_t descriptor_limit = 0;
    Symbols symbols;
};

/// `initrd`: a file for Linux and Multiboot guests, or empty.
LoadedGuest load_guest(const std::string& path, const std::string& command_line,
                       bus::AddressSpace& memory, const std::string& initrd = {});

/// The path of a guest named in a scenario: itself where it is a path, else a shipped guest.
std::string find_guest(const std::string& program);

}  // namespace sb::machine
