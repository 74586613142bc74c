// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_BLOCK_DEVICE_H
#define GUEST_DRIVERS_BLOCK_DEVICE_H

// What every disk driver offers, however it moves the data.
//
// A transfer goes to or from a scatter-gather list whose segments, one after the other, hold
// consecutive sectors. Each segment starts at an even address and has an even length; together they
// make a whole number of sectors. Calls return when the transfer is over.
//
// An error is returned, never retried and never printed: the caller decides. After an error the
// device has been brought back to a state in which it takes the next request, if that is possible
// at all, and print_error() says what the device reported.

#include <cstdint>

#include "drivers/segments.h"

namespace guest {

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

}  // namespace guest

#endif
