// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_NETWORK_PACKET_H
#define GUEST_NETWORK_PACKET_H

// Packets in memory. A packet has one owner at a time: the pool, a driver's ring, a queue, or the
// function that it was handed to. Nobody copies one to hand it on.

#include <cstdint>

#include "runtime/interrupt_guard.h"
#include "runtime/probe.h"

namespace guest {

class Interface;

struct Packet {
    // What a controller's receive buffer has to hold, and room for headers before it. Both are
    // whole cache lines, so that a controller writes from the beginning of one on.
    static constexpr uint32_t kHeadroom = 64;
    static constexpr uint32_t kBufferBytes = 2048;

    Packet* next = nullptr;
    uint8_t* data = nullptr;  // Its first byte.
    uint32_t bytes = 0;
    uint32_t number =
        packet::kNone;               // For marks (runtime/probe.h); none for one that is made here.
    Interface* interface = nullptr;  // That it came by.
    uint8_t* buffer = nullptr;       // Where `data` is before anything is taken off or put before.

    // Takes a header off the front, or makes room for one.
    void pull(uint32_t header_bytes) { data += header_bytes, bytes -= header_bytes; }
    void push(uint32_t header_bytes) { data -= header_bytes, bytes += header_bytes; }
};

// First in, first out, of at most `limit` packets. Whoever shares one with an interrupt handler
// turns interrupts off around it.
class PacketQueue {
  public:
    explicit PacketQueue(uint32_t limit = UINT32_MAX) : limit_(limit) {}

    // False if it is full: the packet stays the caller's.
    bool put(Packet& packet) {
        if (length_ == limit_) return false;
        packet.next = nullptr;
        (first_ != nullptr ? last_->next : first_) = &packet;
        last_ = &packet;
        ++length_;
        return true;
    }

    // Nothing where it is empty.
    Packet* take() {
        Packet* packet = first_;
        if (packet == nullptr) return nullptr;
        first_ = packet->next;
        --length_;
        return packet;
    }

    Packet* front() const { return first_; }
    bool empty() const { return first_ == nullptr; }
    uint32_t length() const { return length_; }
    uint32_t limit() const { return limit_; }

  private:
    Packet* volatile first_ = nullptr;
    Packet* last_ = nullptr;
    uint32_t length_ = 0;
    uint32_t limit_;
};

// All the packets that there are. Any code may take and give, handlers included.
class PacketPool {
  public:
    explicit PacketPool(uint32_t packets);

    // Nothing where none is free. Its data begins at its buffer, and it has no bytes and no number.
    Packet* take() {
        const InterruptGuard guard;
        Packet* packet = free_;
        if (packet != nullptr) {
            free_ = packet->next;
            --free_count_;
        }
        return packet;
    }

    void give(Packet& packet) {
        packet.data = packet.buffer;
        packet.bytes = 0;
        packet.number = packet::kNone;
        const InterruptGuard guard;
        packet.next = free_;
        free_ = &packet;
        ++free_count_;
    }

    uint32_t free() const { return free_count_; }

  private:
    Packet* volatile free_ = nullptr;
    uint32_t free_count_ = 0;
};

}  // namespace guest

#endif
