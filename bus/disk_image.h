// SPDX-License-Identifier: Apache-2.0
//
// What a disk holds, for whoever checks a guest's work from outside: no time passes, no counter
// moves. A disk offers itself on the board as "disk.N", N being its drive number: 0 and 1 are the
// primary channel's devices 0 and 1, 2 and 3 the secondary channel's.
#pragma once

#include <cstdint>
#include <span>

namespace sb::bus {

class DiskImage {
  public:
    static constexpr uint32_t sector_bytes = 512;

    virtual ~DiskImage() = default;
    virtual uint64_t sectors() const = 0;
    /// Reads `bytes` (whole sectors) from sector `lba` on; false where they can not be read.
    virtual bool read(uint64_t lba, std::span<uint8_t> bytes) const = 0;
    /// CRC-32 (IEEE 802.3: reflected, polynomial 0x04c11db7) of `count` sectors as the guest sees
    /// them; what can not be read counts as zeros.
    virtual uint32_t crc32(uint64_t lba, uint64_t count) const = 0;
};

}  // namespace sb::bus
