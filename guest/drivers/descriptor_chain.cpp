// SPDX-License-Identifier: Apache-2.0
#include "drivers/descriptor_chain.h"

#include "runtime/io.h"
#include "runtime/memory.h"

namespace guest {
namespace {

constexpr uint32_t kCompleted = 1u << 31;  // Of the status: Cmplt.

}  // namespace

DescriptorChain::DescriptorChain(uint32_t capacity)
    : descriptors_(allocate_array<Descriptor>(capacity)) {}

DmaError DescriptorChain::build(SegmentList to, SegmentList from, uint32_t most) {
    clear();
    if (most == 0 || most > kMostBytes) return DmaError::kBadRequest;
    if (guest::total_bytes(to) != guest::total_bytes(from)) return DmaError::kBadRequest;
    PieceCursor cursor(to, from);
    for (;;) {
        const PieceCursor::Piece piece = cursor.take(most);
        if (piece.bytes == 0) return size_ != 0 ? DmaError::kNone : DmaError::kBadRequest;
        if (!append(piece.to, piece.from, piece.bytes)) return DmaError::kBadRequest;
    }
}

bool DescriptorChain::append(uint32_t to, uint32_t from, uint32_t bytes) {
    if (size_ == descriptors_.size()) return false;
    Descriptor& descriptor = descriptors_[size_++];
    descriptor.next = address_of_first();
    descriptor.next_high = 0;
    descriptor.source = from;
    descriptor.source_high = 0;
    descriptor.destination = to;
    descriptor.destination_high = 0;
    descriptor.control = bytes;
    descriptor.status = 0;
    if (size_ > 1) descriptors_[size_ - 2].next = address_of_last();
    return true;
}

void DescriptorChain::rearm() {
    for (Descriptor& descriptor : descriptors_.first(size_)) descriptor.status = 0;
}

bool DescriptorChain::is_complete(uint32_t index) const {
    return descriptors_[index].status & kCompleted;
}

uint32_t DescriptorChain::completed() const {
    uint32_t count = 0;
    while (count < size_ && is_complete(count)) ++count;
    return count;
}

uint32_t DescriptorChain::bytes_of_first(uint32_t count) const {
    uint32_t bytes = 0;
    for (const Descriptor& descriptor : descriptors_.first(count)) bytes += descriptor.control;
    return bytes;
}

uint32_t DescriptorChain::address_of(uint32_t index) const {
    return physical_address(&descriptors_[index]);
}

}  // namespace guest
