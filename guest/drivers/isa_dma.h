// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_ISA_DMA_H
#define GUEST_DRIVERS_ISA_DMA_H

// A channel of the PC's two 8237A DMA controllers. They move data between memory and the device
// that requests it, in one bus cycle for each byte or word: "fly-by". Channels 0 to 3 move bytes, 5
// to 7 words of 16 bits; channel 4 cascades one controller to the other.
//
//     IsaDma channel(1);
//     void* buffer = IsaDma::allocate_buffer(bytes);
//     channel.program(buffer, bytes, IsaDma::Transfer::kReadMemory, IsaDma::Mode::kSingle);
//     ...                                    // tell the device to go, wait for its interrupt
//     channel.mask();
//
// The address counter has 16 bits; what is above them lies in a page register that never counts. So
// a buffer must not cross a multiple of 64 KiB (128 KiB for words), and lies below 16 MiB.

#include <cstdint>

#include "drivers/dma_error.h"

namespace guest {

class IsaDma {
  public:
    // How long the controller keeps the bus.
    enum class Mode : uint8_t {
        kDemand = 0,  // For as long as the device requests.
        kSingle = 1,  // For one byte: the processor has the bus between any two.
        kBlock = 2,   // From the first request to the last byte.
    };

    // As the memory sees it.
    enum class Transfer : uint8_t {
        kVerify = 0,       // Counts, but moves nothing.
        kWriteMemory = 1,  // From the device.
        kReadMemory = 2,   // To the device.
    };

    // At the end: stop, or start anew from the beginning.
    enum class AtEnd : uint8_t { kStop, kRestart };

    // `number`: 0 to 3 or 5 to 7.
    explicit IsaDma(uint8_t number) : number_(number) {}

    // Memory that keeps the rules above; `bytes` at most boundary().
    static void* allocate_buffer(uint32_t bytes, uint32_t boundary = 64 * 1024);

    // Bytes that no transfer of this channel may be longer than, and no buffer may cross.
    uint32_t boundary() const { return is_wide() ? 128 * 1024 : 64 * 1024; }

    // How many of the bytes from `address` on one transfer can move.
    uint32_t within_boundary(uint32_t address, uint32_t bytes) const {
        const uint32_t most = boundary() - (address & (boundary() - 1));
        return bytes < most ? bytes : most;
    }

    // Sets the channel up and unmasks it: the device's requests are served from now on. kBadRequest
    // where the buffer breaks a rule.
    DmaError program(const void* buffer, uint32_t bytes, Transfer transfer, Mode mode,
                     AtEnd at_end = AtEnd::kStop);

    // Requests are ignored.
    void mask();

    // Bytes that are still to come, while the transfer goes on: 0 at its end.
    uint32_t bytes_left() const;

    // True once after the last byte was moved: reading takes it back, for all four channels of the
    // controller.
    bool reached_end();

  private:
    bool is_wide() const { return number_ >= 4; }
    uint8_t index() const { return number_ % 4; }  // In its controller.
    uint16_t port(uint8_t reg) const;
    uint16_t read_count() const;

    uint8_t number_;
    uint32_t bytes_ = 0;
};

}  // namespace guest

#endif
