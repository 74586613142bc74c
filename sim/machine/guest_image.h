// SPDX-License-Identifier: Apache-2.0
//
// A file that is loaded into a machine's memory: its bytes, with every offset checked, and the
// guest memory that it goes to. Files are hostile: whatever is wrong with one is an `Error` that
// names it.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "bus/address_space.h"

namespace sb::machine {

class GuestImage {
  public:
    explicit GuestImage(const std::string& path);
    [[noreturn]] void refuse(const std::string& why) const;

    template <typename T>
    T at(uint64_t offset) const {
        T value;
        std::memcpy(&value, part(offset, sizeof value), sizeof value);
        return value;
    }
    /// `size` bytes at `offset`; refuses where the file is shorter.
    const uint8_t* part(uint64_t offset, uint64_t size) const;
    uint64_t size() const { return bytes_.size(); }
    const std::string& path() const { return path_; }

    /// The host bytes of guest memory [address, address + size); refuses where there is none.
    uint8_t* memory(bus::AddressSpace& space, uint64_t address, uint64_t size) const;

    /// Where it goes as an initial RAM disk: as high as it can below `top`, on a page, and not
    /// below `least`. Refuses where it is empty or does not fit.
    uint64_t place_below(uint64_t top, uint64_t least) const;

  private:
    std::string path_;
    std::vector<uint8_t> bytes_;
};

/// The end of the memory that begins at 1 MiB, or 1 MiB where there is none.
uint64_t end_of_memory(const bus::AddressSpace& space);

}  // namespace sb::machine
