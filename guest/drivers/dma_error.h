// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_DMA_ERROR_H
#define GUEST_DRIVERS_DMA_ERROR_H

#include <cstdint>

namespace guest {

// What can go wrong with a transfer. As with disks, an error is returned, never retried and never
// printed: the caller decides.
enum class DmaError : uint8_t {
    kNone,
    kNoDevice,      // Nothing answers.
    kBadRequest,    // The request breaks a rule of the driver's header.
    kNotSupported,  // The device cannot do this.
    kTimeout,       // The device did not get ready, or an interrupt did not come.
    kInternal,      // The engine was asked for something that makes no sense to it.
    kSlave,         // What the engine addressed answered with an error.
    kDecode,        // Nothing answered at the address.
};

constexpr const char* error_name(DmaError error) {
    constexpr const char* kNames[] = {"no error",     "no such device",
                                      "bad request",  "not supported",
                                      "time-out",     "the engine's internal error",
                                      "target error", "nothing at this address"};
    return kNames[static_cast<uint8_t>(error)];
}

}  // namespace guest

#endif
