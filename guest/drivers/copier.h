// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_COPIER_H
#define GUEST_DRIVERS_COPIER_H

// What every way to copy memory offers: by the processor, by a DMA engine, by both. A program swaps
// one for another, and nothing else changes.
//
//     CpuCopier cpu;
//     EngineCopier by_engine(engine);
//     for (Copier* copier : {static_cast<Copier*>(&cpu), static_cast<Copier*>(&by_engine)}) {
//         const DmaError error = copier->copy(to, from, bytes);
//     }
//
// Calls return when the data is in its place. The two sides must not overlap.

#include <cstdint>

#include "drivers/dma_error.h"
#include "drivers/segments.h"
#include "runtime/io.h"

namespace guest {

class Copier {
  public:
    virtual const char* name() const = 0;

    // Copies the bytes that `from` lists, in their order, to where `to` lists room for exactly as
    // many; kBadRequest where it lists room for fewer or more.
    virtual DmaError move(SegmentList to, SegmentList from) = 0;

    DmaError copy(void* to, const void* from, uint32_t bytes) {
        const Segment target = {physical_address(to), bytes};
        const Segment source = {physical_address(from), bytes};
        return move({&target, 1}, {&source, 1});
    }

    // From one piece to many.
    DmaError scatter(SegmentList to, const void* from) {
        const Segment source = {physical_address(from), static_cast<uint32_t>(total_bytes(to))};
        return move(to, {&source, 1});
    }

    // From many pieces to one.
    DmaError gather(void* to, SegmentList from) {
        const Segment target = {physical_address(to), static_cast<uint32_t>(total_bytes(from))};
        return move({&target, 1}, from);
    }

  protected:
    ~Copier() = default;  // Never deleted through this interface.
};

}  // namespace guest

#endif
