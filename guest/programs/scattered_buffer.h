// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_PROGRAMS_SCATTERED_BUFFER_H
#define GUEST_PROGRAMS_SCATTERED_BUFFER_H

// A buffer in pieces: what a file system's page cache looks like to a disk driver. The segments lie
// in descending order with a page between them, so no two of them can be taken for one.

#include <cstdint>

#include "drivers/ata_registers.h"
#include "drivers/block_device.h"
#include "runtime/crc32.h"
#include "runtime/memory.h"

namespace guest {

class ScatteredBuffer {
  public:
    // `segments` has to be from 1 to `sectors`. The sectors are shared out evenly.
    ScatteredBuffer(uint32_t sectors, uint32_t segments)
        : segments_(allocate_array<Segment>(segments)) {
        for (uint32_t i = segments; i != 0; --i) {
            const uint32_t share = sectors / segments + (i <= sectors % segments ? 1 : 0);
            const uint32_t bytes = share * ata::kSectorBytes;
            void* memory = allocate(bytes + kPageBytes, kPageBytes);
            segments_[i - 1] = {reinterpret_cast<uint32_t>(memory), bytes};
        }
    }

    SegmentList list() const { return segments_; }

    void fill(uint8_t value) const {
        for (const Segment& segment : segments_) {
            memset(reinterpret_cast<void*>(segment.address), value, segment.bytes);
        }
    }

    uint32_t checksum() const {
        uint32_t crc = 0;
        for (const Segment& segment : segments_) {
            crc = crc32(reinterpret_cast<const void*>(segment.address), segment.bytes, crc);
        }
        return crc;
    }

  private:
    std::span<Segment> segments_;
};

}  // namespace guest

#endif
