// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_CPU_COPIER_H
#define GUEST_DRIVERS_CPU_COPIER_H

#include "drivers/copier.h"

namespace guest {

// The processor itself, by REP MOVSD: nothing to set up, and nothing else done meanwhile.
class CpuCopier final : public Copier {
  public:
    const char* name() const override { return "cpu"; }

    DmaError move(SegmentList to, SegmentList from) override {
        if (total_bytes(to) != total_bytes(from)) return DmaError::kBadRequest;
        PieceCursor cursor(to, from);
        for (;;) {
            const PieceCursor::Piece piece = cursor.take(UINT32_MAX);
            if (piece.bytes == 0) return DmaError::kNone;
            memcpy(reinterpret_cast<void*>(piece.to), reinterpret_cast<const void*>(piece.from),
                   piece.bytes);
        }
    }
};

}  // namespace guest

#endif
