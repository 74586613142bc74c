// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_BLOCK_DEVICE_H
#define GUEST_DRIVERS_BLOCK_DEVICE_H

// What every disk driver offers, however it moves the data.
//
// A transfer goes to or from a scatter-gather list: segments of physical memory which, one after
// the other, hold consecutive sectors. Each segment starts at an even address and has an even
// length; together they make a whole number of sectors. Calls return when the transfer is over.
//
// An error is returned, never retried and never printed: the caller decides. After an error the
// device has been brought back to a state in which it takes the next request, if that is possible
// at all, and print_error() says what the device reported.

#include <cstdint>
#include <span>

namespace guest {

struct Segment {
    uint32_t address;  // Physical.
    uint32_t bytes;
};

using SegmentList = std::span<const Segment>;

enum class BlockError : uint8_t {
    kNone,
    kNoDevice,      // Nothing answers.
    kBadRequest,    // The request breaks a rule above, or lies beyond the device's end.
    kNotSupported,  // The device or its controller cannot do this.
    kTimeout,       // The device did not get ready, or an interrupt did not come.
    kDevice,        // The device reported an error.
    kBusMaster,     // The DMA engine reported an error, or moved too much or too little.
};

constexpr const char* error_name(BlockError error) {
    constexpr const char* kNames[] = {"no error",        "no such device", "bad request",
                                      "not supported",   "time-out",       "device error",
                                      "bus master error"};
    return kNames[static_cast<uint8_t>(error)];
}

class BlockDevice {
  public:
    virtual const char* name() const = 0;
    virtual uint32_t sector_bytes() const = 0;
    virtual uint64_t sectors() const = 0;

    virtual BlockError read(uint64_t lba, SegmentList list) = 0;
    virtual BlockError write(uint64_t lba, SegmentList list) = 0;

    // Returns when everything written before is on the medium.
    virtual BlockError flush() = 0;

    // Prints the latest error, with what the device said about it.
    virtual void print_error() const = 0;

  protected:
    ~BlockDevice() = default;  // Never deleted through this interface.
};

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

}  // namespace guest

#endif
