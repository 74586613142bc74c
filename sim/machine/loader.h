// SPDX-License-Identifier: Apache-2.0
//
// Loads a guest program: a 32-bit ELF executable for i386, with or without a Multiboot 1 header.
// Its segments go to their physical addresses; a Multiboot information structure with the command
// line and the memory map is placed below 640 KiB. What a loader leaves in the registers is
// returned for the processor (Multiboot Specification 0.6.96, 3.2).
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

struct LoadedGuest {
    uint32_t entry = 0;
    uint32_t eax = 0;
    uint32_t ebx = 0;
    Symbols symbols;
};

LoadedGuest load_guest(const std::string& path, const std::string& command_line,
                       bus::AddressSpace& memory);

/// The path of a guest named in a scenario: itself where it is a path, else a shipped guest.
std::string find_guest(const std::string& program);

}  // namespace sb::machine
