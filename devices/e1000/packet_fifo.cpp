// SPDX-License-Identifier: Apache-2.0
#include "devices/e1000/packet_fifo.h"

#include <algorithm>
#include <cstring>

namespace sb::devices::e1000 {

PacketFifo::PacketFifo(bus::Device& owner, const std::string& name, uint32_t most)
    : bytes_(most),
      size_{owner, name + ".size", most},
      head_{owner, name + ".head"},
      level_{owner, name + ".level"},
      frames_{owner, name + ".frames"} {
    owner.declare_state(name + ".bytes", [this, name](Archive& archive) {
        archive.sparse(name + ".bytes", bytes_);
    });
}

void PacketFifo::resize(uint32_t bytes) {
    size_ = std::min<uint32_t>(bytes, static_cast<uint32_t>(bytes_.size()));
    head_ = level_ = frames_ = 0;
}

void PacketFifo::put(uint32_t at, const void* bytes, uint32_t count) {
    if (count == 0) return;
    const uint32_t start = (head_ + at) % size_;
    const uint32_t first = std::min(count, size_ - start);
    std::memcpy(bytes_.data() + start, bytes, first);
    if (count > first)
        std::memcpy(bytes_.data(), static_cast<const uint8_t*>(bytes) + first, count - first);
}

void PacketFifo::get(uint32_t at, void* bytes, uint32_t count) const {
    if (count == 0) return;
    const uint32_t start = (head_ + at) % size_;
    const uint32_t first = std::min(count, size_ - start);
    std::memcpy(bytes, bytes_.data() + start, first);
    if (count > first)
        std::memcpy(static_cast<uint8_t*>(bytes) + first, bytes_.data(), count - first);
}

void PacketFifo::push(const FifoHeader& header, const uint8_t* bytes) {
    put(level_, &header, sizeof header);
    put(level_ + static_cast<uint32_t>(sizeof header), bytes, header.bytes);
    level_ = level_ + space(header.bytes);
    frames_ = frames_ + 1;
}

FifoHeader PacketFifo::front() const {
    FifoHeader header;
    get(0, &header, sizeof header);
    return header;
}

void PacketFifo::copy(uint32_t from, uint32_t bytes, uint8_t* to) const {
    get(static_cast<uint32_t>(sizeof(FifoHeader)) + from, to, bytes);
}

void PacketFifo::pop() {
    const uint32_t gone = space(front().bytes);
    head_ = (head_ + gone) % size_;
    level_ = level_ - gone;
    frames_ = frames_ - 1;
}

}  // namespace sb::devices::e1000
