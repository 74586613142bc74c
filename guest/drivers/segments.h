// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_SEGMENTS_H
#define GUEST_DRIVERS_SEGMENTS_H

// Scatter-gather lists: data that is one piece to a program and many in physical memory.

#include <cstdint>
#include <span>

#include "runtime/memory.h"

namespace guest {

struct Segment {
    uint32_t address;  // Physical.
    uint32_t bytes;
};

using SegmentList = std::span<const Segment>;

constexpr uint64_t total_bytes(SegmentList list) {
    uint64_t bytes = 0;
    for (const Segment& segment : list) bytes += segment.bytes;
    return bytes;
}

// What a kernel knows of a program's buffer: the addresses of its page frames in their order, where
// the buffer begins in the first, and its length. Fills `segments`, one for each run of frames that
// follow one another in memory, and returns the part of it that is filled: nothing, where the pages
// or the segments are too few.
inline SegmentList segments_of_pages(std::span<const uint32_t> pages, uint32_t offset,
                                     uint32_t bytes, std::span<Segment> segments) {
    uint32_t used = 0;
    for (const uint32_t page : pages) {
        if (bytes == 0) break;
        const uint32_t in_page = kPageBytes - offset < bytes ? kPageBytes - offset : bytes;
        const uint32_t address = page + offset;
        if (used != 0 && segments[used - 1].address + segments[used - 1].bytes == address) {
            segments[used - 1].bytes += in_page;
        } else {
            if (used == segments.size()) return {};
            segments[used++] = {address, in_page};
        }
        bytes -= in_page;
        offset = 0;
    }
    return bytes == 0 ? SegmentList(segments.first(used)) : SegmentList();
}

// Walks through a scatter-gather list, as drivers do.
class SegmentCursor {
  public:
    explicit SegmentCursor(SegmentList list) : list_(list) {}

    // The longest contiguous piece at the cursor, but not more than `most` bytes and not across an
    // address that is a multiple of `boundary` (a power of two; 0 means none); moves past it. A
    // piece of 0 bytes means that the list is at its end.
    Segment take(uint32_t most, uint32_t boundary = 0) {
        while (!list_.empty() && offset_ == list_.front().bytes) {
            list_ = list_.subspan(1);
            offset_ = 0;
        }
        if (list_.empty()) return {0, 0};
        const Segment& segment = list_.front();
        Segment piece = {segment.address + offset_, segment.bytes - offset_};
        if (piece.bytes > most) piece.bytes = most;
        if (boundary != 0) {
            const uint32_t to_boundary = boundary - (piece.address & (boundary - 1));
            if (piece.bytes > to_boundary) piece.bytes = to_boundary;
        }
        offset_ += piece.bytes;
        return piece;
    }

  private:
    SegmentList list_;
    uint32_t offset_ = 0;  // Into the first segment of list_.
};

// Walks through two lists at once, by pieces that are contiguous on both sides: what one transfer
// of a DMA engine can do, and what one descriptor of its chain says.
class PieceCursor {
  public:
    struct Piece {
        uint32_t to;
        uint32_t from;
        uint32_t bytes;
    };

    PieceCursor(SegmentList to, SegmentList from) : to_(to), from_(from) {}

    // The longest such piece, but not more than `most` bytes; moves past it. 0 bytes mean that one
    // of the lists is at its end.
    Piece take(uint32_t most) {
        SegmentCursor ahead = from_;  // A copy: how much one piece of the source would give.
        const Segment to = to_.take(ahead.take(most).bytes);
        return {to.address, from_.take(to.bytes).address, to.bytes};
    }

  private:
    SegmentCursor to_;
    SegmentCursor from_;
};

}  // namespace guest

#endif
