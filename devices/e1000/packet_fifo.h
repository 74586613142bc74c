// SPDX-License-Identifier: Apache-2.0
//
// One side's share of the on-chip packet buffer: frames, first in, first out (the manual, 13.4.16).
// A frame takes its bytes and a header of 16, rounded up to 16: what Linux's e1000 reckons with for
// the 82547's buffer (E1000_FIFO_HDR, E1000_FIFO_GRANULARITY); for the 82540EM unconfirmed. The
// header here is what the controller has to remember of a frame.
#pragma once

#include "devices/e1000/chip.h"

namespace sb::devices::e1000 {

struct FifoHeader {
    uint32_t packet = 0;  // its number
    uint16_t bytes = 0;
    uint16_t checksum = 0;
    uint16_t special = 0;
    uint8_t status = 0;
    uint8_t errors = 0;
    uint32_t wire = 0;  // its length on the wire, without FCS
};
static_assert(sizeof(FifoHeader) == 16);

class PacketFifo {
  public:
    static constexpr uint32_t granularity = 16;
    static constexpr uint32_t space(uint32_t bytes) {
        return sizeof(FifoHeader) + (bytes + granularity - 1) / granularity * granularity;
    }

    /// `most`: the largest share that it can be given.
    PacketFifo(bus::Device& owner, const std::string& name, uint32_t most);

    /// Empties it, and gives it that many bytes.
    void resize(uint32_t bytes);
    uint32_t size() const { return size_; }
    uint32_t free() const { return size_ - level_; }
    bool empty() const { return frames_ == 0; }
    uint32_t frames() const { return frames_; }
    bool fits(uint32_t bytes) const { return space(bytes) <= free(); }

    /// Only what fits.
    void push(const FifoHeader& header, const uint8_t* bytes);
    FifoHeader front() const;
    /// Copies bytes of the first frame out.
    void copy(uint32_t from, uint32_t bytes, uint8_t* to) const;
    void pop();

  private:
    void put(uint32_t at, const void* bytes, uint32_t count);
    void get(uint32_t at, void* bytes, uint32_t count) const;

    std::vector<uint8_t> bytes_;
    State<uint32_t> size_;
    State<uint32_t> head_;
    State<uint32_t> level_;
    State<uint32_t> frames_;
};

}  // namespace sb::devices::e1000
