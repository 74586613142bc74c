// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_DRIVERS_DESCRIPTOR_CHAIN_H
#define GUEST_DRIVERS_DESCRIPTOR_CHAIN_H

// The work of an AXI CDMA in memory: transfer descriptors, each of which says from where to where
// how much, and where the next one is (PG034, "Scatter Gather Transfer Descriptor Definition").
//
//     DescriptorChain chain(16);
//     chain.build(to, from);                 // two scatter-gather lists
//     engine.start(chain);
//     engine.wait();
//
// The engine owns the chain from start() until wait() has returned: only the questions below may be
// asked meanwhile.

#include <cstdint>
#include <span>

#include "drivers/dma_error.h"
#include "drivers/segments.h"

namespace guest {

class DescriptorChain {
  public:
    // The length field has 26 bits, of which an engine may be built with as few as 23: this much
    // every one of them takes, and it keeps what follows as aligned as it was.
    static constexpr uint32_t kMostBytes = 4u << 20;

    // Allocates room for this many descriptors.
    explicit DescriptorChain(uint32_t capacity);

    // Forgets what was there, and makes a descriptor for each piece that is contiguous on both
    // sides, of at most `most` bytes. kBadRequest where the lists differ in length, and where the
    // pieces are none or more than the capacity.
    DmaError build(SegmentList to, SegmentList from, uint32_t most = kMostBytes);

    // Or one by one. False where the chain is full.
    void clear() { size_ = total_bytes_ = 0; }
    bool append(uint32_t to, uint32_t from, uint32_t bytes);

    // Makes a chain that has run as new: the engine refuses descriptors that it has completed.
    void rearm();

    uint32_t size() const { return size_; }
    uint32_t total_bytes() const { return total_bytes_; }
    uint32_t address_of_first() const { return address_of(0); }
    uint32_t address_of_last() const { return address_of(size_ - 1); }
    uint32_t index_of(uint32_t address) const {
        return (address - address_of_first()) / sizeof(Descriptor);
    }

    // What the engine has written back so far.
    bool is_complete() const { return size_ != 0 && is_complete(size_ - 1); }
    bool is_complete(uint32_t index) const;
    uint32_t completed() const;  // Descriptors, from the first on.
    uint32_t completed_bytes() const;

  private:
    // The high halves stay 0: guests have 32-bit addresses.
    struct alignas(64) Descriptor {
        uint32_t next;  // A ring: the last one's is the first. The tail pointer ends a run.
        uint32_t next_high;
        uint32_t source;
        uint32_t source_high;
        uint32_t destination;
        uint32_t destination_high;
        uint32_t control;          // Bits 25 to 0: bytes to transfer.
        volatile uint32_t status;  // The engine's.
        uint32_t unused[8];
    };
    static_assert(sizeof(Descriptor) == 64);

    uint32_t address_of(uint32_t index) const;

    std::span<Descriptor> descriptors_;
    uint32_t size_ = 0;
    uint32_t total_bytes_ = 0;
};

}  // namespace guest

#endif
