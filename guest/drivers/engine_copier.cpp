// SPDX-License-Identifier: Apache-2.0
#include "drivers/engine_copier.h"

namespace guest {
namespace {

DmaError run(AxiCdma& engine, uint32_t to, uint32_t from, uint32_t bytes) {
    const DmaError error = engine.start(to, from, bytes);
    return error != DmaError::kNone ? error : engine.wait();
}

}  // namespace

DmaError SingleCopier::move(SegmentList to, SegmentList from) {
    if (total_bytes(to) != total_bytes(from)) return DmaError::kBadRequest;
    PieceCursor cursor(to, from);
    for (;;) {
        const PieceCursor::Piece piece = cursor.take(DescriptorChain::kMostBytes);
        if (piece.bytes == 0) return DmaError::kNone;
        const DmaError error = run(engine_, piece.to, piece.from, piece.bytes);
        if (error != DmaError::kNone) return error;
    }
}

DmaError ChainCopier::move(SegmentList to, SegmentList from) {
    if (total_bytes(to) == 0 && total_bytes(from) == 0) return DmaError::kNone;
    const DmaError built = chain_.build(to, from);
    if (built != DmaError::kNone) return built;
    const DmaError started = engine_.start(chain_);
    return started != DmaError::kNone ? started : engine_.wait();
}

DmaError BounceCopier::move(SegmentList to, SegmentList from) {
    if (total_bytes(to) != total_bytes(from)) return DmaError::kBadRequest;
    SegmentCursor target(to);
    SegmentCursor source(from);
    for (;;) {
        const Segment piece = target.take(buffer_.size());
        if (piece.bytes == 0) return DmaError::kNone;
        for (uint32_t gathered = 0; gathered < piece.bytes;) {
            const Segment part = source.take(piece.bytes - gathered);
            memcpy(&buffer_[gathered], reinterpret_cast<const void*>(part.address), part.bytes);
            gathered += part.bytes;
        }
        const DmaError error =
            run(engine_, piece.address, physical_address(buffer_.data()), piece.bytes);
        if (error != DmaError::kNone) return error;
    }
}

}  // namespace guest
